"""Assign every clip to train, val or test."""

from pipeline.stage import run
from slr.dataset.dataset import Dataset
from slr.dataset.splits import write_splits
from slr.params import Params
from slr.partition.splits import make_splits


def splits(params: Params) -> None:
    dataset = Dataset()
    write_splits(dataset.splits, make_splits(dataset.rows(), dataset.landmark_store.clip_ids, params.splits))


if __name__ == "__main__":
    run(splits)
