"""Where things lie in a project's folder: what the stages leave for one another, by the names of dvc.yaml."""

from pathlib import Path

SAMPLE = Path("data/sample")
MANIFEST = Path("data/manifest.parquet")
FRAMES = Path("data/frames")
LANDMARKS = Path("data/landmarks")
SPLITS = Path("data/splits.parquet")
SIGNERS = Path("data/signers.parquet")
MODELS = Path("models")
SELECTED = MODELS / "selected"
METRICS = Path("metrics")
REPORTS = Path("reports")
WORK = Path("data/.work")
"""What an interrupted stage goes on from; not an output, safe to delete."""
