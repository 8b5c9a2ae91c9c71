"""The true joints of the built-in corpus, and how far extracted landmarks are from them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slr.corpora.sample.camera import Camera
from slr.corpora.sample.kinematics import JOINTS
from slr.errors import CorpusError
from slr.files import atomic_path
from slr.skeleton import Skeleton

if TYPE_CHECKING:
    from slr.landmarks.store import ClipLandmarks

_JOINTS_KEY = b"joints"
_PARTS = {
    "pose": tuple(joint for joint in JOINTS if "_hand_" not in joint),
    "left_hand": tuple(joint for joint in JOINTS if joint.startswith("left_hand_")),
    "right_hand": tuple(joint for joint in JOINTS if joint.startswith("right_hand_")),
}


class ClipTruth(NamedTuple):
    """A clip's true joints.

    Attributes
    ----------
    clip_id : str
    fps : float
    joints : (T, J, 3) float32 array
        Metres from the middle of the shoulders at rest: x to the viewer's right, y up, z towards the viewer; in the
        order of `kinematics.JOINTS`.
    camera : Camera
    """

    clip_id: str
    fps: float
    joints: np.ndarray
    camera: Camera

    @property
    def points(self) -> np.ndarray:
        """(T, J, 2) where the joints are in the picture: fractions of its width and height, y down."""
        return self.camera.project(self.joints)[0][..., :2] / self.camera.size


def write_truth(path: str | Path, clips: list[ClipTruth]) -> None:
    """Write one row per clip: `clip_id`, `fps`, `n_frames`, the camera, and `joints` as little-endian float32."""
    rows = [{
        "clip_id": clip.clip_id, "fps": clip.fps, "n_frames": len(clip.joints),
        "size": clip.camera.size, "scale": clip.camera.scale, "centre_x": clip.camera.centre[0],
        "centre_y": clip.camera.centre[1], "distance": clip.camera.distance,
        "joints": clip.joints.astype("<f4").tobytes(),
    } for clip in clips]
    table = pa.Table.from_pylist(rows).replace_schema_metadata({_JOINTS_KEY: ",".join(JOINTS).encode()})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_truth(path: str | Path) -> dict[str, ClipTruth]:
    """True joints of a part of the corpus by clip id."""
    clips = {}
    for row in pq.read_table(path).to_pylist():
        camera = Camera(row["size"], row["scale"], (row["centre_x"], row["centre_y"]), row["distance"])
        joints = np.frombuffer(row["joints"], "<f4").reshape(row["n_frames"], len(JOINTS), 3)
        clips[row["clip_id"]] = ClipTruth(row["clip_id"], row["fps"], joints, camera)
    return clips


def extraction_error(root: str | Path, landmarks: str | Path) -> dict[str, float]:
    """How far extracted landmarks are from the true joints, and how often they were found.

    Parameters
    ----------
    root : path
        The corpus, with its `truth/`.
    landmarks : path
        A landmark store with the joints of MediaPipe's pose and hands.

    Returns
    -------
    dict of str to float
        `error_<part>`: mean distance in the picture over detected joints, in shoulder widths (the true ones, in the
        picture); `detected_<part>`: share of frames where the part was found; for pose, left_hand, right_hand, and
        `detected_face` where the landmarks have a face; `clips`, `frames`.

    Raises
    ------
    CorpusError
        If there is no truth, no clip in common, or a clip has landmarks of frames that were never drawn.
    """
    from slr.landmarks.store import LandmarkStore

    truths: dict[str, ClipTruth] = {}
    for path in sorted(Path(root).glob("truth/*.parquet")):
        truths |= read_truth(path)
    if not truths:
        raise CorpusError(f"there are no true joints in {root}/truth; render the built-in corpus first")
    store = LandmarkStore(landmarks)
    common = [clip_id for clip_id in store.clip_ids if clip_id in truths]
    if not common:
        raise CorpusError(f"no clip of {landmarks} is in {root}; extract the landmarks of the built-in corpus")
    distances: dict[str, list[np.ndarray]] = {part: [] for part in _PARTS}
    detected: dict[str, list[np.ndarray]] = {part: [] for part in store.skeleton.parts}
    for clip_id in common:
        clip = store[clip_id]
        for part, joints in store.skeleton.part_slices.items():
            detected[part].append(clip.mask[:, joints].any(1))
        for part, values in distances.items():
            values.append(_distances(clip, store.skeleton, truths[clip_id], part))
    found = {part: np.concatenate(values) for part, values in detected.items()}
    result = {f"error_{part}": float(np.nanmean(np.concatenate(values))) for part, values in distances.items()
              if found[part].any()}
    result |= {f"detected_{part}": float(frames.mean()) for part, frames in found.items()}
    return result | {"clips": len(common), "frames": len(found["pose"])}


def _distances(clip: "ClipLandmarks", joints: Skeleton, truth: ClipTruth, part: str) -> np.ndarray:
    """(T, joints of the part) distances in shoulder widths; NaN where not detected."""
    if clip.frame_numbers[-1] >= len(truth.joints):
        raise CorpusError(f"clip '{clip.clip_id}' has landmarks of frame {clip.frame_numbers[-1]} and true joints of "
                          f"{len(truth.joints)} frames; extract the landmarks of this very corpus")
    points = truth.points[clip.frame_numbers]
    shoulders = points[:, [JOINTS.index("left_shoulder"), JOINTS.index("right_shoulder")]]
    width = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1)
    extracted = clip.coordinates[:, [joints.index(joint) for joint in _PARTS[part]], :2]
    true = points[:, [JOINTS.index(joint) for joint in _PARTS[part]]]
    return np.linalg.norm(extracted - true, axis=-1) / width[:, None]
