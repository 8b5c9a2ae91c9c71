"""The joints that MediaPipe and the Kinect have in common, so that a model of the one reads the other.

Nine joints: head, and of each side shoulder, elbow, wrist and hand. Both corpora are kept as images: x to the right of
the picture, y down, z away from the camera, so that a signer who faces the camera has the right hand at the left.

=============  ==============================================  =================================
joint          MediaPipe Holistic (image, without the hands')  Kinect (metres)
=============  ==============================================  =================================
head           middle of `left_ear` and `right_ear`            `head`
shoulder,      the body's                                      the same
elbow, wrist
hand           middle of the body's `index` and `pinky`,       `hand`
               that is of the knuckles
=============  ==============================================  =================================

Left out: neck (MediaPipe has none but the middle of the shoulders, which is the origin anyway), spine and hips (often
below the picture's edge), legs, and all fingers (the Kinect has none). The Kinect's metres are seen without perspective
in a square of `FRAME_M`. Models normalise by `shoulders`: the origin in the middle of the shoulders, one unit their
width in the picture, both medians over a clip; so neither metres, nor the picture's size, nor the place in it remain.
Depth has another origin in each (MediaPipe's hips, here the Kinect's shoulders): it serves view points alone, models
read x and y.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import CHANNELS, ClipLandmarks, write_store
from slr.dataset.skeleton import Skeleton, define

SIDES = ("left", "right")
ARM = ("shoulder", "elbow", "wrist", "hand")
COMMON = define({
    "name": "upper-body-9",
    "parts": {"pose": ["head", *(f"{side}_{joint}" for joint in ARM for side in SIDES)]},
    "bones": [["left_shoulder", "right_shoulder"], *([f"{side}_shoulder", "head"] for side in SIDES),
              *([f"{side}_{a}", f"{side}_{b}"] for side in SIDES for a, b in zip(ARM, ARM[1:], strict=False))],
})
FRAME_M = 4.0
N_CHANNELS = 3


def from_mediapipe(clip: ClipLandmarks, skeleton: Skeleton) -> ClipLandmarks:
    """The nine joints of a clip of any skeleton with MediaPipe's body; x, y and z stay fractions of the frame."""
    hands = {f"{side}_hand": (f"{side}_index", f"{side}_pinky") for side in SIDES}
    sources = {"head": ("left_ear", "right_ear"), **hands}
    joints = [[skeleton.index(source) for source in sources.get(joint, (joint,))] for joint in COMMON.joints]
    coordinates = np.stack([clip.coordinates[:, of, :N_CHANNELS].mean(1) for of in joints], axis=1)
    return replace(clip, coordinates=coordinates.astype(np.float32))


def from_kinect(clip: ClipLandmarks, skeleton: Skeleton) -> ClipLandmarks:
    """The nine joints of a clip in metres (x to the signer's right, y up), in fractions of a square frame.

    Its middle is the clip's median middle of the shoulders.
    """
    points = clip.coordinates[:, [skeleton.index(joint) for joint in COMMON.joints]]
    shoulders = [COMMON.index(f"{side}_shoulder") for side in SIDES]
    points = points - np.nanmedian(points[:, shoulders].mean(1), axis=0)
    coordinates = points * [-1, -1, 1] / FRAME_M + [0.5, 0.5, 0]
    return replace(clip, coordinates=coordinates.astype(np.float32), width=1, height=1)


def write_common(source: Path, out: Path, convert: Callable[[ClipLandmarks, Skeleton], ClipLandmarks]) -> Path:
    """Write the common joints of a store's clips as a store of their own, unless it is there; returns it."""
    if not out.exists():
        store = LandmarkStore(source)
        write_store(out, (convert(clip, store.skeleton) for clip in store), COMMON,
                    metadata={"extractor": {"name": "common joints", "of": store.metadata["extractor"]["name"]}},
                    channels=CHANNELS[:N_CHANNELS])
    return out
