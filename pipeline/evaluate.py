"""Evaluate one model on the test clips."""

from pipeline.stage import run
from slr.dataset.dataset import Dataset
from slr.dataset.paths import EVALUATED, METRICS, MODELS, evaluation_folder
from slr.evaluation.evaluate import evaluate as evaluate_model
from slr.io.files import file_hash, write_json
from slr.params import Params


def evaluate(params: Params, name: str) -> None:
    folder = evaluation_folder(name, name in params.zoo.models)
    evaluate_model(MODELS / name, params, Dataset(), metrics_path=METRICS / "models" / f"{name}.json",
                   report_dir=folder)
    write_json(EVALUATED / f"{name}.json", {"folder": folder.as_posix(), "md5": file_hash(folder)})


if __name__ == "__main__":
    run(evaluate)
