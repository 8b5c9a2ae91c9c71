"""How2Sign: 35,191 sentences of American Sign Language by 11 signers, with translations (Duarte et al., CVPR 2021).

Layout
------
`how2sign_realigned_{train,val,test}.csv`, or `how2sign_{train,val,test}.csv` without the later correction of times:
separated by tabs, with `VIDEO_NAME`, `SENTENCE_NAME`, `START_REALIGNED` and `END_REALIGNED` (or `START` and `END`, both
in seconds) and `SENTENCE`. Videos of the front view: cut ones, `<SENTENCE_NAME>.mp4`, or whole ones,
`<VIDEO_NAME>.mp4`. All of these lie anywhere below the root, as in the folders of the authors' download script.

There are no glosses. The words of the translation, in lower case and without punctuation, take their place: their order
isn't that of the signs. The signer is in the name: `--7E2sU6zP4-5-rgb_front` is signer 5.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Scan,
    collect,
    cut_by_time,
    nfc,
    require_folder,
    row,
    table_lines,
    videos_below,
    with_media,
)
from slr.dataset.manifest import SPLITS
from slr.errors import CorpusError
from slr.io.files import entries

LAYOUT = "anywhere in ROOT: how2sign_realigned_{train,val,test}.csv, and <SENTENCE_NAME>.mp4 or <VIDEO_NAME>.mp4"
_REALIGNED = ("how2sign_realigned_{}.csv", "START_REALIGNED", "END_REALIGNED")
_PLAIN = ("how2sign_{}.csv", "START", "END")
_SIGNER = re.compile(r"-(\d+)-rgb_front$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1) -> Scan:
    """Read the sentences whose videos exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        Folder of the videos.
    annotations : path, optional
        Folder of the tables; default: the root.
    workers : int, default 1
        Processes that read the frame times of whole videos; 0 for one per core.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the `SENTENCE_NAME`.
    problems : list of Problem
        Kinds: `bad-line`, `gloss-missing`, `duplicate-id`, `outside-root`, `unreadable`, and for each split one
        `missing-video`.

    Raises
    ------
    CorpusError
        If the root or every table is missing, or a table lacks a column.
    """
    root = require_folder(root)
    folder = root if annotations is None else Path(annotations)
    videos = videos_below(root)
    problems: list[Problem] = []
    times: dict[str, tuple[float, float]] = {}
    rows: list[dict[str, Any]] = []
    for split in SPLITS:
        for name, start, end in (_REALIGNED, _PLAIN):
            path = next(iter(entries(folder, f"**/{name.format(split)}")), None)
            if path is not None:
                rows += _rows(path, split, (start, end), videos, times, problems)
                break
    if not rows and not problems:
        raise CorpusError(f"{folder} has no {_REALIGNED[0].format('{train,val,test}')}; set corpus.annotations to the "
                          "folder of these tables")
    kept = with_media(root, rows, videos, problems, "put the released videos there, or set corpus.on_error: skip")
    return collect(cut_by_time(root, kept, times, workers, problems), problems), problems


def _rows(path: Path, split: str, columns: tuple[str, str], videos: dict[str, Path],
          times: dict[str, tuple[float, float]], problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """The sentences of a table; `media` is the name of the cut video, or else of the whole one, with its `times`."""
    needed = ("VIDEO_NAME", "SENTENCE_NAME", "SENTENCE", *columns)
    for line in table_lines(path, needed, problems, delimiter="\t"):
        name = nfc(line["SENTENCE_NAME"])
        try:
            start_s, end_s = (float(line[column]) for column in columns)
        except ValueError:
            problems.append(Problem(name, "bad-line", "error", "its times are no numbers", "use the released file"))
            continue
        words = [nfc(word) for word in _WORD.findall(line["SENTENCE"].lower())]
        if not words:
            problems.append(Problem(name, "gloss-missing", "error", "its sentence has no words", "remove its line"))
            continue
        is_cut = line["SENTENCE_NAME"] in videos
        if not is_cut:
            times[name] = (start_s, end_s)
        signer = _SIGNER.search(line["VIDEO_NAME"])
        yield row(name, line["SENTENCE_NAME"] if is_cut else line["VIDEO_NAME"], words, split=split,
                  signer=signer and signer[1])
