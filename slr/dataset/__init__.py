"""Artefacts exchanged between the stages: readers and writers of each file and folder below `data/`."""
