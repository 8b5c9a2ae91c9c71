"""A right hand: its bones, its handshapes, and the round cones that form its surface.

Coordinates are in the hand's own axes, in metres for a hand of scale 1: `s` towards the thumb, `f` along the fingers,
`n` out of the palm (`s = f x n`). A left hand is a mirrored right hand. Joints are MediaPipe's 21, in its order.
"""

from functools import cache

import numpy as np

_KNUCKLES = np.array([  # index, middle, ring, pinky: an arched row
    [0.0225, 0.0905, 0.001], [0.001, 0.094, -0.003], [-0.0185, 0.0885, -0.001], [-0.0355, 0.079, 0.005],
])
_PHALANGES = np.array([[0.043, 0.026, 0.021], [0.048, 0.030, 0.023], [0.045, 0.028, 0.022], [0.036, 0.021, 0.019]])
_FAN_DEGREES = np.array([9.0, 1.0, -6.0, -15.0])
_CONVERGENCE = 0.35  # curled fingers point at the base of the thumb: this share of the fan, inwards
_DIP_PER_PIP = 0.65
_THUMB_BASE = np.array([0.024, 0.022, 0.009])
_THUMB_BONES = np.array([0.042, 0.034, 0.027])

_THUMBS = {  # directions of the thumb's three bones
    "out": ((0.75, 0.62, 0.30), (0.76, 0.64, 0.10), (0.70, 0.71, 0.05)),
    "along": ((0.62, 0.75, 0.25), (0.22, 0.97, 0.10), (0.06, 0.99, 0.05)),
    "across": ((0.50, 0.70, 0.55), (-0.20, 0.75, 0.62), (-0.80, 0.50, 0.35)),
    "square": ((0.86, 0.42, 0.30), (0.95, 0.30, 0.08), (0.98, 0.18, 0.00)),
    "bent": ((0.72, 0.60, 0.40), (0.50, 0.75, 0.42), (0.10, 0.92, 0.38)),
}
_STRAIGHT, _CURLED = (4, 6), (82, 98)


def _shape(thumb: str, spread: float, *fingers: tuple[float, float]) -> np.ndarray:
    angles = np.radians(np.ravel(fingers))
    return np.concatenate([angles, [spread], np.ravel(_THUMBS[thumb])])


# A handshape as 18 numbers that can be interpolated: flexion of each finger at its first two joints (radians), spread
# of the fingers, directions of the thumb's three bones.
HANDSHAPES = {
    "flat": _shape("along", 0.15, _STRAIGHT, _STRAIGHT, _STRAIGHT, _STRAIGHT),
    "five": _shape("out", 1.25, _STRAIGHT, _STRAIGHT, _STRAIGHT, _STRAIGHT),
    "fist": _shape("across", 0.2, _CURLED, _CURLED, _CURLED, _CURLED),
    "index": _shape("across", 0.3, _STRAIGHT, _CURLED, _CURLED, _CURLED),
    "vee": _shape("across", 1.7, _STRAIGHT, _STRAIGHT, _CURLED, _CURLED),
    "ell": _shape("square", 0.2, _STRAIGHT, _CURLED, _CURLED, _CURLED),
    "why": _shape("square", 0.9, _CURLED, _CURLED, _CURLED, _STRAIGHT),
    "claw": _shape("bent", 1.3, (18, 58), (18, 58), (18, 58), (18, 58)),
    "rest": _shape("along", 0.45, (14, 18), (18, 20), (20, 22), (22, 24)),
}


