"""`.pose` files (https://github.com/sign-language-processing/pose): one per clip, listed with their glosses in a CSV.

The CSV is that of recordings (`slr.corpora.folder`): `path` and `gloss`, optionally `signer`, `split`, `glosses`. A
file specifies its joints, frame rate and frame size; a joint of confidence 0 is missing, and of several people the one
with most joints is used. Coordinates are in pixels by the format's specification, but many files hold fractions of the
frame, or coordinates normalised by the shoulders (`Pose.normalize`): `slr.corpora.imported.units` recognises them.
MediaPipe Holistic's components become `holistic-75`, or `holistic-553` if the face has its 478 points; world landmarks
are left out. Any other file's components become parts of a skeleton of its own.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slr.corpora.imported.listed import scan_listed
from slr.corpora.imported.recordings import chosen_skeleton, file_of, same_file
from slr.corpora.imported.units import Units, from_normalised, units_of, width_of
from slr.corpora.lists import read_list, tables
from slr.corpora.places import LineError, listed_media, start_folders
from slr.corpora.reading import Scan
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import BUILT_IN, Skeleton, define, skeleton
from slr.errors import ClipError, CorpusError
from slr.io.files import entries
from slr.params import ImportedParams

if TYPE_CHECKING:
    from pose_format import Pose
    from pose_format.pose_header import PoseHeaderComponent

SUFFIXES = (".pose",)
LAYOUT = "a CSV with the columns path,gloss that lists .pose files"
COMPONENTS = {"POSE_LANDMARKS": "pose", "LEFT_HAND_LANDMARKS": "left_hand", "RIGHT_HAND_LANDMARKS": "right_hand",
              "FACE_LANDMARKS": "face"}
"""MediaPipe Holistic's components, and the parts of our skeletons."""
_LEFT_OUT = "POSE_WORLD_LANDMARKS"  # metres from the hips: a different space
_REACH = 6.0
"""No joint but the feet is further from the middle of the shoulders, in widths of the shoulders."""
_HOLISTIC = ("holistic-553", "holistic-75", "holistic-67", "hands-42")


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The skeleton in the settings, or that of the first file that can be read: of those that the root's lists name,
    in their order, then of all by name.

    Raises
    ------
    CorpusError
        If there is no file, or none that can be read.
    """
    chosen = chosen_skeleton(root, settings)
    if chosen is not None:
        return chosen
    reasons = []
    for path in _files(Path(root)):
        try:
            return _skeleton_of_file(same_file(path))
        except ClipError as error:  # reported when it is loaded, if it is listed
            reasons.append(str(error))
    if not reasons:
        raise CorpusError(f"{root} holds no .pose files; expected {LAYOUT}")
    raise CorpusError(f"no .pose file in {root} can be read: {reasons[0]}; replace them, or set "
                      "corpus.imported.skeleton")


def _files(root: Path) -> Iterator[Path]:
    """The `.pose` files that lists in the root name, in their order; then all."""
    for name, table in _named(tuple(same_file(path) for path in tables(root))):
        try:
            media = root / listed_media(root, start_folders(root, Path(table)), name, ())
        except (LineError, CorpusError):  # `scan` tells
            continue
        if media.suffix.lower() in SUFFIXES:
            yield media
    yield from _all(root, root.stat().st_mtime_ns if root.exists() else 0)


@lru_cache(maxsize=4)
def _all(root: Path, changed_ns: int) -> list[Path]:
    """All `.pose` files by name, listed once and not for each clip."""
    return list(entries(root, "**/*.pose"))


@lru_cache(maxsize=8)
def _named(files: tuple[tuple[str, int, int], ...]) -> list[tuple[str, str]]:
    """The paths in lists, each with its list's."""
    named = []
    for file, *_ in files:
        with suppress(CorpusError):  # `scan` tells
            table = read_list(Path(file), [])
            named += [(table.values(fields)["path"], file) for _, fields in table.lines]
    return named


