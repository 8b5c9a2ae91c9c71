"""Isolated-sign takes: the location of the sign in a take, and concatenation of takes."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import median_filter

from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import ClipError

ENDS_S = 0.2
"""Duration at either end of a take in which the hands are at rest."""
STEADY = 5
"""Frames of the running median of hand positions, which removes single-frame errors."""
_HANDS = ("wrist", "hand", "hand_wrist")


def sign_frames(take: ClipLandmarks, joints: Skeleton, rest_threshold: float) -> tuple[int, int]:
    """The frames of a take's sign, without rest and most of the movement from and to it.

    A hand's distance from rest is that from its position (x and y, in pixels or metres) in the first or in the last
    `ENDS_S` of the take (medians), whichever is nearer. The sign starts with the first frame in which a hand is
    `rest_threshold` times as far away as either hand ever is in this take, and ends with the last such frame. So the
    result doesn't depend on the signer's size in the image, the camera position, or where the hands rest.

    Parameters
    ----------
    take : ClipLandmarks
    joints : Skeleton
        With `left_wrist` and `right_wrist` (or `hand`, or `hand_wrist`), or one of them.
    rest_threshold : float
        Share from 0 to 1.

    Returns
    -------
    (int, int)
        The first frame, and the one after the last; never empty.

    Raises
    ------
    ClipError
        If no hand is found in any frame, or the skeleton has none.
    """
    tracks = [track for hand in _hands(joints) if (track := _track(take, joints, hand)) is not None]
    if not tracks:
        raise ClipError("no wrist was found in any frame, so nobody can tell when the hands rest")
    places = median_filter(np.stack(tracks, axis=1), size=(STEADY, 1, 1), mode="nearest")  # (T, hands, 2)
    ends = min(len(take), max(1, round(ENDS_S * take.fps)))
    rests = np.stack([np.median(places[:ends], axis=0), np.median(places[-ends:], axis=0)])  # (2, hands, 2)
    away = np.linalg.norm(places[:, None] - rests, axis=-1).min(1).max(1)  # (T,)
    frames = np.flatnonzero(away >= rest_threshold * away.max())
    return int(frames[0]), int(frames[-1]) + 1


def join(pieces: Sequence[np.ndarray], joints: Skeleton, transition: int) -> np.ndarray:
    """Concatenate pieces, with linear transitions of every joint in between.

    Each piece is translated as a whole, so that the midpoint of its shoulders (the median over its frames) coincides
    with the first piece's: the signer doesn't jump between signs. Skeletons without shoulders aren't translated.

    Parameters
    ----------
    pieces : sequence of array (T_i, J, C)
        Of the same frame size; NaN if a joint is missing.
    joints : Skeleton
    transition : int
        Frames between two pieces. A joint that is missing at either end is missing in the transition.

    Returns
    -------
    ndarray, (sum of T_i + transition * (pieces - 1), J, C)
    """
    origin = _shoulders(pieces[0], joints)
    shares = (np.arange(1, transition + 1, dtype=np.float32) / (transition + 1))[:, None, None]
    joined: list[np.ndarray] = []
    for piece in pieces:
        piece = piece.copy()
        piece[..., :2] += np.nan_to_num(origin - _shoulders(piece, joints))
        if joined:
            last, first = joined[-1][-1], piece[0]
            joined.append(last + shares * (first - last))
        joined.append(piece)
    return np.concatenate(joined)


def _hands(joints: Skeleton) -> list[int]:
    """Indices of the wrists, or of the hands if the skeleton has no wrists."""
    return [joints.index(found[0]) for side in ("left", "right")
            if (found := [f"{side}_{name}" for name in _HANDS if f"{side}_{name}" in joints.joints])]


def _track(take: ClipLandmarks, joints: Skeleton, hand: int) -> np.ndarray | None:
    """(T, 2) positions of a joint, interpolated where it is missing; None if it is never found."""
    scale = (take.width, take.height) if joints.space == "image" else (1, 1)
    places, found = take.coordinates[:, hand, :2].astype(np.float64) * scale, take.mask[:, hand]
    if not found.any():
        return None
    frames = np.arange(len(take))
    return np.stack([np.interp(frames, frames[found], axis[found]) for axis in places.T], axis=1)


def _shoulders(piece: np.ndarray, joints: Skeleton) -> np.ndarray:
    """(2,) x and y of the midpoint of the shoulders, the median over the frames that have both; NaN without any."""
    numbers = [joints.index(name) for name in ("left_shoulder", "right_shoulder") if name in joints.joints]
    middles = piece[:, numbers, :2].mean(1) if len(numbers) == 2 else np.empty((0, 2), np.float32)
    middles = middles[~np.isnan(middles).any(1)]
    return np.median(middles, axis=0) if len(middles) else np.full(2, np.nan, np.float32)