def hand_joints(shapes: np.ndarray) -> np.ndarray:
    """Joints of a right hand of scale 1 in its own axes.

    Parameters
    ----------
    shapes : (T, 18) array
        Handshapes, see `HANDSHAPES`.

    Returns
    -------
    (T, 21, 3) array
        Metres from the wrist along s, f, n.
    """
    flexion = shapes[:, :8].reshape(-1, 4, 2)
    curl = np.clip(flexion.sum(-1) / np.pi, 0, 1)
    fan = np.radians(_FAN_DEGREES) * (shapes[:, 8:9] * (1 - curl) - _CONVERGENCE * curl)
    bend = np.cumsum(np.concatenate([flexion, _DIP_PER_PIP * flexion[:, :, 1:]], -1), -1)  # (T, 4, 3)
    along = np.stack([np.sin(fan), np.cos(fan), np.zeros_like(fan)], -1)[:, :, None]
    directions = np.cos(bend)[..., None] * along + np.sin(bend)[..., None] * np.array([0, 0, 1.0])
    fingers = _KNUCKLES[:, None] + np.cumsum(_PHALANGES[:, :, None] * directions, 2)  # (T, 4, 3, 3)
    thumbs = shapes[:, 9:].reshape(-1, 3, 3)
    thumbs = thumbs / np.linalg.norm(thumbs, axis=-1, keepdims=True)
    joints = np.zeros((len(shapes), 21, 3))
    joints[:, 1] = _THUMB_BASE
    joints[:, 2:5] = _THUMB_BASE + np.cumsum(_THUMB_BONES[:, None] * thumbs, 1)
    joints[:, 5:].reshape(-1, 4, 4, 3)[:, :, 0] = _KNUCKLES
    joints[:, 5:].reshape(-1, 4, 4, 3)[:, :, 1:] = fingers
    return joints


# Surface. A point is one of the 21 joints or an additional palm point; a cone connects two points with two radii (mm).
_PALM_POINTS = {
    "heel_thumb": (0.016, 0.008, 0.004), "heel": (0.0, 0.004, 0.0), "heel_pinky": (-0.018, 0.010, 0.004),
    "hypothenar": (-0.030, 0.045, 0.008), "thenar": (0.020, 0.042, 0.014), "web": (0.026, 0.062, 0.006),
}
_PALM_NAMES = {name: 21 + i for i, name in enumerate(_PALM_POINTS)}
_PALM_CONES: tuple[tuple[int | str, int | str, float, float], ...] = (
    (0, "heel", 23.0, 21.0), ("heel_thumb", 5, 19.0, 11.5), ("heel", 9, 19.0, 12.0),
    ("heel", 13, 18.0, 11.5), ("heel_pinky", 17, 17.0, 10.5), ("heel_pinky", "hypothenar", 16.0, 14.0),
    ("hypothenar", 17, 14.0, 10.5), ("heel_thumb", "thenar", 17.0, 16.0), ("heel_thumb", 1, 16.0, 16.0),
    (1, 2, 15.5, 11.5), ("thenar", "web", 14.0, 10.0), (2, "web", 10.5, 9.5), ("web", 5, 10.0, 10.5),
    (5, 9, 10.8, 11.2), (9, 13, 11.2, 10.8), (13, 17, 10.8, 9.6),
)
_Cones = list[tuple[tuple[int, int], tuple[float, ...]]]
_FINGER_RADII = ((10.4, 9.4, 8.2, 6.9), (10.8, 9.6, 8.4, 7.0), (10.3, 9.2, 8.1, 6.8), (9.2, 8.2, 7.2, 6.2))
_THUMB_RADII = (12.5, 11.2, 10.0, 8.4)


def flesh_points(joints: np.ndarray) -> np.ndarray:
    """(T, 21, 3) joints in the hand's own axes, with additional palm points appended: (T, 21 + 6, 3)."""
    palm = np.broadcast_to(np.array(list(_PALM_POINTS.values())), (len(joints), len(_PALM_POINTS), 3))
    return np.concatenate([joints, palm], 1)


@cache
def flesh() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Groups of cones that blend into one surface: the palm, the thumb, four fingers.

    Returns
    -------
    tuple of (ends, radii)
        `ends` (N, 2) int: points of `flesh_points`; `radii` (N, 2): metres.
    """
    palm: _Cones = [((_palm_point(a), _palm_point(b)), (ra, rb)) for a, b, ra, rb in _PALM_CONES]
    groups: list[_Cones] = [palm, [((1 + i, 2 + i), _THUMB_RADII[i:i + 2]) for i in range(3)]]
    for finger, radii in enumerate(_FINGER_RADII):
        first = 5 + 4 * finger
        groups.append([((first + i, first + i + 1), radii[i:i + 2]) for i in range(3)])
    return tuple((np.array([ends for ends, _ in group]), np.array([radii for _, radii in group]) / 1000)
                 for group in groups)


def _palm_point(name: int | str) -> int:
    return name if isinstance(name, int) else _PALM_NAMES[name]
