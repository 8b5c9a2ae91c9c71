"""CSV lists of clips: how they are written, their columns, and where they are found.

Separated by commas, semicolons or tabs, which Excel's first line `sep=;` may say; UTF-8 with or without a BOM, or
UTF-16 with one.
"""

import csv
import difflib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from slr.corpora.problems import Problem
from slr.dataset.manifest import SPLIT_NAMES
from slr.errors import CorpusError
from slr.io.files import entries, read_named

COLUMNS = ("path", "gloss", "signer", "split", "start_s", "end_s", "glosses", "box")
SUFFIXES = (".csv", ".tsv")
_SPLITS = SPLIT_NAMES | {"training": "train", "testing": "test"}
_HEAD = 1 << 16
_SEP = re.compile(r'"?sep=([,;|\t:^~ ])"?\s*', re.IGNORECASE)


class Table(NamedTuple):
    """A list's columns, and the fields of each non-blank line with its number in the file."""

    columns: list[str]
    lines: list[tuple[int, list[str]]]
    delimiter: str

    def values(self, fields: Sequence[str]) -> dict[str, str]:
        """The known columns of a line, by name; empty where it has none."""
        return dict.fromkeys(COLUMNS, "") | dict(zip(self.columns, map(str.strip, fields), strict=False))


def read_list(path: Path, problems: list[Problem]) -> Table:
    """Read a list; columns that aren't known become problems.

    Raises
    ------
    CorpusError
        If the file can't be read as CSV, has no column `path`, or none of `gloss` and `glosses`, or one looks misspelt.
    """
    return _table(_text(path), path, problems)


def is_list(path: Path) -> bool:
    """Whether a file is a list of clips, by its first lines: it may be large, and something else."""
    try:
        _table(_text(path, _HEAD), path, [])
    except CorpusError:
        return False
    return True


def _table(text: str, path: Path, problems: list[Problem]) -> Table:
    lines = text.splitlines()
    number = next((i for i, line in enumerate(lines) if line.strip()), 0)
    said = _SEP.fullmatch(lines[number]) if lines else None
    header = next((line for line in lines[number + (said is not None):] if line.strip()), "")

    def known(delimiter: str) -> int:
        return sum(name.strip(' "').lower() in COLUMNS for name in header.split(delimiter))

    delimiter = said[1] if said else max(",;\t", key=lambda d: (known(d), header.count(d)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        found = [(reader.line_num, fields) for fields in reader if any(field.strip() for field in fields)]
    except csv.Error as error:
        raise CorpusError(f"{path} line {reader.line_num} is not CSV ({error}); save it as 'CSV UTF-8'") from None
    found = found[said is not None:]
    if not found:
        raise CorpusError(f"{path} is empty; its first line should be path,gloss[,signer][,split][,start_s,end_s]")
    return Table(_columns(found[0][1], path, problems), found[1:], delimiter)


def split_of(path: Path) -> str | None:
    """The split in a list's file name, as of `train.csv` or `signs_dev.csv`; None without one, or with several."""
    found = {_SPLITS[word] for word in _words(path) if word in _SPLITS}
    return found.pop() if len(found) == 1 else None


def found_lists(root: Path) -> list[tuple[Path, ...]]:
    """The lists in a folder, or else in its folders: those that differ in the split that they name belong together."""
    lists = [path for path in tables(root) if is_list(path)] or [path for path in tables(root, "*/*") if is_list(path)]
    together: dict[tuple[str, ...], list[Path]] = {}
    for path in lists:
        others = [word for word in _words(path) if word not in _SPLITS]
        key = (str(path.parent), *others, "*") if split_of(path) else (str(path),)
        together.setdefault(key, []).append(path)
    return [tuple(paths) for paths in together.values()]


def tables(root: Path, pattern: str = "*") -> list[Path]:
    """The files in a folder that may be lists, by their suffix."""
    return [path for path in entries(root, pattern) if path.suffix.lower() in SUFFIXES and path.is_file()]


def _words(path: Path) -> list[str]:
    return re.findall(r"[^\W_]+", path.stem.lower())


def _text(path: Path, size: int | None = None) -> str:
    """The text of a file, or of its first `size` bytes."""
    way_out = "set corpus.annotations to the corpus's CSV, or to null for <gloss>/<clip> folders"
    content = read_named(path, CorpusError, way_out, size)
    if content[:4] == b"PK\3\4":
        raise CorpusError(f"{path} is a workbook, not a CSV; save the table as 'CSV UTF-8'")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig",
                              "strict" if size is None else "ignore")
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b"\n") + 1
        raise CorpusError(f"{path} line {line} is not UTF-8; save the table as 'CSV UTF-8'") from None
    if "\0" in text[:2]:
        raise CorpusError(f"{path} is UTF-16 without a byte-order mark; save the table as 'CSV UTF-8'")
    return text


def _columns(header: Sequence[str], path: Path, problems: list[Problem]) -> list[str]:
    """The header's names, validated: `path` and `gloss` or `glosses` exist, and none looks misspelt."""
    names = [name.strip().lower() for name in header]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise CorpusError(f"{path}: column '{twice[0]}' occurs twice; keep one")
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name and name not in COLUMNS]
    misspelt = {name: near[0] for name in unknown if (near := difflib.get_close_matches(name, missing, 1, 0.7))}
    required = [] if "path" in names else ["path"]
    required += [] if {"gloss", "glosses"} & set(names) else ["gloss"]
    if required or misspelt:
        parts = [f"there is no column '{name}'" for name in required]
        parts += [f"column '{name}' is unknown: did you mean '{near}'?" for name, near in misspelt.items()]
        raise CorpusError(f"{path}: {'; '.join(parts)} (found: {', '.join(names)}; "
                          f"known: {', '.join(COLUMNS)}; separated by commas, semicolons or tabs)")
    problems += [Problem(path.name, "ignored-column", "warning", f"column '{name}' is not used",
                         f"nothing to do, unless it should be one of {', '.join(missing)}") for name in unknown]
    return names
