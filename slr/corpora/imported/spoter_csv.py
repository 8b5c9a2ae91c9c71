"""SPOTER's landmarks: one CSV per split, one line per clip, one cell per joint and axis with the list of its values.

Columns, as in https://github.com/matyasbohacek/spoter: `nose_X`, `nose_Y`, `leftEye_X`, ..., `indexTip_left_X`, ... for
`spoter-54`'s joints (the neck may be absent: it is then the midpoint of the shoulders; hands may also be named `0` and
`1`, or `Left` and `Right`), `labels`, and if known `video_fps`, `video_size_width`, `video_size_height`. Values are
fractions of the frame, 0 if a joint is missing; y points up in files made with Apple's Vision API, such as the
published ones, and down in those made with MediaPipe. `slr convert` adds `clip_id`, `gloss`, `signer` and `split`,
which are used if present; else the split is part of the file name: WLASL100_train_25fps.csv.
"""

import csv
import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.recordings import place, same_file, to_store
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, nfc, require_folder, row
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import SPLIT_NAMES
from slr.dataset.skeleton import DERIVED, Skeleton, skeleton
from slr.errors import ClipError, CorpusError
from slr.params import ImportedParams

LAYOUT = "ROOT/<name>_train.csv, ... in SPOTER's format, or corpus.annotations: one such file"
LABEL, FPS, WIDTH, HEIGHT = "labels", "video_fps", "video_size_width", "video_size_height"
EXTRA = ("clip_id", "gloss", "signer", "split")
_AXES = ("X", "Y")
_HANDS = {"left": ("left", "0", "Left"), "right": ("right", "1", "Right")}
_LOOKED_AT = 20
"""Clips of a file that are used to infer the direction of y."""
csv.field_size_limit(2**26)  # a cell contains a joint's whole trajectory, which may be long


def column(joint: str, hands: dict[str, str] | None = None) -> str:
    """SPOTER's name of a joint: `right_eye` -> `rightEye`, `left_hand_pinky_mcp` -> `littleMCP_left`."""
    side, _, name = joint.partition("_hand_")
    words = (name or joint).replace("pinky", "little").split("_")
    if words[0] == "thumb" and words[-1] == "mcp":
        words[-1] = "mp"
    end = [word.upper() if word in ("dip", "pip", "mcp", "mp", "ip", "cmc") else word.title() for word in words[1:]]
    return "".join([words[0], *end]) + (f"_{(hands or {}).get(side, side)}" if name else "")


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """SPOTER's 54 joints, independent of the settings."""
    return skeleton("spoter-54")


