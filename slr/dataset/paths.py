"""Paths in a project folder: the outputs of the stages, as named in both dvc.yaml."""

from pathlib import Path

CODE = Path("data/code")
"""The code that each stage runs, and the settings of each model: `pipeline.fingerprint`."""
SAMPLE = Path("data/sample")
MANIFEST = Path("data/manifest.parquet")
FRAMES = Path("data/frames")
LANDMARKS = Path("data/landmarks")
SPLITS = Path("data/splits.parquet")
SIGNERS = Path("data/signers.parquet")
MODELS = Path("models")
SELECTED = MODELS / "selected"
"""The selected model, with its evaluation."""
METRICS = Path("metrics")
REPORTS = Path("reports")
MODEL_REPORTS = REPORTS / "models"
ZOO_REPORTS = REPORTS / "zoo"
EVALUATED = REPORTS / "evaluated"
"""For each evaluated model, `<model>.json`: the folder of its evaluation, and that folder's hash."""


def evaluation_folder(model: str, zoo: bool) -> Path:
    """The folder of a model's evaluation, in the root pipeline or the zoo."""
    return (ZOO_REPORTS if zoo else MODEL_REPORTS) / model


WORK = Path("data/.work")
"""State of interrupted stages; not an output, safe to delete."""
