"""SPOTER's landmarks, and SiLT's: CSV with one line per clip, one cell per joint and axis with the list of its values.

One file per split. Columns, as in https://github.com/matyasbohacek/spoter: `nose_X`, `nose_Y`, `leftEye_X`, ...,
`indexTip_left_X`, ... for `spoter-54`'s joints (the neck may be absent: it is then the midpoint of the shoulders; hands
may also be named `0` and `1`, or `Left` and `Right`), `labels`, and if known `video_fps`, `video_size_width`,
`video_size_height`. Values are fractions of the frame, 0 if a joint is missing; y points up in files made with Apple's
Vision API, such as the published ones, and down in those made with MediaPipe. `slr convert` adds `clip_id`, `gloss`,
`signer` and `split`, which are used if present; else the split is part of the file name: WLASL100_train_25fps.csv.

SiLT's files, https://github.com/cristinalunaj/InterpretableTransformer_SignLanguage, are alike: `RHx0`, `RHy0`, ...,
`LHx0`, ..., `Px0`, ... for the 75 joints of MediaPipe, or `x0`, `y0`, ... for the 21 of one hand; -2 if a joint is
missing; `labels` has the gloss's number for each frame. Their hands are named as MediaPipe Hands names them in a
picture that isn't mirrored: RH is the signer's left hand.
"""

import csv
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.recordings import chosen_skeleton, place, same_file, to_store
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, nfc, require_folder, row, signer_name
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import SPLIT_NAMES
from slr.dataset.skeleton import DERIVED, Skeleton, skeleton
from slr.errors import ClipError, CorpusError, ParamsError
from slr.io.files import entries, parse_json
from slr.params import ImportedParams

LAYOUT = "ROOT/<name>_train.csv, ... in SPOTER's or SiLT's format, or corpus.annotations: one such file"
SPOTER, SILT = "spoter-54", ("holistic-75", "right-hand-21")
"""Skeletons of the files, by their authors."""
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


def silt_columns(joints: str) -> dict[str, tuple[str, str]]:
    """SiLT's names of the x and y columns of each joint of one of its skeletons, in the files' order."""
    body = skeleton(joints)
    parts = {"right_hand": ""} if len(body.parts) == 1 else {"left_hand": "RH", "right_hand": "LH", "pose": "P"}
    return {joint: (f"{prefix}x{i}", f"{prefix}y{i}") for part, prefix in parts.items()
            for i, joint in enumerate(body.parts[part])}


MISSING = {SPOTER: 0.0, **dict.fromkeys(SILT, -2.0)}
"""Value of a missing joint, by the file's skeleton."""


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The skeleton of the first file that can be read, by its columns; the settings may name one of the three.

    Raises
    ------
    ParamsError
        For another skeleton.
    """
    chosen = chosen_skeleton(root, settings)
    if chosen is not None and chosen.name not in MISSING:
        raise ParamsError(f"corpus.imported.skeleton: no CSV has the joints of '{chosen.name}'; use "
                          f"{', '.join(MISSING)}, or null for those of the first file")
    if chosen is not None:
        return chosen
    for path in [*entries(root, "*.csv"), *entries(root, "*/**/*.csv")]:
        try:
            return _table(same_file(path)).joints
        except CorpusError:  # of another kind; `scan` tells
            continue
    return skeleton(SPOTER)


def scan(root: str | Path, annotations: str | None = None, *, workers: int = 0) -> Scan:
    """The clips of all CSV files in the root, or of the one given; named `<file>/<line>` without a `clip_id`.

    Raises
    ------
    CorpusError
        If there is no CSV, or one lacks the columns.
    """
    folder = require_folder(root)
    files = entries(folder, "*.csv") if annotations is None else [_below(folder, Path(annotations))]
    if not files:
        raise CorpusError(f"{root} holds no CSV file; expected {LAYOUT}")
    problems: list[Problem] = []
    rows = [clip for path in files for clip in _clips(folder, path, problems)]
    return collect(rows, problems), problems


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One clip, (T, J, 2) fractions of the frame, y down.

    Raises
    ------
    ClipError
        If its line no longer exists, a cell isn't a list of numbers as long as the others, or the file has other joints
        than the corpus.
    """
    path, number = place(root, media)
    table = _table(same_file(path))
    if number >= len(table):
        raise ClipError(f"{path.name} has {len(table)} clips, none of number {number}; run `dvc repro corpus` again")
    cells = table.line(number)
    values = table.coordinates(cells)
    y_up = _y_up(same_file(path)) if settings.y_axis == "auto" else settings.y_axis == "up"
    body = joints(root, settings)
    if table.joints != body:
        raise ClipError(f"{path.name} has the joints of {table.joints.name}, the corpus those of {body.name}; keep "
                        "files of one kind below the root, and set corpus.imported.skeleton to theirs")
    coordinates, size = to_store(values, body, settings, size=_size(cells), y_up=y_up, missing=MISSING[body.name])
    for joint in table.absent:
        of = [body.index(source) for source in DERIVED[joint]]
        coordinates[:, body.index(joint)] = coordinates[:, of].mean(1)
    return ClipLandmarks(media, _number(cells.get(FPS)) or settings.fps, *size, coordinates)


