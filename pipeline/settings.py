"""Check every setting before anything is computed, and note what code each stage runs.

What can't be is refused with the nearest thing that can. The other stages depend on the notes (`pipeline.fingerprint`),
so that this one is the first, and a change of code or settings reruns what follows from it.
"""

from pipeline.fingerprint import write_fingerprints
from pipeline.stage import run
from slr.dataset.paths import CODE
from slr.params import Params


def settings(params: Params) -> None:
    print(f"{len(params.train.models)} models, {params.train.model} selected; {len(params.zoo.models)} more in the zoo")
    write_fingerprints(params, CODE)


if __name__ == "__main__":
    run(settings)
