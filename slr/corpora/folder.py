"""A user's own recordings: folders named after glosses, or a CSV that lists each file's gloss.

Layouts
-------
Folders: `ROOT/<gloss>/<clip>.mp4` (or another video suffix), or `ROOT/<gloss>/<clip>/*.jpg` for clips kept as frame
images; `ROOT/{train,val,test}/<gloss>/...` where all folders are named after splits. Signers are unknown there.

CSV: columns `path` (below the root) and `gloss`, and optionally `signer`, `split`, `start_s`, `end_s`, `glosses` (a
sentence: glosses separated by `|`, or by spaces where there is no `|`; then `gloss` stays empty) and `box` (the part of
the picture with the signer: x, y, width and height in pixels, separated by spaces or commas); how it is written:
`slr.corpora.lists`. Of several, each may name a split in its file's name.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slr.corpora.lists import read_list, split_of
from slr.corpora.places import LineError, listed_media, start_folders
from slr.corpora.problems import Problem
from slr.corpora.reading import (
    Frames,
    Part,
    Scan,
    collect,
    frames_of_parts,
    is_image_folder,
    is_video,
    nfc,
    require_folder,
    row,
    signer_name,
)
from slr.dataset.manifest import SPLIT_NAMES, SPLITS
from slr.errors import CorpusError
from slr.io.files import entries, inside
from slr.io.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES

LAYOUT = f"ROOT/<gloss>/<clip>.mp4 (or {', '.join(VIDEO_SUFFIXES[1:])}), or a CSV with the columns path,gloss"


def scan(root: str | Path, annotations: str | Path | Sequence[str | Path] | None = None, *, workers: int = 1,
         frames: Sequence[str] = IMAGE_SUFFIXES) -> Scan:
    """Read all usable clips of a corpus, and list the problems of the others.

    Parameters
    ----------
    root : path
        Folder of the recordings.
    annotations : path or sequence of path, optional
        CSV, or several; by default the folders' names are the glosses.
    workers : int, default 1
        Processes that read the frame times of files with `start_s` or `end_s`; 0 for one per core.
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
    if annotations is None:
        return collect(_scan_tree(root, problems), problems), problems
    paths = [annotations] if isinstance(annotations, str | Path) else annotations
    return collect(_scan_csv(root, [Path(path) for path in paths], problems, workers, frames), problems), problems


def _clip_id(media: str) -> str:
    """A readable id that doesn't depend on other files: the path without its video suffix, in NFC."""
    path = Path(media)
    stem = path.with_suffix("") if path.suffix.lower() in VIDEO_SUFFIXES else path
    return nfc(stem.as_posix())


# Folders named after glosses


def split_folders(root: Path) -> dict[Path, str]:
    """The folders of a root and the splits that they are named after; none if one is named otherwise."""
    splits = {entry: SPLIT_NAMES.get(entry.name.lower()) for entry in entries(root) if entry.is_dir()}
    named = {folder: split for folder, split in splits.items() if split is not None}
    return named if "train" in named.values() and len(named) == len(splits) else {}


def gloss_folders(root: Path) -> list[Path]:
    """The folders that have clips in them, and so are named after glosses."""
    return [folder for place in split_folders(root) or (root,) for folder in entries(place)
            if folder.is_dir() and any(is_image_folder(clip) or is_video(clip) for clip in entries(folder))]


