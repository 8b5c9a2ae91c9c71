"""INCLUDE: 263 signs of Indian Sign Language, 4,287 clips (Sridhar et al., ACM Multimedia 2020).

Layout
------
`<category>/<number>. <gloss>/<clip>.MOV`, as the released archives unpack; a few clips lie one folder deeper. The lists
of the authors' splits are in their repository: `include_{train,val,test}.txt`, and `include50_*` for the 50 signs of
INCLUDE-50, a path per line. Without them, all clips are read, and there is no split.

As for the authors, the gloss is the folder's name without its number, in lower case, whatever the category. Signers are
not named; some are in all splits.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, is_video, missing, nfc, read_text, require_folder, row, stays_inside
from slr.dataset.manifest import SPLITS
from slr.errors import CorpusError
from slr.io.files import entries

LAYOUT = "ROOT/<category>/<number>. <gloss>/<clip>.MOV and, for the official split, ROOT/include_{train,val,test}.txt"
_NUMBER = re.compile(r"^\d+\.\s*")


def scan(root: str | Path, annotations: str | Path | None = None, *, subset: int | None = None,
         workers: int = 1) -> Scan:
    """Read the clips of the lists, or all of them without lists.

    Parameters
    ----------
    root : path
        Folder of the categories.
    annotations : path, optional
        Folder of the lists; default: the root.
    subset : {50}, optional
        The clips of INCLUDE-50; None for all.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the path without suffix.
    problems : list of Problem
        Kinds: `bad-line`, `duplicate-id`, `outside-root`, and for each split one `missing-video`.

    Raises
    ------
    CorpusError
        If the root is missing, or the lists of the subset are.
    """
    root = require_folder(root)
    folder = root if annotations is None else Path(annotations)
    pattern = f"include{subset or ''}_{{}}.txt"
    lists = {split: path for split in SPLITS if (path := folder / pattern.format(split)).is_file()}
    problems: list[Problem] = []
    if lists:
        rows = [clip for split, path in lists.items() for clip in _listed(root, path, split, problems)]
    elif subset is None and annotations is None:
        rows = [clip for path in entries(root, "*/*/**/*") if is_video(path)
                for clip in _row(root, path.relative_to(root), None, problems)]
    else:
        raise CorpusError(f"{folder} has no {pattern.format('{train,val,test}')}; set corpus.annotations to the folder "
                          "of these lists (github.com/AI4Bharat/INCLUDE, train_test_paths)")
    return collect(rows, problems), problems


def _listed(root: Path, path: Path, split: str, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """The rows of a list."""
    names = [name for line in read_text(path).splitlines() if (name := line.strip())]
    absent = []
    for name in names:
        if len(Path(name).parts) < 3:
            problems.append(Problem(path.name, "bad-line", "error", f"not <category>/<gloss>/<clip>: {name[:80]!r}",
                                    "use the released list, or remove the line"))
        elif is_video(root / name):
            yield from _row(root, Path(name), split, problems)
        else:
            absent.append(name)
    if absent:
        problems.append(missing("missing-video", absent, len(names), f"of {split} have no video in {root}",
                                "unpack all archives there, or set corpus.on_error: skip"))


def _row(root: Path, media: Path, split: str | None, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """The row of a clip, unless it leaves the root."""
    name = media.as_posix()
    if stays_inside(root, name, name, problems):
        gloss = _NUMBER.sub("", media.parts[1]).strip().lower()
        yield row(nfc(media.with_suffix("").as_posix()), name, [nfc(gloss)], split=split)
