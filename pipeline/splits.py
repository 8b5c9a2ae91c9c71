"""Put every clip into train, validation or test."""

from pipeline.stage import run
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.paths import LANDMARKS, MANIFEST, SPLITS
from slr.dataset.splits import write_splits
from slr.params import Params
from slr.partition.splits import make_splits


def splits(params: Params) -> None:
    write_splits(SPLITS, make_splits(read_manifest(MANIFEST), LandmarkStore(LANDMARKS).clip_ids, params.splits))


if __name__ == "__main__":
    run(splits)
