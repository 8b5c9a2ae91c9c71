"""From hand poses to all joints: arms by two-bone inverse kinematics, and the head."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from slr.corpora.sample.hand import flesh_points, hand_joints
from slr.corpora.sample.motion import Hand
from slr.corpora.sample.signer import Signer
from slr.dataset.skeleton import HAND

PALM_MIDDLE = np.array([0.0, 0.06, 0.0])  # in the hand's axes, metres at scale 1
_LARGEST_WRIST_BEND = np.radians(60)
_LONGEST_REACH = 0.98  # share of a straight arm: elbows never lock

# In the head's axes (x to the viewer's right, y up, z towards the viewer), metres at scale 1, from its centre between
# the ears.
HEAD_JOINTS = {
    "nose": (0.0, -0.018, 0.108), "right_eye": (-0.032, 0.022, 0.078), "left_eye": (0.032, 0.022, 0.078),
    "right_ear": (-0.078, 0.0, 0.0), "left_ear": (0.078, 0.0, 0.0),
    "mouth_right": (-0.024, -0.056, 0.084), "mouth_left": (0.024, -0.056, 0.084),
}
JOINTS = (
    *HEAD_JOINTS, "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    *(f"{side}_hand_{joint}" for side in ("left", "right") for joint in HAND),
)


class Arm(NamedTuple):
    """One arm in every frame, metres: `shoulder`, `elbow` (T, 3), `hand` (T, P, 3) the points of `hand.flesh_points`;
    its first 21 are the joints, its first the wrist."""

    shoulder: np.ndarray
    elbow: np.ndarray
    hand: np.ndarray

    def mirrored(self) -> "Arm":
        return Arm(*(points * [-1, 1, 1] for points in self))


def right_arm(signer: Signer, states: Hand) -> Arm:
    """The right arm that places the hand as in `states`, as far as it reaches."""
    shoulder = np.array([-signer.shoulders / 2, 0, 0])
    wrist = states.centre - states.turn.apply(signer.hand * PALM_MIDDLE)
    wrist = shoulder + _within_reach(wrist - shoulder, signer)
    elbow = _elbow(shoulder, wrist, signer)
    turn = _clamp_bend(states.turn, wrist - elbow)
    local = flesh_points(hand_joints(states.shape)) * signer.hand
    points = wrist[:, None] + np.einsum("tij,tpj->tpi", turn.as_matrix(), local)
    return Arm(np.broadcast_to(shoulder, wrist.shape), elbow, points)


def _within_reach(reach: np.ndarray, signer: Signer) -> np.ndarray:
    length = np.linalg.norm(reach, axis=-1, keepdims=True)
    return reach * np.minimum(1, _LONGEST_REACH * (signer.upper_arm + signer.forearm) / length)


def _elbow(shoulder: np.ndarray, wrist: np.ndarray, signer: Signer) -> np.ndarray:
    """(T, 3) elbows by the law of cosines, pointing down and out (depending on the signer)."""
    reach = wrist - shoulder
    length = np.linalg.norm(reach, axis=-1, keepdims=True)
    along = reach / length
    foot = (length**2 + signer.upper_arm**2 - signer.forearm**2) / (2 * length)
    height = np.sqrt(np.maximum(signer.upper_arm**2 - foot**2, 0))
    pole = np.array([-signer.elbow_flare, -1.0, -0.25])
    pole = pole - along * (along @ pole)[:, None]
    return shoulder + foot * along + height * pole / np.linalg.norm(pole, axis=-1, keepdims=True)


def _clamp_bend(turn: Rotation, forearm: np.ndarray) -> Rotation:
    """Rotate hands towards the forearm (T, 3) where the wrist would bend too far."""
    fingers = turn.apply([0, 1, 0])
    forearm = forearm / np.linalg.norm(forearm, axis=-1, keepdims=True)
    angle = np.arccos(np.clip((fingers * forearm).sum(-1), -1, 1))
    axis = np.cross(fingers, forearm)
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True) + 1e-9
    return Rotation.from_rotvec(np.maximum(angle - _LARGEST_WRIST_BEND, 0)[:, None] * axis) * turn


def head_middle(signer: Signer) -> np.ndarray:
    """(3,) centre of the head, metres from the midpoint of the shoulders."""
    return np.array([0, 0.075 + signer.neck + 0.115 * signer.head, 0.02])


def joints(signer: Signer, left: Arm, right: Arm, sway: np.ndarray) -> np.ndarray:
    """(T, J, 3) true joints, metres, in the order of `JOINTS`; `sway` (T, 3) moves the whole body."""
    head = head_middle(signer) + signer.head * np.array(list(HEAD_JOINTS.values()))
    parts = [np.broadcast_to(head, (len(sway), *head.shape))]
    parts += [points[:, None] for points in (left.shoulder, right.shoulder, left.elbow, right.elbow)]
    parts += [left.hand[:, :1], right.hand[:, :1], left.hand[:, :21], right.hand[:, :21]]
    return (np.concatenate(parts, 1) + sway[:, None]).astype(np.float32)
