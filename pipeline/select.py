"""Copy the selected model with its evaluation and metrics to fixed paths for people and programs."""

import shutil

from pipeline.stage import run
from slr.dataset.paths import EVALUATED, METRICS, MODELS, SELECTED
from slr.io.files import atomic_path, read_json
from slr.params import Params


def select(params: Params) -> None:
    name = params.train.model
    evaluation = read_json(EVALUATED / f"{name}.json")["folder"]
    with atomic_path(SELECTED) as temporary:
        shutil.copytree(MODELS / name, temporary)
        shutil.copytree(evaluation, temporary / "evaluation")
    with atomic_path(METRICS / "metrics.json") as temporary:
        shutil.copyfile(METRICS / "models" / f"{name}.json", temporary)


if __name__ == "__main__":
    run(select)
