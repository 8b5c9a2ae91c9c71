"""A reader of one's own, outside the package: recordings in one folder, named `<gloss>-<signer>.mp4`."""

from pathlib import Path

from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, row

LAYOUT = "<gloss>-<signer>.mp4 in the root"
SETTINGS = ()


def scan(root: str | Path, *, workers: int = 1) -> Scan:
    """The clips of all recordings."""
    problems: list[Problem] = []
    paths = sorted(Path(root).glob("*-*.mp4"))
    rows = [row(path.stem, path.name, [path.stem.split("-")[0]], signer=path.stem.split("-")[1]) for path in paths]
    return collect(rows, problems), problems
