"""Write the report: reports/report.html, or with the argument `zoo` reports/zoo.html."""

from pathlib import Path

from pipeline.stage import run
from slr.dataset.dataset import Dataset
from slr.dataset.paths import METRICS, REPORTS, SELECTED, evaluation_folder
from slr.params import Params
from slr.report.page import write_report


def report(params: Params, part: str = "report") -> None:
    zoo = part == "zoo"
    models, lock = (params.zoo.models, "zoo/dvc.lock") if zoo else (params.train.models, "dvc.lock")
    evaluations = {name: evaluation_folder(name, zoo) for name in models}
    if not zoo and params.train.model not in evaluations:  # a zoo model is selected
        evaluations[params.train.model] = SELECTED / "evaluation"
    write_report(REPORTS / f"{part}.html", params, Dataset(), signers_metrics=METRICS / "signers.json",
                 evaluations=evaluations, lock=Path(lock))


if __name__ == "__main__":
    run(report)
