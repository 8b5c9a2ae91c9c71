"""LSA64: 64 signs of Argentinian Sign Language (Ronchetti et al., 2016), 10 signers, 5 repetitions.

Files are named `SSS_PPP_RRR.mp4`: sign, person, repetition, each from 001. The corpus has no official split: a split by
signer is the honest one, and most published numbers don't use it.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, csv_lines, is_count, is_video, nfc, require_folder, row, stays_inside
from slr.errors import CorpusError
from slr.io.files import entries

LAYOUT = "ROOT/001_001_001.mp4 (sign, signer, repetition), or these in folders of the root"
_NAME = re.compile(r"(\d{3})_(\d{3})_(\d{3})")


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1) -> Scan:
    """Read the clips from their file names.

    Parameters
    ----------
    root : path
        Folder of the videos, or of folders of them (`all`, `lsa64_cut`, ...).
    annotations : path, optional
        CSV `sign,gloss` without other columns, such as `001,Opaque`; by default a sign's number is its gloss.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is the file's name, the signer its second number, splits are unknown.
    problems : list of Problem
        Kinds: `ignored-file`, `duplicate-id`, `gloss-missing`, `outside-root`.

    Raises
    ------
    CorpusError
        If the root or the CSV is missing, or the CSV can't be read.
    """
    root = require_folder(root)
    names = None if annotations is None else _names(Path(annotations))
    problems: list[Problem] = []
    return collect(_rows(root, names, problems), problems), problems


def _rows(root: Path, names: dict[str, str] | None, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    unnamed = set()
    for file in sorted(file for pattern in ("*", "*/*") for file in entries(root, pattern) if is_video(file)):
        media = file.relative_to(root).as_posix()
        parts = _NAME.fullmatch(file.stem)
        if parts is None:
            problems.append(Problem(media, "ignored-file", "warning", "its name isn't SSS_PPP_RRR",
                                    "rename it to sign, signer and repetition, or leave it"))
            continue
        if not stays_inside(root, media, media, problems):
            continue
        sign, signer, _ = parts.groups()
        if names is not None and sign not in names:
            unnamed.add(sign)
            continue
        yield row(file.stem, media, [sign if names is None else names[sign]], signer=signer)
    problems += [Problem(sign, "gloss-missing", "error", "this sign has no gloss in the CSV",
                         "add a line to it, or set corpus.annotations: null") for sign in sorted(unnamed)]


def _names(path: Path) -> dict[str, str]:
    """Glosses by the three digits of their sign."""
    names: dict[str, str] = {}
    for number, line in enumerate(csv.reader(csv_lines(path)), start=1):
        fields = [field.strip() for field in line]
        if not any(fields) or (number == 1 and not is_count(fields[0])):
            continue  # a blank line, or the header
        if len(fields) != 2 or not is_count(fields[0]) or not fields[1]:
            raise CorpusError(f"{path} line {number} is not sign,gloss (such as 001,Opaque); correct it")
        sign = f"{int(fields[0]):03}"
        if sign in names:
            raise CorpusError(f"{path} line {number}: sign {sign} has a gloss already; keep one of the lines")
        names[sign] = nfc(fields[1])
    return names
