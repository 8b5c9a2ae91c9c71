"""Everything on one page: reports/report.html, or with the argument `zoo` reports/zoo.html."""

from pathlib import Path

from pipeline.stage import run
from slr.dataset.paths import (
    LANDMARKS,
    MANIFEST,
    METRICS,
    MODEL_REPORTS,
    REPORTS,
    SELECTED,
    SIGNERS,
    SPLITS,
    ZOO_REPORTS,
)
from slr.params import Params
from slr.report.page import write_report


def report(params: Params, part: str = "report") -> None:
    models, folder, lock = ((params.zoo.models, ZOO_REPORTS, "zoo/dvc.lock") if part == "zoo" else
                            (params.train.models, MODEL_REPORTS, "dvc.lock"))
    evaluations = {name: folder / name for name in models}
    if part != "zoo" and params.train.model not in evaluations:  # one of the zoo is selected
        evaluations[params.train.model] = SELECTED / "evaluation"
    write_report(REPORTS / f"{part}.html", params=params, manifest=MANIFEST, landmarks=LANDMARKS, splits=SPLITS,
                 signers=SIGNERS, signers_metrics=METRICS / "signers.json", evaluations=evaluations, lock=Path(lock))


if __name__ == "__main__":
    run(report)
