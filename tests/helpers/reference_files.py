"""The authors' numbers: the files of `reference/` in the shared data, and the extract of them that is committed.

`python -m tests.helpers.reference_files` makes tests/reference/extract.json of the files anew.
"""

import csv
import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tests.helpers import REPOSITORY
from tests.helpers.reference_contents import CONTENTS, GIVEN, UNUSED

FOLDER = Path(os.environ.get("SLR_SHARED_DATA", REPOSITORY.parent / "shared/data")) / "reference"
EXTRACT = REPOSITORY / "tests/reference/extract.json"
TOLERANCE = 1e-4
"""How far a number may be off, in parts of the largest of its tensor."""
SAMPLES, DIGITS, INPUT_DIGITS = 8, 4, 6
"""Numbers of each tensor in the extract, evenly over it, their significant digits, and those of what is fed."""
WEIGHTS = "weights of the modules"
AGREED: dict[str, set[str]] = defaultdict(set)
"""Of each case, the arrays of the authors to which ours were found equal so far, and `WEIGHTS`."""


class Files:
    """All numbers of the authors' files."""

    def given(self, case: str, name: str) -> Tensor:
        """An array as it is."""
        return torch.from_numpy(load(case)[name])

    def agree(self, case: str, **ours: Tensor | float) -> None:
        """Our values are theirs, to `TOLERANCE`; whole numbers exactly."""
        arrays = load(case)
        for name, value in ours.items():
            held = CONTENTS[case]
            assert name in f"{held.outputs} {held.files_only}".split(), f"{case}: {name} isn't in CONTENTS"
            own = torch.as_tensor(value).detach().numpy()
            assert own.size == arrays[name].size, f"{case} {name}: {own.shape}, theirs {arrays[name].shape}"
            assert off(own, arrays[name]) <= TOLERANCE, f"{case} {name}: off by {off(own, arrays[name]):.1e}"
            AGREED[case].add(name)

    def sizes(self, case: str, ours: dict[str, int]) -> None:
        """Our modules have as many weights as theirs of these names."""
        assert sizes(case, ours) == ours
        AGREED[case].add(WEIGHTS)

    def tensors(self, case: str) -> list[tuple[str, str]]:
        """Name and kind of every tensor, in the order of their numbers."""
        return [(row["name"], row["kind"]) for row in read_table(case)]

    def shapes(self, case: str) -> list[tuple[int, ...]]:
        """The authors' shape of every tensor, in the same order."""
        return [tuple(map(int, row["shape"].split("x"))) for row in read_table(case)]


class Extract:
    """A few rounded numbers of each case."""

    def __init__(self) -> None:
        self.cases = json.loads(EXTRACT.read_text())

    def given(self, case: str, name: str) -> Tensor:
        """As `Files.given`, with `INPUT_DIGITS` digits."""
        return torch.tensor(self.cases[case]["inputs"][name])

    def agree(self, case: str, **ours: Tensor | float) -> None:
        """As `Files.agree`, as far as the rounded numbers tell."""
        for name, value in ours.items():
            theirs, own = self.cases[case]["outputs"][name], torch.as_tensor(value).detach().numpy()
            assert own.size == theirs["size"], f"{case} {name}: {own.size} numbers, theirs {theirs['size']}"
            rounding = 0.5 * 10 ** (1 - DIGITS) * np.abs(theirs["some"])
            allowed = 0 if own.dtype.kind in "iub" else TOLERANCE * theirs["largest"] + rounding
            found = np.abs(sampled(own) - theirs["some"])
            assert (found <= allowed).all(), f"{case} {name}: {sampled(own)}, theirs {theirs['some']}"

    def sizes(self, case: str, ours: dict[str, int]) -> None:
        """As `Files.sizes`."""
        assert {name: self.cases[case]["sizes"][name] for name in ours} == ours


@cache
def load(case: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / f"{case}.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def wanted(case: str) -> set[str]:
    """What ours is held to in a case: the arrays that the authors' code gave, but those `UNUSED`, and `WEIGHTS`."""
    others = f"{CONTENTS[case].inputs} {GIVEN.get(case, '')} {UNUSED.get(case, '')}".split()
    weights = {WEIGHTS} if (FOLDER / f"tensors/{case}.csv").exists() else set()
    return set(load(case)) - set(others) | weights


def read_table(case: str) -> list[dict[str, str]]:
    with (FOLDER / f"tensors/{case}.csv").open() as file:
        return list(csv.DictReader(file))


def sizes(case: str, modules: Iterable[str]) -> dict[str, int]:
    """Numbers in the weights, running statistics left out, of modules of a case."""
    weights = [(row["name"], math.prod(map(int, row["shape"].split("x")))) for row in read_table(case)
               if row["kind"] not in ("mean", "var")]
    return {module: sum(n for name, n in weights if name == module or name.startswith(f"{module}."))
            for module in modules}


def off(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, in parts of their largest number; infinite where whole numbers differ."""
    ours = ours.reshape(theirs.shape)
    if theirs.dtype.kind in "iub":
        return 0.0 if (ours == theirs).all() else math.inf
    difference, largest = np.abs(ours.astype(float) - theirs).max(initial=0), np.abs(theirs).max(initial=0)
    return float(difference / largest) if difference else 0.0


def sampled(values: np.ndarray) -> np.ndarray:
    """`SAMPLES` numbers of an array, or all of a smaller one."""
    flat = values.astype(float).ravel()
    return flat[np.unique(np.linspace(0, max(0, flat.size - 1), min(flat.size, SAMPLES)).astype(int))]


def digest(values: np.ndarray) -> dict:
    """What the extract has of an array."""
    return {"size": values.size, "largest": rounded(np.abs(values).max(initial=0)), "some": rounded(sampled(values))}


def rounded(values: np.ndarray | float, digits: int = DIGITS):
    """Numbers, or lists of them, with so many significant digits; whole ones as they are."""
    if np.ndim(values):
        return [rounded(value, digits) for value in values]
    return int(values) if float(values).is_integer() else float(f"{values:.{digits - 1}e}")


def extract() -> dict:
    """What tests/reference/extract.json holds, of the files."""
    cases = {}
    for case, held in CONTENTS.items():
        arrays = load(case)
        cases[case] = {"outputs": {name: digest(arrays[name]) for name in held.outputs.split()},
                       "inputs": {name: rounded(arrays[name], INPUT_DIGITS) for name in held.inputs.split()},
                       "sizes": sizes(case, held.modules.split()) if held.modules else {}}
    return {case: {part: rows for part, rows in parts.items() if rows} for case, parts in cases.items()}


def write() -> None:
    """Write the extract, a line for each tensor."""
    EXTRACT.write_text(lines({case: {part: {name: json.dumps(row) for name, row in rows.items()}
                                     for part, rows in parts.items()} for case, parts in extract().items()}) + "\n")


def lines(tree: dict | str, indent: str = "") -> str:
    """JSON whose leaves, already written, are a line each."""
    if isinstance(tree, str):
        return tree
    rows = [f"{indent} {json.dumps(name)}: {lines(below, indent + ' ')}" for name, below in tree.items()]
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"


if __name__ == "__main__":
    write()
