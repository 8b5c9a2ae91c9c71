"""Check every setting, before anything is computed; what can't be is refused with the nearest thing that can."""

from pipeline.stage import run
from slr.params import Params


def settings(params: Params) -> None:
    print(f"{len(params.train.models)} models, {params.train.model} selected; {len(params.zoo.models)} more in the zoo")


if __name__ == "__main__":
    run(settings)
