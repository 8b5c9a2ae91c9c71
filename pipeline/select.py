"""Copy the chosen model and its metrics to where people and programs look for them."""

import shutil

from pipeline.stage import run
from slr.dataset.paths import METRICS, MODELS, SELECTED
from slr.files import atomic_path
from slr.params import Params


def select(params: Params) -> None:
    with atomic_path(SELECTED) as temporary:
        shutil.copytree(MODELS / params.train.model, temporary)
    with atomic_path(METRICS / "metrics.json") as temporary:
        shutil.copyfile(METRICS / "models" / f"{params.train.model}.json", temporary)


if __name__ == "__main__":
    run(select)
