"""Test one model, once."""

from pipeline.stage import run
from slr.dataset.paths import (
    EVALUATED,
    FRAMES,
    LANDMARKS,
    MANIFEST,
    METRICS,
    MODEL_REPORTS,
    MODELS,
    SIGNERS,
    SPLITS,
    ZOO_REPORTS,
)
from slr.evaluation.evaluate import evaluate as evaluate_model
from slr.io.files import file_hash, write_json
from slr.params import Params


def evaluate(params: Params, name: str) -> None:
    folder = (ZOO_REPORTS if name in params.zoo.models else MODEL_REPORTS) / name
    evaluate_model(MODELS / name, params, landmarks=LANDMARKS, splits=SPLITS, manifest=MANIFEST, signers=SIGNERS,
                   metrics_path=METRICS / "models" / f"{name}.json", report_dir=folder, frames=FRAMES)
    write_json(EVALUATED / f"{name}.json", {"folder": folder.as_posix(), "md5": file_hash(folder)})


if __name__ == "__main__":
    run(evaluate)
