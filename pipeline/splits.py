"""Put every clip into train, validation or test."""

from pipeline.stage import run
from slr.corpora.manifest import read_manifest
from slr.landmarks.store import LandmarkStore
from slr.params import Params
from slr.places import LANDMARKS, MANIFEST, SPLITS
from slr.splits import make_splits, write_splits


def splits(params: Params) -> None:
    write_splits(SPLITS, make_splits(read_manifest(MANIFEST), LandmarkStore(LANDMARKS).clip_ids, params.splits))


if __name__ == "__main__":
    run(splits)