def scan(root: str | Path, annotations: str | None = None, *, workers: int = 0) -> Scan:
    """The clips of all CSV files in the root, or of the one given; named `<file>/<line>` without a `clip_id`.

    Raises
    ------
    CorpusError
        If there is no CSV, or one lacks the columns.
    """
    folder = require_folder(root)
    files = sorted(folder.glob("*.csv")) if annotations is None else [_below(folder, Path(annotations))]
    if not files:
        raise CorpusError(f"{root} holds no CSV file; expected {LAYOUT}")
    problems: list[Problem] = []
    rows = [clip for path in files for clip in _clips(folder, path, problems)]
    return collect(rows, problems), problems


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One clip, (T, 54, 2) fractions of the frame, y down.

    Raises
    ------
    ClipError
        If its line no longer exists, or a cell isn't a list of numbers as long as the others.
    """
    path, number = place(root, media)
    table = _table(same_file(path))
    if number >= len(table):
        raise ClipError(f"{path.name} has {len(table)} clips, none of number {number}; run `dvc repro corpus` again")
    cells = table.line(number)
    values = table.coordinates(cells)
    y_up = _y_up(same_file(path)) if settings.y_axis == "auto" else settings.y_axis == "up"
    body = joints(root, settings)
    coordinates, size = to_store(values, body, settings, size=_size(cells), y_up=y_up, missing=0)
    for joint in table.absent:
        of = [body.index(source) for source in DERIVED[joint]]
        coordinates[:, body.index(joint)] = coordinates[:, of].mean(1)
    return ClipLandmarks(media, _number(cells.get(FPS)) or settings.fps, *size, coordinates)


class _Table:
    """A CSV of SPOTER's, with random access to lines: a file may be larger than the memory.

    Attributes
    ----------
    absent : list of str
        Joints without columns that are derived from others.

    Raises
    ------
    CorpusError
        If the file isn't UTF-8 CSV with SPOTER's columns.
    """

    def __init__(self, path: Path):
        self.path = path
        with open(path, "rb") as file:
            try:
                self._header = next(csv.reader([file.readline().decode("utf-8-sig")]), [])
            except (UnicodeDecodeError, csv.Error) as error:
                raise CorpusError(f"{path} is not CSV in UTF-8 ({error})") from None
            self._starts = []
            start = file.tell()
            for line in file:
                if line.strip():
                    self._starts.append(start)
                start += len(line)
        self._columns, self.absent = self._find_columns()

    def _find_columns(self) -> tuple[dict[str, tuple[str, str]], list[str]]:
        """Names of the x and y columns of each joint, and the derivable joints without columns."""
        columns: dict[str, tuple[str, str]] = {}
        absent: list[str] = []
        for joint in skeleton("spoter-54").joints:
            spellings = [column(joint, {side: names[i] for side, names in _HANDS.items()}) for i in range(3)]
            found = next((name for name in spellings if f"{name}_X" in self._header), None)
            if found is not None and f"{found}_Y" in self._header:
                x, y = (f"{found}_{axis}" for axis in _AXES)
                columns[joint] = x, y
            elif joint in DERIVED:
                absent.append(joint)
            else:
                raise CorpusError(f"{self.path} has no columns {spellings[0]}_X and {spellings[0]}_Y; is it in "
                                  "SPOTER's format?")
        if LABEL not in self._header and "gloss" not in self._header:
            raise CorpusError(f"{self.path} has no column '{LABEL}'; add each line's gloss, or its number")
        return columns, absent

    def __len__(self) -> int:
        return len(self._starts)

    def line(self, number: int) -> dict[str, str]:
        """The cells of a line by column name; raises ClipError if they don't match the header."""
        with open(self.path, "rb") as file:
            file.seek(self._starts[number])
            return self._cells(file.readline())

    def lines(self) -> Iterator[dict[str, str] | ClipError]:
        """The cells of each line, or its error."""
        with open(self.path, "rb") as file:
            for start in self._starts:
                file.seek(start)
                try:
                    yield self._cells(file.readline())
                except ClipError as error:
                    yield error

    def _cells(self, line: bytes) -> dict[str, str]:
        try:
            cells = next(csv.reader([line.decode()], strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ClipError(f"not one line of CSV in UTF-8 ({error}); a list may not go over several lines") from None
        if len(cells) != len(self._header):
            raise ClipError(f"{len(cells)} fields for {len(self._header)} columns; quote the lists")
        return dict(zip(self._header, cells, strict=True))

    def coordinates(self, cells: dict[str, str]) -> np.ndarray:
        """(T, 54, 2) float64; 0 for absent joints."""
        paths = {joint: [_list(cells[name], name) for name in names] for joint, names in self._columns.items()}
        lengths = {len(values) for path in paths.values() for values in path}
        if len(lengths) > 1:
            first = len(next(iter(paths.values()))[0])
            other = next(names[axis] for joint, names in self._columns.items() for axis in range(2)
                         if len(paths[joint][axis]) != first)
            raise ClipError(f"lists of different lengths: {first} values in {next(iter(self._columns.values()))[0]}, "
                            f"{min(lengths)} to {max(lengths)} in others, such as {other}")
        absent = np.zeros((2, *lengths))
        return np.stack([paths.get(joint, absent) for joint in skeleton("spoter-54").joints]).transpose(2, 0, 1)


@lru_cache(maxsize=8)
def _table(file: tuple[str, int, int]) -> _Table:
    return _Table(Path(file[0]))


@lru_cache(maxsize=8)
def _y_up(file: tuple[str, int, int]) -> bool:
    """Whether noses are above shoulders in y, in most of the file's first clips."""
    table = _table(file)
    body = skeleton("spoter-54")
    nose, shoulders = body.index("nose"), [body.index("left_shoulder"), body.index("right_shoulder")]
    votes = []
    for cells, _ in zip(table.lines(), range(_LOOKED_AT), strict=False):
        try:
            values = table.coordinates(cells) if isinstance(cells, dict) else np.zeros((0, len(body), 2))
        except ClipError:  # reported when it is loaded
            continue
        found = values[(values[:, [nose, *shoulders]] != 0).all((1, 2)), :, 1]
        votes += [] if not len(found) else [np.median(found[:, nose] - found[:, shoulders].mean(1)) > 0]
    return bool(votes) and float(np.mean(votes)) > 0.5


def _clips(root: Path, path: Path, problems: list[Problem]) -> Iterator[dict[str, Any]]:
    """The rows of one file."""
    of_file = next((SPLIT_NAMES[word] for word in re.split(r"[^a-z]+", path.stem.lower()) if word in SPLIT_NAMES), None)
    name = path.relative_to(root).as_posix()
    table = _table(same_file(path))
    for number, cells in enumerate(table.lines()):
        where = f"{name} clip {number}"
        if isinstance(cells, ClipError):
            reason, _, way_out = str(cells).partition("; ")
            problems.append(Problem(where, "csv-fields", "error", reason, way_out or "correct the line"))
            continue
        gloss = nfc((cells.get("gloss") or cells.get(LABEL, "")).strip())
        split = cells.get("split", "").strip().lower() or of_file
        if not gloss:
            problems.append(Problem(where, "gloss-missing", "error", f"column '{LABEL}' is empty", "fill in the gloss"))
        elif split is not None and split not in SPLIT_NAMES:
            problems.append(Problem(where, "split-unknown", "error", f"split '{split}' is unknown",
                                    "use train, val or test, or leave it empty on every line"))
        else:
            clip_id = cells.get("clip_id", "").strip() or f"{path.stem}/{number:06d}"
            yield row(nfc(clip_id), f"{name}#{number}", [gloss], signer=nfc(cells.get("signer", "").strip()) or None,
                      split=split and SPLIT_NAMES[split], fps=_number(cells.get(FPS)))


def _below(root: Path, path: Path) -> Path:
    """The path of a CSV, which must be below the root, as used in the manifest."""
    if not path.is_file():
        raise CorpusError(f"annotations {path}: there is no such file; expected {LAYOUT}")
    if not path.resolve().is_relative_to(root.resolve()):
        raise CorpusError(f"annotations {path} is not below the corpus root {root}; set corpus.root to its folder")
    return root / path.resolve().relative_to(root.resolve())


def _list(cell: str, name: str) -> list[float]:
    """A cell's numbers. It is parsed as JSON and never evaluated; `nan`, as written by Python, is missing."""
    try:
        values = json.loads(cell.replace("nan", "NaN"))
    except ValueError:
        raise ClipError(f"the cell {name} is not a list of numbers: {cell[:40]!r}") from None
    if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
        raise ClipError(f"the cell {name} is not a list of numbers: {cell[:40]!r}")
    return values


def _number(cell: str | None) -> float | None:
    """A positive number, or None if the cell has none."""
    try:
        value = float(cell or "nan")
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _size(cells: dict[str, str]) -> tuple[int, int] | None:
    width, height = (_number(cells.get(name)) for name in (WIDTH, HEIGHT))
    return (round(width), round(height)) if width and height else None
