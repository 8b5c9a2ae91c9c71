"""Ground-truth joints of the built-in corpus."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slr.corpora.sample.camera import Camera
from slr.corpora.sample.kinematics import JOINTS
from slr.io.files import atomic_path

_JOINTS_KEY = b"joints"


class ClipTruth(NamedTuple):
    """A clip's ground-truth joints.

    Attributes
    ----------
    clip_id : str
    fps : float
    joints : (T, J, 3) float32 array
        Metres from the midpoint of the shoulders at rest: x to the viewer's right, y up, z towards the viewer; in the
        order of `kinematics.JOINTS`.
    camera : Camera
    """

    clip_id: str
    fps: float
    joints: np.ndarray
    camera: Camera

    @property
    def points(self) -> np.ndarray:
        """(T, J, 2) joint positions in the image: fractions of its width and height, y down."""
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
    """Ground-truth joints of a part of the corpus by clip id."""
    clips = {}
    for row in pq.read_table(path).to_pylist():
        camera = Camera(row["size"], row["scale"], (row["centre_x"], row["centre_y"]), row["distance"])
        joints = np.frombuffer(row["joints"], "<f4").reshape(row["n_frames"], len(JOINTS), 3)
        clips[row["clip_id"]] = ClipTruth(row["clip_id"], row["fps"], joints, camera)
    return clips
