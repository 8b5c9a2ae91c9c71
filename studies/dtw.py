"""The baseline that learns nothing: nearest neighbour under dynamic time warping, on normalised landmarks.

Needs the extra `studies` (dtaidistance).
"""

import numpy as np

from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton

N_FRAMES = 32
WINDOW_FRAMES = 10
"""How far apart two matched frames may be (Sakoe-Chiba band)."""
ARMS = ("left_elbow", "right_elbow", "left_wrist", "right_wrist")
BODY_ARMS = (*ARMS, "left_hand", "right_hand")
"""Of skeletons whose hand is a joint of the body."""


def dtw_features(clip: ClipLandmarks, skeleton: Skeleton) -> np.ndarray:
    """Elbows and wrists from the middle of the shoulders, hands from their own wrists, in shoulder widths.

    Parameters
    ----------
    clip : ClipLandmarks
        Coordinates (T, J, 4), in fractions of the frame.
    skeleton : Skeleton
        Names of the J joints; has `left_shoulder` and the hands' 42 joints.

    Returns
    -------
    ndarray of float64, shape (32, 92)
        x and y of 4 arm joints and 42 hand joints at 32 times spread evenly over the clip. A joint that is missing is
        interpolated over time; one that is never there stays at 0, its part's origin.
    """
    points = clip.coordinates[:, :, :2].astype(np.float64) * [clip.width / clip.height, 1]
    left, right = (points[:, skeleton.index(f"{side}_shoulder")] for side in ("left", "right"))
    shoulder_width = np.nanmedian(np.linalg.norm(left - right, axis=-1))
    arms = points[:, [skeleton.index(joint) for joint in ARMS]] - ((left + right) / 2)[:, None]
    hands = [points[:, skeleton.part_slices[part]] for part in ("left_hand", "right_hand")]
    relative = [hand - hand[:, :1] for hand in hands]
    return _spread(np.concatenate([arms, *relative], axis=1) / shoulder_width)


def dtw_body_features(clip: ClipLandmarks, skeleton: Skeleton) -> np.ndarray:
    """Elbows, wrists and hands from the middle of the shoulders, in shoulder widths, of a body turned to the camera.

    Parameters
    ----------
    clip : ClipLandmarks
        Coordinates (T, J, >= 3), in metres, x to the signer's right.
    skeleton : Skeleton
        Names of the J joints; has both `shoulder`, `elbow`, `wrist` and `hand` joints.

    Returns
    -------
    ndarray of float64, shape (32, 18)
        x, y and z of the 6 joints at 32 times, as of `dtw_features`. One turn around the vertical for the whole clip:
        its median shoulder line is then across the picture.
    """
    points = clip.coordinates[:, :, :3].astype(np.float64)
    left, right = (points[:, skeleton.index(f"{side}_shoulder")] for side in ("left", "right"))
    across, away = np.nanmedian((right - left)[:, [0, 2]], axis=0)
    arms = points[:, [skeleton.index(joint) for joint in BODY_ARMS]] - ((left + right) / 2)[:, None]
    cos, sin = np.array([across, away]) / np.hypot(across, away)
    x, y, z = np.moveaxis(arms, -1, 0)
    turned = np.stack([x * cos + z * sin, y, z * cos - x * sin], axis=-1)
    return _spread(turned / np.nanmedian(np.linalg.norm(left - right, axis=-1)))


def _spread(points: np.ndarray) -> np.ndarray:
    """(T, joints, axes) -> (32, joints * axes), at times spread evenly over the clip."""
    times = np.linspace(0, len(points) - 1, N_FRAMES)
    return np.stack([_resample(channel, times) for channel in points.reshape(len(points), -1).T], axis=1)


def _resample(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    known = np.flatnonzero(~np.isnan(values))
    return np.interp(times, known, values[known]) if len(known) else np.zeros(len(times))


def dtw_distances(queries: list[np.ndarray], gallery: list[np.ndarray]) -> np.ndarray:
    """(queries, gallery) distances: Euclidean between frames, summed along the best warping path.

    Reference: Sakoe and Chiba, 1978.
    """
    from dtaidistance import dtw_ndim

    return np.array([[dtw_ndim.distance_fast(np.ascontiguousarray(query), np.ascontiguousarray(item),
                                             window=WINDOW_FRAMES) for item in gallery] for query in queries])
