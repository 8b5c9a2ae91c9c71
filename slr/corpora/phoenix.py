"""What the readers of both PHOENIX corpora share: the layout of the releases."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from slr.errors import CorpusError

FPS = 25.0
"""The broadcasts' rate."""
RELEASED = "features/fullFrame-210x260px"
SPLITS = ("train", "dev", "test")
WAY_OUT = f"put the released {RELEASED}/{{train,dev,test}} there, or set corpus.on_error: skip"


class Release(NamedTuple):
    """A release: its table of each split that has one, and the folders that may hold a folder of media a split."""

    tables: dict[str, Path]
    media: list[Path]

    def places(self, splits: Sequence[str], listed: str, name: str) -> Iterator[Path]:
        """Where a sentence of these splits may be, `listed` in its table as `<folder>/*.png`."""
        folders = dict.fromkeys([listed.removesuffix("/*.png"), name, f"{name}/1"])
        for split in splits:
            for media in self.media:
                yield from (media / split / folder for folder in folders)
        yield from (media / name for media in self.media)


def find_release(root: Path, annotations: str | Path | None, pattern: str, folder: str, *others: str) -> Release:
    """Where things are in the release.

    Parameters
    ----------
    annotations : path, optional
        Folder of the tables; without it `annotations/manual`.
    pattern : str
        A table's name with `{}` for the split.
    folder : str
        Name of the corpus's folder, which the root is or contains.
    *others : str
        Folders beside it that may hold its media too.

    Raises
    ------
    CorpusError
        If there is no table.
    """
    home = root / folder if (root / folder).is_dir() else root
    manual = home / "annotations/manual" if annotations is None else Path(annotations)
    tables = {split: table for split in SPLITS if (table := manual / pattern.format(split)).is_file()}
    if not tables:
        raise CorpusError(f"{manual} has no {pattern.format('{train,dev,test}')}; set corpus.root to the release, or "
                          "corpus.annotations to the folder of these files")
    media = []
    for place in dict.fromkeys([home, root, *(root / other for other in others)]):
        sizes = sorted(place.glob("features/fullFrame-*"), key=lambda size: (size != place / RELEASED, size))
        media += [*sizes, place / "videos", place]
    return Release(tables, media)