def _scan_tree(root: Path, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """Rows of `<gloss>/<clip>`, or of `<split>/<gloss>/<clip>`; files elsewhere are problems."""
    splits = split_folders(root)
    for entry in (path for place in (root, *splits) for path in entries(place)):
        if entry.is_dir() and entry not in splits:
            yield from _scan_gloss(root, entry, splits.get(entry.parent), problems)
        elif entry.suffix.lower() in VIDEO_SUFFIXES:
            problems.append(Problem(entry.relative_to(root).as_posix(), "gloss-missing", "error",
                                    "this video is in no gloss's folder",
                                    f"move it to {entry.parent}/<gloss>/, or list it in a CSV"))


def _scan_gloss(root: Path, folder: Path, split: str | None,
                problems: list[Problem]) -> Iterator[dict[str, Any]]:
    found = False
    for entry in entries(folder):
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
            yield row(_clip_id(media), media, [nfc(folder.name).strip()], split=split)
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
        problems.append(Problem(folder.relative_to(root).as_posix(), "empty-gloss", "warning",
                                "this gloss's folder holds no clip", "add clips or remove the folder"))


# CSV


class _Entry(NamedTuple):
    """A line of a CSV, with times still in seconds."""

    media: str
    glosses: list[str]
    signer: str | None
    split: str | None
    start_s: float | None
    end_s: float | None
    box: tuple[int, ...] = ()

    @property
    def is_part(self) -> bool:
        return self.start_s is not None or self.end_s is not None

    @property
    def part(self) -> Part:
        return Part(self.media, self.start_s or 0, self.end_s)

    def to_row(self, parts: Mapping[Part, Frames | Exception]) -> dict[str, Any]:
        """The clip's row of the manifest; raises LineError if it is a part of a file that has no such frames."""
        clip_id, bbox = _clip_id(self.media), None
        if self.box:  # part of the id, as two signers may share a file
            x, y, width, height = self.box
            clip_id, bbox = f"{clip_id}@box{x}-{y}-{width}-{height}", (x, y, x + width, y + height)
        if not self.is_part:
            return row(clip_id, self.media, self.glosses, signer=self.signer, split=self.split, bbox=bbox)
        frames = parts[self.part]
        if isinstance(frames, Exception):
            raise LineError("unreadable", f"'{self.media}': {frames}", "replace the file or remove the line")
        clip_id += f"@{self.start_s or 0:g}-{'end' if self.end_s is None else format(self.end_s, 'g')}"
        return row(clip_id, self.media, self.glosses, signer=self.signer, split=self.split,
                   start_frame=frames[0], end_frame=frames[1], bbox=bbox)


def _scan_csv(root: Path, annotations: Sequence[Path], problems: list[Problem], workers: int,
              frames: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of CSV files; an unusable line becomes a problem instead of a row."""
    listed = [entry for path in annotations
              for entry in _listed(root, path, split_of(path) if len(annotations) > 1 else None, problems, frames)]
    parts = frames_of_parts(root, [entry.part for _, entry in listed if entry.is_part], workers)
    for where, entry in listed:
        try:
            yield entry.to_row(parts)
        except LineError as error:
            problems.append(error.problem(where))


def _listed(root: Path, path: Path, split: str | None, problems: list[Problem],
            frames: Sequence[str]) -> Iterator[tuple[str, _Entry]]:
    """The entries of a CSV and their places in it; `split` is that of lines that name none."""
    table = read_list(path, problems)
    folders = start_folders(root, path)
    for number, fields in table.lines:
        where = f"{path.name} line {number}"
        if any(field.strip() for field in fields[len(table.columns):]):
            problems.append(Problem(where, "csv-fields", "error",
                                    f"{len(fields)} fields for {len(table.columns)} columns",
                                    f"put quotes around a field that contains '{table.delimiter}'"))
            continue
        try:
            entry = _entry(root, folders, table.values(fields), frames, decimal_comma=table.delimiter != ",")
            yield where, entry if entry.split or split is None else entry._replace(split=split)
        except CorpusError as error:
            problems.append(Problem.outside_root(where, error))
        except LineError as error:
            problems.append(error.problem(where))


def _entry(root: Path, folders: tuple[str | None, Sequence[str]], values: dict[str, str], frames: Sequence[str],
           decimal_comma: bool) -> _Entry:
    """Validate one line. Raises LineError or, for a path that leaves the root, CorpusError."""
    if not values["path"]:
        raise LineError("path-missing", "there is no path", "fill in the column 'path' or remove the line")
    media = listed_media(root, folders, values["path"], frames)
    glosses = _glosses(values)
    split = SPLIT_NAMES.get(values["split"].lower()) if values["split"] else None
    if values["split"] and split is None:
        raise LineError("split-unknown", f"split '{values['split']}' is unknown",
                         f"use {', '.join(SPLITS)}, or leave it empty on every line")
    start_s, end_s = (_seconds(values[name], name, decimal_comma) for name in ("start_s", "end_s"))
    if end_s is not None and end_s <= (start_s or 0):
        raise LineError("time-range", f"end_s {end_s:g} is not after start_s {start_s or 0:g}", "correct the times")
    return _Entry(media, glosses, signer_name(values["signer"]), split, start_s, end_s, _box(values["box"]))


def _glosses(values: dict[str, str]) -> list[str]:
    if values["gloss"] and values["glosses"]:
        raise LineError("gloss-twice", "both 'gloss' and 'glosses' are given",
                         "use 'gloss' for a single sign and 'glosses' for a sentence")
    if values["glosses"]:
        separator = "|" if "|" in values["glosses"] else None
        return [nfc(gloss.strip()) for gloss in values["glosses"].split(separator) if gloss.strip()]
    if not values["gloss"]:
        raise LineError("gloss-missing", f"'{values['path']}' has no gloss", "fill in the gloss or remove the line")
    return [nfc(values["gloss"])]


def _box(value: str) -> tuple[int, ...]:
    """x, y, width and height; empty if there is no box."""
    numbers = value.replace(",", " ").split()
    if numbers and not (len(numbers) == 4 and all(map(str.isdecimal, numbers)) and int(numbers[2]) * int(numbers[3])):
        raise LineError("box", f"box '{value}' is not x, y, width and height in pixels", "write it like 40 0 320 360")
    return tuple(map(int, numbers))


def _seconds(value: str, column: str, decimal_comma: bool) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value.replace(",", ".") if decimal_comma else value)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise LineError("time-range", f"{column} '{value}' is not a time in seconds", "write it like 12.5")
    return seconds
