"""OpenPose's JSON (Cao et al., PAMI 2019; `--write_json`): a folder per clip with one file per frame.

`<clip>/<name>_000000000000_keypoints.json`: `people`, each with `pose_keypoints_2d` (25 joints, BODY_25),
`hand_left_keypoints_2d` and `hand_right_keypoints_2d` (21 each), `face_keypoints_2d` (70), as x, y, confidence; an
empty array, or a confidence of 0, is missing. x and y are in pixels by default, or fractions with `--keypoint_scale 3`.
A CSV lists the folders, as for recordings (`slr.corpora.folder`): `path` and `gloss`, optionally `signer`, `split`,
`glosses`.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.keypoints import chosen, clearest, clip_of, read_json, whole_body
from slr.corpora.imported.listed import scan_listed
from slr.corpora.reading import Scan
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import ClipError
from slr.io.files import entries, inside
from slr.params import ImportedParams

LAYOUT = "a CSV with the columns path,gloss that lists folders of OpenPose's <name>_<frame>_keypoints.json"
BODY_25 = ("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
           "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye",
           "left_eye", "right_ear", "left_ear", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe",
           "right_small_toe", "right_heel")
BODY_AND_HANDS, WHOLE = whole_body("openpose", BODY_25, [
    ("neck", "nose"), ("nose", "left_eye"), ("nose", "right_eye"), ("neck", "left_shoulder"),
    ("neck", "right_shoulder"), ("neck", "mid_hip"), ("mid_hip", "left_hip"), ("mid_hip", "right_hip")], 70)
_FIELDS = {"pose": "pose_keypoints_2d", "face": "face_keypoints_2d", "left_hand": "hand_left_keypoints_2d",
           "right_hand": "hand_right_keypoints_2d"}


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The skeleton in the settings (`openpose-137` has the face), or `openpose-67`: body and hands."""
    return chosen(root, settings, BODY_AND_HANDS, WHOLE)


def scan(root: str | Path, annotations: str | list[str] | None = None, *, workers: int = 0) -> Scan:
    """The clips of the CSV, named after their folders; see `slr.corpora.imported.listed.scan_listed`."""
    return scan_listed(root, annotations, (), LAYOUT, workers, frames=(".json",))


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One clip, x and y; of several people in a frame, the one of highest confidence.

    Raises
    ------
    ClipError
        If a file can't be read, or its arrays are of another model than BODY_25.
    """
    folder = inside(root, media)
    files = sorted(entries(folder, "*.json"), key=_frame)
    values = [clearest([_person(person, path) for person in _people(path)], len(WHOLE)) for path in files]
    return clip_of(media, np.array(values, np.float32), WHOLE, joints(root, settings), settings)


def _frame(path: Path) -> tuple[int, str]:
    """The frame number, which is the last one in the name."""
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else 0, path.name


def _people(path: Path) -> list[dict[str, Any]]:
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("people"), list):
        raise ClipError(f"{path.name} has no list 'people', so it isn't OpenPose's")
    return content["people"]


def _person(person: dict[str, Any], path: Path) -> np.ndarray:
    """(137, 3) x, y, confidence."""
    values = []
    for part, names in WHOLE.parts.items():
        numbers = person.get(_FIELDS[part]) or [np.nan] * 3 * len(names)
        if len(numbers) != 3 * len(names):
            raise ClipError(f"{path.name}: {_FIELDS[part]} has {len(numbers)} numbers, not 3 x {len(names)}; run "
                            "OpenPose with --model_pose BODY_25")
        values.append(np.reshape(np.array(numbers, np.float32), (-1, 3)))
    return np.concatenate(values)
