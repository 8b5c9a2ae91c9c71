"""One thin script per stage of dvc.yaml (read params.yaml, call `slr`, write outputs); `run` runs all stages."""
