"""Check every setting before anything is computed; what can't be is refused with the nearest thing that can.

Its output always says the same, so that a changed setting reruns nothing but this; the corpus stage depends on it, so
that it is the first.
"""

from pipeline.stage import run
from slr.dataset.paths import SETTINGS
from slr.io.files import write_text
from slr.params import Params


def settings(params: Params) -> None:
    print(f"{len(params.train.models)} models, {params.train.model} selected; {len(params.zoo.models)} more in the zoo")
    write_text(SETTINGS, "params.yaml and zoo/params.yaml can be used\n")


if __name__ == "__main__":
    run(settings)
