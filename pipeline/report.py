"""Everything on one page: reports/report.html."""

from pathlib import Path

from pipeline.stage import run
from slr.dataset.paths import LANDMARKS, MANIFEST, METRICS, MODELS, REPORTS, SIGNERS, SPLITS
from slr.params import Params
from slr.report.page import write_report


def report(params: Params) -> None:
    write_report(REPORTS / "report.html", params=params, manifest=MANIFEST, landmarks=LANDMARKS, splits=SPLITS,
                 signers=SIGNERS, metrics=METRICS, models=params.train.models, models_dir=MODELS,
                 reports=REPORTS / "models", lock=Path("dvc.lock"))


if __name__ == "__main__":
    run(report)