class _Table:
    """A CSV of SPOTER's or SiLT's, with random access to lines: a file may be larger than the memory.

    Attributes
    ----------
    joints : Skeleton
        By the names of the columns.
    absent : list of str
        Joints without columns that are derived from others.

    Raises
    ------
    CorpusError
        If the file isn't UTF-8 CSV with SPOTER's or SiLT's columns.
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
        silt = next((name for name in SILT if next(iter(silt_columns(name).values()))[0] in self._header), None)
        self.joints = skeleton(silt or SPOTER)
        self._columns, self.absent = self._silts(silt) if silt else self._spoters()
        if LABEL not in self._header and "gloss" not in self._header:
            raise CorpusError(f"{self.path} has no column '{LABEL}'; add each line's gloss, or its number")

    def _silts(self, joints: str) -> tuple[dict[str, tuple[str, str]], list[str]]:
        """As `_spoters`."""
        columns = silt_columns(joints)
        if lacking := [name for names in columns.values() for name in names if name not in self._header]:
            raise CorpusError(f"{self.path} has no column {lacking[0]}; SiLT's files have x and y of all joints of "
                              f"{joints}")
        return columns, []

    def _spoters(self) -> tuple[dict[str, tuple[str, str]], list[str]]:
        """Names of the x and y columns of each joint, and the derivable joints without columns."""
        columns: dict[str, tuple[str, str]] = {}
        absent: list[str] = []
        for joint in self.joints.joints:
            spellings = [column(joint, {side: names[i] for side, names in _HANDS.items()}) for i in range(3)]
            found = next((name for name in spellings if f"{name}_X" in self._header), None)
            if found is not None and f"{found}_Y" in self._header:
                x, y = (f"{found}_{axis}" for axis in _AXES)
                columns[joint] = x, y
            elif joint in DERIVED:
                absent.append(joint)
            else:
                raise CorpusError(f"{self.path} has no columns {spellings[0]}_X and {spellings[0]}_Y; is it in "
                                  "SPOTER's or SiLT's format?")
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
        """(T, J, 2) float64; 0 for absent joints."""
        paths = {joint: [_list(cells[name], name) for name in names] for joint, names in self._columns.items()}
        lengths = {len(values) for path in paths.values() for values in path}
        if len(lengths) > 1:
            first = len(next(iter(paths.values()))[0])
            other = next(names[axis] for joint, names in self._columns.items() for axis in range(2)
                         if len(paths[joint][axis]) != first)
            raise ClipError(f"lists of different lengths: {first} values in {next(iter(self._columns.values()))[0]}, "
                            f"{min(lengths)} to {max(lengths)} in others, such as {other}")
        absent = np.zeros((2, *lengths))
        return np.stack([paths.get(joint, absent) for joint in self.joints.joints]).transpose(2, 0, 1)

    def gloss(self, cells: dict[str, str]) -> str:
        """A line's gloss, or its number, which SiLT's files have once for each frame; empty if there is none.

        Raises
        ------
        ClipError
            If the numbers differ, or aren't numbers.
        """
        name = nfc((cells.get("gloss") or cells.get(LABEL, "")).strip())
        if not name.startswith("["):
            return name
        numbers = set(_list(name, LABEL))
        if len(numbers) > 1:
            raise ClipError(f"the frames of a clip have different numbers in '{LABEL}': {sorted(numbers)[:3]}; cut the "
                            "clip where the gloss changes")
        return f"{numbers.pop():g}" if numbers else ""


@lru_cache(maxsize=8)
def _table(file: tuple[str, int, int]) -> _Table:
    return _Table(Path(file[0]))


@lru_cache(maxsize=8)
def _y_up(file: tuple[str, int, int]) -> bool:
    """Whether noses are above shoulders in y, in most of the file's first clips; SiLT's are all MediaPipe's: y down."""
    table = _table(file)
    body = table.joints
    if body.name in SILT:
        return False
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
        try:
            if isinstance(cells, ClipError):
                raise cells
            gloss = table.gloss(cells)
        except ClipError as error:
            reason, _, way_out = str(error).partition("; ")
            problems.append(Problem(where, "csv-fields", "error", reason, way_out or "correct the line"))
            continue
        split = cells.get("split", "").strip().lower() or of_file
        if not gloss:
            problems.append(Problem(where, "gloss-missing", "error", f"column '{LABEL}' is empty", "fill in the gloss"))
        elif split is not None and split not in SPLIT_NAMES:
            problems.append(Problem(where, "split-unknown", "error", f"split '{split}' is unknown",
                                    "use train, val or test, or leave it empty on every line"))
        else:
            clip_id = cells.get("clip_id", "").strip() or f"{path.stem}/{number:06d}"
            yield row(nfc(clip_id), f"{name}#{number}", [gloss], signer=signer_name(cells.get("signer", "").strip()),
                      split=split and SPLIT_NAMES[split], fps=_number(cells.get(FPS)))


def _below(root: Path, path: Path) -> Path:
    """The path of a CSV, which must be below the root, as used in the manifest."""
    if not path.is_file():
        raise CorpusError(f"annotations {path}: there is no such file; expected {LAYOUT}")
    if not path.resolve().is_relative_to(root.resolve()):
        raise CorpusError(f"annotations {path} is not below the corpus root {root}; set corpus.root to its folder")
    return root / path.resolve().relative_to(root.resolve())


def _list(cell: str, name: str) -> list[float]:
    """A cell's numbers. It is parsed as JSON and never evaluated; `nan`, as Python writes it, is missing, and `-2.`, as
    NumPy writes it, -2."""
    try:
        values = parse_json(re.sub(r"\.(?!\d)", ".0", cell.replace("nan", "NaN")))
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
