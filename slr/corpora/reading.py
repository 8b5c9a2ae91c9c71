"""Common code of the readers: manifest rows, media on disk, unique ids, handling of unusable clips.

A reader is a module with `scan(root, *, workers, ...) -> Scan` and `LAYOUT`, a description of the expected layout; the
table of readers is in `slr.corpora`.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd

from slr.corpora.problems import Problem, errors, raise_errors
from slr.dataset.manifest import SCHEMA
from slr.errors import ClipError, CorpusError
from slr.io.files import entries, inside, is_junk, read_named_text
from slr.io.progress import progress, warn
from slr.io.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, frame_ranges
from slr.io.workers import map_unordered

Scan = tuple[pd.DataFrame, list[Problem]]
"""The manifest's columns, one row per clip without an error; and all problems."""
_SHOWN = 5
_DECIMAL = re.compile(r"(\d+)[.,]0+")


def row(clip_id: str, media: str, glosses: Sequence[str], *, signer: str | None = None, split: str | None = None,
        start_frame: int | None = None, end_frame: int | None = None, fps: float | None = None,
        bbox: Sequence[int] | None = None, translation: str | None = None) -> dict[str, Any]:
    """A clip's row of the manifest; the arguments are its columns (`slr.dataset.manifest.SCHEMA`)."""
    return {"clip_id": clip_id, "media": media, "start_frame": start_frame, "end_frame": end_frame, "fps": fps,
            "glosses": list(glosses), "segments": [], "signer": signer, "split": split,
            "bbox": None if bbox is None else list(bbox), "translation": translation}


def collect(rows: Iterable[dict[str, Any]], problems: list[Problem]) -> pd.DataFrame:
    """Rows as a table; of rows with the same id the first is kept, and each further one is a problem."""
    unique: dict[str, dict[str, Any]] = {}
    for new in rows:
        other = unique.setdefault(new["clip_id"], new)
        if other is not new:
            problems.append(Problem(new["clip_id"], "duplicate-id", "error",
                                    f"'{new['media']}' and '{other['media']}' would be the same clip",
                                    "rename one of the files, or remove the repeated line"))
    clips = pd.DataFrame(list(unique.values()), columns=SCHEMA.names)
    clips[["start_frame", "end_frame"]] = clips[["start_frame", "end_frame"]].astype("Int32")
    return clips


def keep_usable(clips: pd.DataFrame, problems: Sequence[Problem], place: str, *, on_error: str,
                max_failures: float) -> pd.DataFrame:
    """The usable clips, if the settings permit leaving out those with errors (which are printed).

    Parameters
    ----------
    place : str
        Name of the source, for messages.
    on_error : {"fail", "skip"}
    max_failures : float
        With "skip": the largest share of clips that may be left out.

    Raises
    ------
    CorpusError
        With every error at once.
    """
    failed = errors(problems)
    if on_error == "fail":
        raise_errors(problems, place)
    n_failed = sum(problem.count for problem in failed)
    share = n_failed / max(1, len(clips) + n_failed)
    if share > max_failures:
        raise_errors(problems, f"{place}: too many clips can't be used ({n_failed}, a share of {share:.3f}; "
                               f"corpus.max_failures {max_failures:g}); it")
    for problem in failed:
        warn(f"left out: {problem}")
    return clips


def require_folder(root: str | Path) -> Path:
    """The corpus root; raises CorpusError if it isn't a folder."""
    if not Path(root).is_dir():
        raise CorpusError(f"corpus root {root} is not a folder; set corpus.root to the folder with the recordings")
    return Path(root)


def stays_inside(root: Path, media: str, where: str, problems: list[Problem]) -> bool:
    """Whether a file found below the root stays there after following links; else a problem of `where` is added."""
    try:
        inside(root, media)
    except CorpusError as error:
        problems.append(Problem.outside_root(where, error))
        return False
    return True


def missing(kind: str, names: Sequence[str], total: int, what: str, way_out: str) -> Problem:
    """One error for all clips that lack something: `what` completes "N of TOTAL clips ..."; `names` are listed."""
    some = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return Problem("", kind, "error", f"{len(names)} of {total} clips {what}: {some}", way_out, tuple(names))


def is_image_folder(path: Path, suffixes: Sequence[str] = IMAGE_SUFFIXES) -> bool:
    """Whether a folder contains a clip as files of frames, by default images."""
    return path.is_dir() and any(file.suffix.lower() in suffixes and not is_junk(file.name) for file in path.iterdir())


def is_video(path: Path) -> bool:
    """Whether a path is a file with a video's suffix, and not a hidden one."""
    return not is_junk(path.name) and path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def videos_by_stem(folder: Path) -> dict[str, Path]:
    """The videos directly in a folder (none if it doesn't exist) by their names without suffix.

    Of several with the same name, the suffix that comes first in VIDEO_SUFFIXES takes precedence.
    """
    files = [file for file in entries(folder) if is_video(file)]
    return {file.stem: file for file in
            sorted(files, key=lambda file: VIDEO_SUFFIXES.index(file.suffix.lower()), reverse=True)}


def only_file(folder: Path, pattern: str, setting: str) -> Path:
    """The only file in a folder whose lower-case name matches a pattern.

    Raises
    ------
    CorpusError
        If there is none, or several; the message names `setting` as the remedy.
    """
    found = [file for file in entries(folder) if fnmatch(file.name.lower(), pattern) and file.is_file()]
    if len(found) == 1:
        return found[0]
    how_many = f"{len(found)} files '{pattern}' ({', '.join(file.name for file in found)})" if found else (
        f"no file '{pattern}'")
    raise CorpusError(f"{folder} has {how_many}; set {setting} to the one to read")


