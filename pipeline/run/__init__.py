"""All stages that are out of date, by `dvc repro`, saying how far it is: `python -m pipeline.run`."""
