"""COCO-WholeBody's 133 keypoints (Jin et al., ECCV 2020) in JSON: one file per clip, as several programs write it.

- MMPose: `[{"frame_id": 0, "instances": [{"keypoints": [[x, y], ...], "keypoint_scores": [...]}, ...]}, ...]`, or such
  a list as `instance_info`;
- COCO's results and annotations, AlphaPose: `[{"image_id": 0, "keypoints": [x, y, confidence, ...]}, ...]`, or such a
  list as `annotations`, an entry per person. `keypoints` has all 133, or the body's 17 beside `foot_kpts`, `face_kpts`,
  `lefthand_kpts`, `righthand_kpts`. `image_id` is the frame's number, or a name that ends in it, such as `12.jpg`.

x and y are in pixels. Every joint has a position; `corpus.imported.confidence` says which are missing. A CSV lists the
files, as for recordings (`slr.corpora.folder`): `path` and `gloss`, optionally `signer`, `split`, `glosses`.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.keypoints import chosen, clearest, clip_of, read_json, whole_body
from slr.corpora.imported.listed import scan_listed
from slr.corpora.imported.recordings import file_of
from slr.corpora.reading import Scan
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import ClipError
from slr.params import ImportedParams

SUFFIXES = (".json",)
LAYOUT = "a CSV with the columns path,gloss that lists JSON files of COCO-WholeBody's 133 keypoints"
BODY = ("nose", *(f"{side}_{joint}" for joint in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
                  for side in ("left", "right")))
FEET = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in ("big_toe", "small_toe", "heel"))
BODY_AND_HANDS, WHOLE = whole_body("wholebody", BODY + FEET, [
    ("nose", "left_eye"), ("nose", "right_eye"), ("left_ear", "left_shoulder"), ("right_ear", "right_shoulder"),
    ("left_shoulder", "right_shoulder"), ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip")], 68)
_FIELDS = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
_SPARSEST = 20
"""A list of frames whose numbers span more than this many times their count isn't that of a video."""


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The skeleton in the settings (`wholebody-133` has the face), or `wholebody-65`: body and hands."""
    return chosen(root, settings, BODY_AND_HANDS, WHOLE)


def scan(root: str | Path, annotations: str | list[str] | None = None, *, workers: int = 0) -> Scan:
    """The clips of the CSV, named after their files; see `slr.corpora.imported.listed.scan_listed`."""
    return scan_listed(root, annotations, SUFFIXES, LAYOUT, workers)


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One clip, x and y, from its first to its last frame; of several people, the one of highest confidence.

    Raises
    ------
    ClipError
        If the file can't be read, has another form, or another number of keypoints.
    """
    path = file_of(root, media)
    try:
        people = _people(read_json(path))
    except (LookupError, TypeError, ValueError) as error:
        raise ClipError(f"{path.name} is neither MMPose's JSON nor COCO's ({type(error).__name__}: {error})") from None
    if strange := {len(person) for of_frame in people.values() for person in of_frame} - {len(WHOLE)}:
        raise ClipError(f"{path.name} has {strange.pop()} keypoints a person, not COCO-WholeBody's {len(WHOLE)}")
    first, last = min(people, default=0), max(people, default=-1)
    if last - first >= _SPARSEST * max(1, len(people)):
        raise ClipError(f"{path.name}: {len(people)} frames are numbered from {first} to {last}, as no video's are")
    values = [clearest(people.get(frame, []), len(WHOLE)) for frame in range(first, last + 1)]
    return clip_of(media, np.array(values, np.float32), WHOLE, joints(root, settings), settings)


def _people(content: Any) -> dict[int, list[np.ndarray]]:
    """The people (J, 3) in each frame: x, y, confidence."""
    found: dict[int, list[np.ndarray]] = {}
    if isinstance(content, dict):
        content = content["instance_info"] if "instance_info" in content else content["annotations"]
    for entry in content:
        if "instances" in entry:
            of_frame = found.setdefault(int(entry["frame_id"]), [])
            of_frame += [np.column_stack([person["keypoints"], person["keypoint_scores"]])
                         for person in entry["instances"]]
        else:
            numbers = [number for field in _FIELDS for number in entry.get(field, [])]
            found.setdefault(_frame(entry["image_id"]), []).append(np.reshape(np.array(numbers, np.float32), (-1, 3)))
    return found


def _frame(image_id: int | str) -> int:
    """The number of a frame: the last one in its name."""
    return int(re.findall(r"\d+", Path(str(image_id)).stem)[-1])