def read_text(path: Path) -> str:
    """An annotation file's text (UTF-8, with or without a BOM); raises CorpusError if it can't be read."""
    return read_named_text(path, CorpusError, "set corpus.annotations to what belongs to the corpus")


def is_count(text: str) -> bool:
    """Whether a cell of an annotation file is a number from 0 to some billions; Python reads no longer digits."""
    return text.isdecimal() and len(text) <= 10


def csv_lines(path: Path, **dialect: Any) -> list[str]:
    """The lines of a CSV that the module `csv` can parse, in this dialect; raises CorpusError for anything else."""
    lines = read_text(path).splitlines()
    reader = csv.reader(lines, **dialect)
    try:
        for _ in reader:
            pass
    except csv.Error as error:
        raise CorpusError(f"{path} line {reader.line_num} is not CSV ({error}); download it again, or save it as CSV"
                          ) from None
    return lines


def nfc(text: str) -> str:
    """Composed Unicode, the canonical form of ids and glosses."""
    return unicodedata.normalize("NFC", text)


def signer_name(name: str) -> str | None:
    """A signer's name in NFC; None if it is empty. `1.0`, as a table with gaps writes a number, is `1`."""
    number = _DECIMAL.fullmatch(name)
    return nfc(number[1] if number else name) or None


def table_lines(path: Path, columns: Sequence[str], problems: list[Problem], *, delimiter: str = ",") -> Iterator[
        dict[str, str]]:
    """The lines of a CSV as dicts keyed by its header; a line with another number of fields is a problem.

    A table separated by tabs has no quotes.

    Raises
    ------
    CorpusError
        If the file can't be read, or lacks a column.
    """
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    lines = csv.reader(csv_lines(path, delimiter=delimiter, quoting=quoting), delimiter=delimiter, quoting=quoting)
    header = [name.strip() for name in next(lines, [])]
    if absent := [name for name in columns if name not in header]:
        raise CorpusError(f"{path} has no column '{absent[0]}' (found: {', '.join(header) or 'nothing'}); use the "
                          "released file")
    for fields in lines:
        if len(fields) == len(header):
            yield dict(zip(header, map(str.strip, fields), strict=True))
        elif any(fields):
            problems.append(Problem(f"{path.name} line {lines.line_num}", "bad-line", "error",
                                    f"{len(fields)} fields for {len(header)} columns: {','.join(fields)[:80]!r}",
                                    "use the released file, or remove the line"))


def videos_below(root: Path) -> dict[str, Path]:
    """All videos below a folder by their names without suffix; of several with the same name, the first by path."""
    return {path.stem: path for path in reversed(entries(root, "**/*")) if is_video(path)}


def with_media(root: Path, rows: Iterable[dict[str, Any]], videos: Mapping[str, Path], problems: list[Problem],
               way_out: str) -> list[dict[str, Any]]:
    """Rows whose `media` is the name of a video, with its path instead.

    Those without a video become one problem, `missing-video`, per split.
    """
    kept, absent, totals = [], dict[str, list[str]](), Counter[str]()
    for clip in rows:
        split = clip["split"] or "the corpus"
        totals[split] += 1
        video = videos.get(clip["media"])
        if video is None:
            absent.setdefault(split, []).append(clip["clip_id"])
        elif stays_inside(root, media := video.relative_to(root).as_posix(), clip["clip_id"], problems):
            kept.append(clip | {"media": media})
    problems += [missing("missing-video", names, totals[split], f"of {split} have no video in {root}", way_out)
                 for split, names in absent.items()]
    return kept


def cut_by_time(root: Path, rows: Sequence[dict[str, Any]], times: Mapping[str, tuple[float, float]], workers: int,
                problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """Rows with the frames of the clips that are parts of their files, from their start and end in seconds by id."""
    parts = {clip["clip_id"]: Part(clip["media"], *times[clip["clip_id"]]) for clip in rows if clip["clip_id"] in times}
    found = frames_of_parts(root, parts.values(), workers)
    for clip in rows:
        if clip["clip_id"] not in parts:
            yield clip
            continue
        frames = found[parts[clip["clip_id"]]]
        if isinstance(frames, Exception):
            problems.append(Problem(clip["clip_id"], "unreadable", "error", f"'{clip['media']}': {frames}",
                                    "download it again, or remove the file"))
        else:
            yield clip | {"start_frame": frames[0], "end_frame": frames[1]}


class Part(NamedTuple):
    """A clip as a part of its file: `media` below the root, from `start_s` to `end_s` (None: its end) of media time."""

    media: str
    start_s: float
    end_s: float | None


Frames = tuple[int, int | None]
"""A half-open range of a file's frames; None for its end."""


def frames_of_parts(root: Path, parts: Iterable[Part], workers: int) -> dict[Part, Frames | Exception]:
    """The frames of each part, by the times of its file's packets, or the reason why it has none."""
    by_file: dict[str, list[Part]] = {}
    for part in sorted(set(parts), key=lambda part: part.media):
        by_file.setdefault(part.media, []).append(part)
    found: dict[Part, Frames | Exception] = {}
    with progress("frame times", len(by_file), unit="file") as advance:
        for done in map_unordered(_frames_of_file, [(root / media, of_file) for media, of_file in by_file.items()],
                                  workers):
            of_file = done.item[1]
            found.update(zip(of_file, done.result or [done.error] * len(of_file), strict=True))
            advance()
    return found


def _frames_of_file(job: tuple[Path, list[Part]]) -> list[Frames | ClipError]:
    path, parts = job
    return frame_ranges(path, [(part.start_s, part.end_s) for part in parts])
