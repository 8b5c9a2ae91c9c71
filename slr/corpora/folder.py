"""A user's own recordings: folders named after glosses, or a CSV that lists each file's gloss.

Layouts
-------
Folders: `ROOT/<gloss>/<clip>.mp4` (or another video suffix), or `ROOT/<gloss>/<clip>/*.jpg` for clips kept as frame
images. Signers are unknown there.

CSV: columns `path` (below the root) and `gloss`, and optionally `signer`, `split`, `start_s`, `end_s` and `glosses` (a
sentence: glosses separated by `|`, or by spaces where there is no `|`; then `gloss` stays empty). Separated by commas,
semicolons or tabs; UTF-8 with or without a BOM, or UTF-16 with one.
"""

import csv
import difflib
import io
import math
import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, frame_rates, is_image_folder, nfc, require_folder, row
from slr.dataset.manifest import SPLIT_NAMES, SPLITS
from slr.errors import CorpusError
from slr.io.files import inside, read_named
from slr.io.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES

LAYOUT = f"ROOT/<gloss>/<clip>.mp4 (or {', '.join(VIDEO_SUFFIXES[1:])}), or a CSV with the columns path,gloss"
COLUMNS = ("path", "gloss", "signer", "split", "start_s", "end_s", "glosses")


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1,
         frames: Sequence[str] = IMAGE_SUFFIXES) -> Scan:
    """Read all usable clips of a corpus, and list the problems of the others.

    Parameters
    ----------
    root : path
        Folder of the recordings.
    annotations : path, optional
        CSV; by default the folders' names are the glosses.
    workers : int, default 1
        Processes that measure the frame rate of files with `start_s` or `end_s`; 0 for one per core.
    frames : sequence of str
        Suffixes of the frames of a clip that a CSV lists as a folder.

    Returns
    -------
    clips : DataFrame
        The manifest's columns, one row per clip without an error.
    problems : list of Problem

    Raises
    ------
    CorpusError
        If the root or the CSV is missing, or the CSV as a whole can't be read (encoding, columns).
    """
    root = require_folder(root)
    problems: list[Problem] = []
    rows = (_scan_tree(root, problems) if annotations is None
            else _scan_csv(root, Path(annotations), problems, workers, frames))
    return collect(rows, problems), problems


def _clip_id(media: str) -> str:
    """A readable id that doesn't depend on other files: the path without its video suffix, in NFC."""
    path = Path(media)
    stem = path.with_suffix("") if path.suffix.lower() in VIDEO_SUFFIXES else path
    return nfc(stem.as_posix())


# Folders named after glosses


