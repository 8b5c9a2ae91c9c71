"""Run all outdated stages by `dvc repro`, with progress: `python -m pipeline.run`."""