def scan(root: str | Path, annotations: str | list[str] | None = None, *, workers: int = 0) -> Scan:
    """The clips of the CSV, named after their files; see `slr.corpora.imported.listed.scan_listed`."""
    return scan_listed(root, annotations, SUFFIXES, LAYOUT, workers)


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One clip: x, y, z and the confidence as visibility; for a file without z, x and y.

    z is unchanged if all components are MediaPipe Holistic's, where it is in frame widths; otherwise it is in the unit
    of x. Normalised coordinates become those of a signer in the middle of a square frame.

    Raises
    ------
    ClipError
        If the file can't be read, or lacks a joint of the corpus's skeleton; for pixels without a frame size.
    """
    person = _person(same_file(file_of(root, media)), joints(root, settings), settings)
    coordinates, size = _to_store(person, _units(person, settings), settings)
    return ClipLandmarks(media, person.fps, *size, coordinates)


def units(root: str | Path, media: str, settings: ImportedParams) -> Units:
    """Units of one file's x and y: `corpus.imported.units`, or by default recognised by their values."""
    return _units(_person(same_file(file_of(root, media)), joints(root, settings), settings), settings)


class _Person(NamedTuple):
    """The person of a file, and what its header says.

    Attributes
    ----------
    name : str
        The file's, for messages.
    values : array (T, J, 2 or 3) float32
        As in the file.
    confidence : array (T, J) float32
    gone : array (T, J) bool
        Which joints are missing.
    fps : float
    size : (int, int)
        Frame width and height in pixels; 0 if unknown.
    holistic : bool
        Whether all components are MediaPipe Holistic's.
    joints : Skeleton
    """

    name: str
    values: np.ndarray
    confidence: np.ndarray
    gone: np.ndarray
    fps: float
    size: tuple[int, int]
    holistic: bool
    joints: Skeleton


@lru_cache(maxsize=1)
def _person(file: tuple[str, int, int], wanted: Skeleton, settings: ImportedParams) -> _Person:
    """The wanted joints of the person of whom most are found: bystanders are seen in part, or for a short time."""
    path = Path(file[0])
    pose = read_pose(path)
    point_of = {name: i for i, name in enumerate(_names(pose.header.components)) if name is not None}
    missing = [joint for joint in wanted.joints if joint not in point_of]
    if missing:
        raise ClipError(f"{path.name} has no joint '{missing[0]}' of '{wanted.name}' (its components: "
                        f"{', '.join(component.name for component in pose.header.components)})")
    kept = [point_of[joint] for joint in wanted.joints]
    values = np.array(pose.body.data.data, np.float32)[:, :, kept, :3]
    confidence = np.array(pose.body.confidence, np.float32)[:, :, kept]
    gone = (confidence == 0) | np.isnan(values).any(-1)
    if settings.missing is not None:
        gone |= (values[..., :2] == np.float32(settings.missing)).all(-1)
    most = int((~gone).sum((0, 2)).argmax())
    fps = float(pose.body.fps)
    return _Person(path.name, values[:, most], confidence[:, most], gone[:, most],
                   fps if 0 < fps < math.inf else settings.fps,
                   (pose.header.dimensions.width, pose.header.dimensions.height),
                   is_holistic(component.name for component in pose.header.components), wanted)


def _units(person: _Person, settings: ImportedParams) -> Units:
    if settings.units != "fraction":
        return settings.units
    return units_of(person.values[~person.gone, :2], _shoulders(person))


def _to_store(person: _Person, units: Units, settings: ImportedParams) -> tuple[np.ndarray, tuple[int, int]]:
    """Coordinates in the store's units, and the frame size."""
    values, size = person.values.copy(), person.size if all(person.size) else settings.size
    if person.joints.space == "metric":
        size = (1, 1)
    elif units == "normalised":
        if person.holistic and size:
            values[..., 2:] *= size[0]  # it was in widths where x was in pixels, and was divided by the same number
        from_normalised(values, _unit(person))
        size = (1, 1)
    elif units == "pixel":
        if size is None:
            raise ClipError(f"{person.name} has no frame size; write it with its width and height, or set "
                            "corpus.imported.size: [WIDTH, HEIGHT]")
        values[..., :2] /= np.array(size, np.float32)
        if not person.holistic:
            values[..., 2:] /= size[0]
    coordinates = values if values.shape[2] < 3 else np.concatenate([values, person.confidence[..., None]], -1)
    coordinates[person.gone] = np.nan
    return coordinates, size or (1, 1)


