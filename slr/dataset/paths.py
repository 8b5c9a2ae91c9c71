"""Where things lie in a project's folder: what the stages leave for one another, by the names of both dvc.yaml."""

from pathlib import Path

CODE = Path("data/code")
"""What code each stage runs, and with which settings of a model: `pipeline.fingerprint`."""
SAMPLE = Path("data/sample")
MANIFEST = Path("data/manifest.parquet")
FRAMES = Path("data/frames")
LANDMARKS = Path("data/landmarks")
SPLITS = Path("data/splits.parquet")
SIGNERS = Path("data/signers.parquet")
MODELS = Path("models")
SELECTED = MODELS / "selected"
"""The chosen model, with its evaluation."""
METRICS = Path("metrics")
REPORTS = Path("reports")
MODEL_REPORTS = REPORTS / "models"
ZOO_REPORTS = REPORTS / "zoo"
EVALUATED = REPORTS / "evaluated"
"""For each tested model, `<model>.json`: the folder that its evaluation is in, and that folder's hash."""


def evaluation_folder(model: str, zoo: bool) -> Path:
    """The folder of a model's evaluation, of the root pipeline or of the zoo."""
    return (ZOO_REPORTS if zoo else MODEL_REPORTS) / model


WORK = Path("data/.work")
"""What an interrupted stage goes on from; not an output, safe to delete."""
