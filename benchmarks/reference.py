"""How many of the published systems' cases are exact, against what their authors' code gave:
`benchmarks/results/reference.json`.

    SLR_SHARED_DATA=FOLDER python -m benchmarks.reference       # FOLDER holds reference/; two minutes, 6 GB

`cases` is their number, `unequal` that of those in which an array of the authors is not held to, or differs by more
than 1e-4 of its largest value. `arrays` and `arrays_equal` count what the authors' code gave; what it was given doesn't
count. Numbers of weights by module are tested, and count as one array a case. A handful of arrays that nothing of ours
is like is left out: `UNUSED` in tests/helpers/reference_contents.py says which, and why.
"""

import os
import sys

import pytest

from benchmarks.record import record
from tests.helpers.reference_files import AGREED, FOLDER, wanted


def main() -> None:
    if not FOLDER.is_dir():
        sys.exit(f"the authors' numbers are not here ({FOLDER}); set SLR_SHARED_DATA to the folder of reference/")
    os.environ["SLR_REFERENCE_GRADIENTS"] = "1"
    pytest.main(["--quiet", "-p", "no:cacheprovider", "tests/reference"])
    cases = {path.stem: wanted(path.stem) for path in sorted(FOLDER.glob("*.npz"))}
    left = {case: sorted(names - AGREED[case]) for case, names in cases.items()}
    for case, names in left.items():
        if names:
            print(f"{case}: {', '.join(names)}")
    record("reference", {"cases": len(cases), "unequal": sum(map(bool, left.values())),
                         "arrays": sum(map(len, cases.values())),
                         "arrays_equal": sum(len(names & AGREED[case]) for case, names in cases.items())})


if __name__ == "__main__":
    main()