def _unit(person: _Person) -> float:
    """Width of the shoulders of normalised coordinates: 1, or measured if they were multiplied by a factor."""
    places, shoulders = person.values[~person.gone, :2], _shoulders(person)
    spread = float(np.percentile(np.abs(places), 95)) if len(places) else 0.0
    if spread <= _REACH:
        return 1.0
    return width_of(shoulders) if len(shoulders) else spread / _REACH


def _shoulders(person: _Person) -> np.ndarray:
    """(T, 2, 2) positions of both shoulders in the frames that have both; none of a skeleton without them."""
    names = ("left_shoulder", "right_shoulder")
    if not set(names) <= set(person.joints.joints):
        return np.empty((0, 2, 2), np.float32)
    sides = [person.joints.index(name) for name in names]
    return person.values[~person.gone[:, sides].any(1)][:, sides, :2]


def read_pose(path: Path) -> "Pose":
    """A `.pose` file with at least one person in it; raises ClipError if it can't be read."""
    from pose_format import Pose

    content = path.read_bytes()
    try:
        pose = Pose.read(content)
        n_points = pose.header.total_points()
    except Exception as error:  # the library raises arbitrary errors for invalid bytes
        raise ClipError(f"{path.name} can't be read as .pose ({type(error).__name__}: {error})") from None
    shape = pose.body.data.shape
    if len(shape) != 4 or not shape[1] or shape[2] != n_points or shape[3] < 2:
        raise ClipError(f"{path.name} holds an array {shape}, not (frames, people, {n_points} points, 2 or 3 axes)")
    return pose


def is_holistic(components: Iterable[str]) -> bool:
    """Whether all of these are components of MediaPipe Holistic."""
    return all(name in COMPONENTS or name == _LEFT_OUT for name in components)


def point_name(part: str, point: str) -> str:
    """Our name of a point of MediaPipe Holistic: `left_hand`, `INDEX_FINGER_MCP` -> `left_hand_index_mcp`."""
    name = point.lower().replace("_finger", "")
    return name if part == "pose" else f"{part}_{name}"


def _names(components: "Sequence[PoseHeaderComponent]") -> list[str | None]:
    """Our name of each point: a joint's, or the point's own, prefixed with its component if several have that point.

    None for points that are left out.
    """
    times = Counter(point for component in components for point in component.points)
    names: list[str | None] = []
    for component in components:
        for point in component.points:
            if component.name == _LEFT_OUT:
                names.append(None)
            elif component.name in COMPONENTS:
                names.append(point_name(COMPONENTS[component.name], point))
            else:
                names.append(point if times[point] == 1 else f"{component.name}_{point}")
    return names


@lru_cache(maxsize=8)
def _skeleton_of_file(file: tuple[str, int, int]) -> Skeleton:
    """The built-in skeleton with the same joints, the available part of Holistic's, or one of the file's own."""
    components = read_pose(Path(file[0])).header.components
    names = _names(components)
    joints = {name for name in names if name is not None}
    same = [skeleton(name) for name in BUILT_IN if set(skeleton(name).joints) == joints]
    if is_holistic(component.name for component in components):
        same += [skeleton(name) for name in _HOLISTIC if set(skeleton(name).joints) <= joints]
    return same[0] if same else _own_skeleton(components, names)


def _own_skeleton(components: "Sequence[PoseHeaderComponent]", names: list[str | None]) -> Skeleton:
    """The components as parts and their limbs as bones; named by its content, so equal skeletons have the same name."""
    parts, bones, start = {}, [], 0
    for component in components:
        of_component = names[start:start + len(component.points)]
        start += len(component.points)
        if component.name != _LEFT_OUT:
            parts[component.name] = of_component
            bones += [[of_component[a], of_component[b]] for a, b in component.limbs]
    content = hashlib.md5(json.dumps([parts, bones]).encode(), usedforsecurity=False).hexdigest()[:8]
    return define({"name": f"pose-{content}", "parts": parts, "bones": bones}, "the .pose files' header")
