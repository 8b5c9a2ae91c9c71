"""Test one model, once."""

from pipeline.stage import run
from slr.dataset.paths import FRAMES, LANDMARKS, MANIFEST, METRICS, MODELS, REPORTS, SIGNERS, SPLITS
from slr.evaluation.evaluate import evaluate as evaluate_model
from slr.params import Params


def evaluate(params: Params, name: str) -> None:
    evaluate_model(MODELS / name, params, landmarks=LANDMARKS, splits=SPLITS, manifest=MANIFEST,
                   signers=SIGNERS, metrics_path=METRICS / "models" / f"{name}.json",
                   report_dir=REPORTS / "models" / name, frames=FRAMES)


if __name__ == "__main__":
    run(evaluate)
