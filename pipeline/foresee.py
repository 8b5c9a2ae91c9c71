"""What later stages would refuse is refused by the first that knows the corpus; this changes no output."""

from slr.dataset.paths import MANIFEST
from slr.params import Params


def foresee(params: Params) -> None:
    from slr.partition.feasible import require_feasible  # not at the top: no output of the stage depends on its code

    require_feasible(params, MANIFEST)