def _scan_tree(root: Path, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """Rows of `<gloss>/<clip>`; files elsewhere are problems."""
    for entry in _entries(root):
        if entry.is_dir():
            yield from _scan_gloss(root, entry, problems)
        elif entry.suffix.lower() in VIDEO_SUFFIXES:
            problems.append(Problem(entry.name, "gloss-missing", "error", "this video is in no gloss's folder",
                                    f"move it to {root}/<gloss>/, or list it in a CSV"))


def _scan_gloss(root: Path, folder: Path, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    found = False
    for entry in _entries(folder):
        media = entry.relative_to(root).as_posix()
        if is_image_folder(entry) or (entry.suffix.lower() in VIDEO_SUFFIXES and not entry.is_dir()):
            found = True
            try:
                inside(root, media.encode().decode())
            except UnicodeEncodeError:
                name = os.fsencode(media).decode(errors="replace")
                problems.append(Problem(name, "name", "error", "the file's name is not UTF-8", "rename it"))
                continue
            except CorpusError as error:
                problems.append(Problem.outside_root(media, error))
                continue
            yield row(_clip_id(media), media, [nfc(folder.name).strip()])
        elif entry.is_dir():
            problems.append(Problem(media, "layout", "error", "this folder has no frame images (and videos may not lie "
                                    "deeper than <gloss>/<clip>)", "move its videos up, or list them in a CSV"))
        elif entry.suffix.lower() not in IMAGE_SUFFIXES:
            problems.append(Problem(media, "ignored-file", "warning", f"'{entry.suffix}' is no video suffix that is "
                                    "looked for", f"convert it to one of {', '.join(VIDEO_SUFFIXES)}, or leave it"))
        else:
            problems.append(Problem(media, "layout", "error", "a frame image outside a clip's folder",
                                    "put each clip's images into a folder of their own: <gloss>/<clip>/*.jpg"))
    if not found:
        problems.append(Problem(folder.name, "empty-gloss", "warning", "this gloss's folder holds no clip",
                                "add clips or remove the folder"))


def _entries(folder: Path) -> list[Path]:
    """Entries of a folder, in a fixed order, without hidden files."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


# CSV


class _LineError(Exception):
    """The error of one line: kind, reason, remedy."""

    def problem(self, where: str) -> Problem:
        kind, reason, way_out = self.args
        return Problem(where, kind, "error", reason, way_out)


class _Entry(NamedTuple):
    """A line of a CSV, with times still in seconds."""

    media: str
    glosses: list[str]
    signer: str | None
    split: str | None
    start_s: float | None
    end_s: float | None

    @property
    def is_part(self) -> bool:
        return self.start_s is not None or self.end_s is not None

    def to_row(self, rates: dict[str, float | Exception]) -> dict[str, Any]:
        """The clip's row of the manifest; raises _LineError if it is part of a file of unknown frame rate."""
        clip_id = _clip_id(self.media)
        if not self.is_part:
            return row(clip_id, self.media, self.glosses, signer=self.signer, split=self.split)
        fps = rates[self.media]
        if isinstance(fps, Exception):
            raise _LineError("unreadable", f"'{self.media}': {fps}", "replace the file or remove the line")
        start = round((self.start_s or 0) * fps)
        end = None if self.end_s is None else max(start + 1, round(self.end_s * fps))
        clip_id += f"@{self.start_s or 0:g}-{'end' if self.end_s is None else format(self.end_s, 'g')}"
        return row(clip_id, self.media, self.glosses, signer=self.signer, split=self.split, start_frame=start,
                   end_frame=end)


def _scan_csv(root: Path, annotations: Path, problems: list[Problem], workers: int,
              frames: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of a CSV; an unusable line becomes a problem instead of a row."""
    entries: list[tuple[str, _Entry]] = []
    lines, delimiter = _read_csv(annotations)
    columns = _columns(lines[0][1], annotations, problems)
    for number, fields in lines[1:]:
        where = f"{annotations.name} line {number}"
        if any(field.strip() for field in fields[len(columns):]):
            problems.append(Problem(where, "csv-fields", "error", f"{len(fields)} fields for {len(columns)} columns",
                                    f"put quotes around a field that contains '{delimiter}'"))
            continue
        values = dict.fromkeys(COLUMNS, "") | dict(zip(columns, map(str.strip, fields), strict=False))
        try:
            entries.append((where, _entry(root, values, frames, decimal_comma=delimiter != ",")))
        except CorpusError as error:
            problems.append(Problem.outside_root(where, error))
        except _LineError as error:
            problems.append(error.problem(where))
    rates = frame_rates(root, {entry.media for _, entry in entries if entry.is_part}, workers)
    for where, entry in entries:
        try:
            yield entry.to_row(rates)
        except _LineError as error:
            problems.append(error.problem(where))


def _read_csv(path: Path) -> tuple[list[tuple[int, list[str]]], str]:
    """Fields of each non-blank line, with its number, and the delimiter that gives most known columns."""
    content = read_named(path, CorpusError, "set corpus.annotations to the corpus's CSV, or to null for <gloss>/<clip> "
                         "folders")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b"\n") + 1
        raise CorpusError(f"{path} line {line} is not UTF-8; save the table as 'CSV UTF-8'") from None
    header = next((line for line in text.splitlines() if line.strip()), "")
    if not header:
        raise CorpusError(f"{path} is empty; its first line should be path,gloss[,signer][,split][,start_s,end_s]")

    def known(delimiter: str) -> int:
        return sum(name.strip(' "').lower() in COLUMNS for name in header.split(delimiter))

    delimiter = max(",;\t", key=lambda d: (known(d), header.count(d)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        lines = [(reader.line_num, fields) for fields in reader if any(field.strip() for field in fields)]
    except csv.Error as error:
        raise CorpusError(f"{path} line {reader.line_num} is not CSV ({error}); save it as 'CSV UTF-8'") from None
    if not lines:
        raise CorpusError(f"{path} is empty; its first line should be path,gloss[,signer][,split][,start_s,end_s]")
    return lines, delimiter


def _columns(header: Sequence[str], annotations: Path, problems: list[Problem]) -> list[str]:
    """The header's names, validated: `path` and `gloss` or `glosses` exist, and none looks misspelt."""
    names = [name.strip().lower() for name in header]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise CorpusError(f"{annotations}: column '{twice[0]}' occurs twice; keep one")
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name and name not in COLUMNS]
    misspelt = {name: near[0] for name in unknown if (near := difflib.get_close_matches(name, missing, 1, 0.7))}
    required = [] if "path" in names else ["path"]
    required += [] if {"gloss", "glosses"} & set(names) else ["gloss"]
    if required or misspelt:
        parts = [f"there is no column '{name}'" for name in required]
        parts += [f"column '{name}' is unknown: did you mean '{near}'?" for name, near in misspelt.items()]
        raise CorpusError(f"{annotations}: {'; '.join(parts)} (found: {', '.join(names)}; "
                          f"known: {', '.join(COLUMNS)}; separated by commas, semicolons or tabs)")
    problems += [Problem(annotations.name, "ignored-column", "warning", f"column '{name}' is not used",
                         f"nothing to do, unless it should be one of {', '.join(missing)}") for name in unknown]
    return names


def _entry(root: Path, values: dict[str, str], frames: Sequence[str], decimal_comma: bool) -> _Entry:
    """Validate one line. Raises _LineError or, for a path that leaves the root, CorpusError."""
    if not values["path"]:
        raise _LineError("path-missing", "there is no path", "fill in the column 'path' or remove the line")
    media = _on_disk(root, values["path"], frames)
    glosses = _glosses(values)
    split = SPLIT_NAMES.get(values["split"].lower()) if values["split"] else None
    if values["split"] and split is None:
        raise _LineError("split-unknown", f"split '{values['split']}' is unknown",
                         f"use {', '.join(SPLITS)}, or leave it empty on every line")
    start_s, end_s = (_seconds(values[name], name, decimal_comma) for name in ("start_s", "end_s"))
    if end_s is not None and end_s <= (start_s or 0):
        raise _LineError("time-range", f"end_s {end_s:g} is not after start_s {start_s or 0:g}", "correct the times")
    return _Entry(media, glosses, nfc(values["signer"]) or None, split, start_s, end_s)


def _on_disk(root: Path, path: str, frames: Sequence[str]) -> str:
    """The path as spelt on disk: `é` may be one character or two, and a CSV from Windows has backslashes."""
    slashes = path.replace("\\", "/")
    try:
        for spelling in (path, *(unicodedata.normalize(form, slashes) for form in ("NFC", "NFD"))):
            (root / spelling).exists()  # raises OSError for a name that is too long
            media = inside(root, spelling)
            if media.is_file() or is_image_folder(media, frames):
                return os.path.normpath(spelling)
        folder = (root / slashes).is_dir()
    except (OSError, ValueError) as error:  # an impossible file name: too long, a null character
        raise _LineError("missing-file", f"there can't be a file '{path[:60]}...' ({type(error).__name__})",
                         "correct the path: the name is too long, or holds a null character") from None
    if folder:
        raise _LineError("missing-file", f"folder '{path}' holds no frames ({', '.join(frames)})",
                         "give the path of a file, or of a folder of frames")
    raise _LineError("missing-file", f"there is no file '{path}' in {root}",
                     "correct the path (upper and lower case count), or remove the line")


def _glosses(values: dict[str, str]) -> list[str]:
    if values["gloss"] and values["glosses"]:
        raise _LineError("gloss-twice", "both 'gloss' and 'glosses' are given",
                         "use 'gloss' for a single sign and 'glosses' for a sentence")
    if values["glosses"]:
        separator = "|" if "|" in values["glosses"] else None
        return [nfc(gloss.strip()) for gloss in values["glosses"].split(separator) if gloss.strip()]
    if not values["gloss"]:
        raise _LineError("gloss-missing", f"'{values['path']}' has no gloss", "fill in the gloss or remove the line")
    return [nfc(values["gloss"])]


def _seconds(value: str, column: str, decimal_comma: bool) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value.replace(",", ".") if decimal_comma else value)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise _LineError("time-range", f"{column} '{value}' is not a time in seconds", "write it like 12.5")
    return seconds
