"""Common code of the 2-D keypoint formats with body, face and hands: OpenPose's and COCO-WholeBody's.

Their hands have MediaPipe's points in the same order. Faces have the 68 points of dlib and 300-W, and OpenPose's both
pupils too. Left and right are the signer's.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.recordings import chosen_skeleton, to_store
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import HAND, HAND_BONES, Skeleton, define
from slr.errors import ClipError, ParamsError
from slr.io.files import parse_json
from slr.params import ImportedParams

LIMBS = tuple((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in (
    ("eye", "ear"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "heel"),
    ("ankle", "big_toe"), ("big_toe", "small_toe")))
"""Bones of one side of the body."""
_FACE_PAIRS = (  # a point of the signer's right half, and its counterpart
    *((i, 16 - i) for i in range(8)), *((i, 43 - i) for i in range(17, 22)), (31, 35), (32, 34), (36, 45), (37, 44),
    (38, 43), (39, 42), (40, 47), (41, 46), (48, 54), (49, 53), (50, 52), (58, 56), (59, 55), (60, 64), (61, 63),
    (67, 65), (68, 69))


def face(n_points: int) -> list[str]:
    """Names of a face's points, in which mirrored points differ by `left` and `right`."""
    names = {i: f"face68_{i}" for i in range(n_points)}
    for right, left in _FACE_PAIRS:
        if left < n_points:
            names |= {right: f"face68_right_{right}", left: f"face68_left_{right}"}
    return list(names.values())


def whole_body(name: str, body: Sequence[str], bones: Sequence[tuple[str, str]], n_face: int) -> tuple[
        Skeleton, Skeleton]:
    """The skeletons of body and hands, and of body, face and hands; registered as `<name>-<joints>`."""
    hands = {f"{side}_hand": [f"{side}_hand_{joint}" for joint in HAND] for side in ("left", "right")}
    links = [*bones, *LIMBS]
    for side in ("left", "right"):
        links += [(f"{side}_wrist", f"{side}_hand_wrist"),
                  *((f"{side}_hand_{a}", f"{side}_hand_{b}") for a, b in HAND_BONES)]
    both = []
    for parts in ({"pose": list(body), **hands}, {"pose": list(body), "face": face(n_face), **hands}):
        n_joints = sum(map(len, parts.values()))
        both.append(define({"name": f"{name}-{n_joints}", "parts": parts, "bones": links}, name))
    return both[0], both[1]


def chosen(root: str | Path, settings: ImportedParams, default: Skeleton, everything: Skeleton) -> Skeleton:
    """The skeleton in the settings, or the default; raises ParamsError for joints that the format hasn't."""
    found = chosen_skeleton(root, settings) or default
    if strange := sorted(set(found.joints) - set(everything.joints)):
        raise ParamsError(f"corpus.imported.skeleton: '{found.name}' has joint '{strange[0]}', which is not in the "
                          f"files; use {default.name}, {everything.name}, hands-42, or a file with joints of theirs")
    return found


def read_json(path: Path) -> Any:
    """The file's content; raises ClipError if it isn't JSON."""
    try:
        return parse_json(path.read_bytes())
    except (ValueError, OSError) as error:
        raise ClipError(f"{path.name} can't be read as JSON ({error})") from None


def clearest(people: Sequence[np.ndarray], n_joints: int) -> np.ndarray:
    """(J, 3): of several people (J, 3) in a frame, the one of highest total confidence; NaN if there is none."""
    return max(people, key=lambda person: np.nansum(person[:, 2]), default=np.full((n_joints, 3), np.nan))


def clip_of(media: str, values: np.ndarray, everything: Skeleton, wanted: Skeleton,
            settings: ImportedParams) -> ClipLandmarks:
    """A clip of (T, J, 3) x, y and confidence; joints of at most `settings.confidence` are missing.

    Raises
    ------
    ClipError
        For pixels without a frame size, or if there are no frames.
    """
    if not len(values):
        raise ClipError(f"{media} has no frames")
    places = values[..., :2].copy()
    places[~(values[..., 2] > settings.confidence)] = np.nan
    kept = [everything.index(joint) for joint in wanted.joints]
    coordinates, size = to_store(places[:, kept], wanted, settings, y_up=settings.y_axis == "up")
    return ClipLandmarks(media, settings.fps, *size, coordinates)
