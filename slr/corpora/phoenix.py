"""Common code of the readers of both PHOENIX corpora: the layout of the releases."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from slr.errors import CorpusError
from slr.io.files import entries

FPS = 25.0
"""The broadcasts' frame rate."""
RELEASED = "features/fullFrame-210x260px"
SPLITS = ("train", "dev", "test")
WAY_OUT = f"put the released {RELEASED}/{{train,dev,test}} there, or set corpus.on_error: skip"


class Release(NamedTuple):
    """A release: the tables of its splits, and the folders that may contain each split's media."""

    tables: dict[str, Path]
    media: list[Path]

    def places(self, splits: Sequence[str], listed: str, name: str) -> Iterator[Path]:
        """Possible locations of a sentence of these splits, `listed` in its table as `<folder>/*.png`."""
        folders = dict.fromkeys([listed.removesuffix("/*.png"), name, f"{name}/1"])
        for split in splits:
            for media in self.media:
                yield from (media / split / folder for folder in folders)
        yield from (media / name for media in self.media)


def find_release(root: Path, annotations: str | Path | None, pattern: str, folder: str, *others: str) -> Release:
    """Locate the parts of a release.

    Parameters
    ----------
    annotations : path, optional
        Folder of the tables; default: `annotations/manual`.
    pattern : str
        A table's name with `{}` for the split.
    folder : str
        Name of the corpus's folder: the root or a folder in it.
    *others : str
        Folders beside it that may also contain its media.

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
        sizes = sorted(entries(place, "features/fullFrame-*"), key=lambda size: (size != place / RELEASED, size))
        media += [*sizes, place / "videos", place]
    return Release(tables, media)
