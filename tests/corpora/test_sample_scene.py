import numpy as np
import pytest

from slr.corpora.sample import kinematics, motion
from slr.corpora.sample.bust import Expression
from slr.corpora.sample.camera import Camera
from slr.corpora.sample.scene import Scene, draw_frames
from slr.corpora.sample.signer import make_signers

CAMERA = Camera(160, 165, (81.3, 67.6))
SIGNER = make_signers(1, seed=4)[0]


def frames_at_rest(*moves_px: tuple[float, float], expressions: list[Expression] | None = None) -> list[np.ndarray]:
    """Frames of hands at rest and a body moved by so many pixels, right and down."""
    hand = motion.hold(motion.rest_hand(SIGNER), len(moves_px))
    arm = kinematics.right_arm(SIGNER, hand)
    sway = np.array([(x, -y, 0) for x, y in moves_px]) / CAMERA.scale
    scene = Scene(SIGNER, arm.mirrored(), arm, sway, expressions or [Expression()] * len(moves_px))
    return [frame.astype(int) for frame in draw_frames(scene, CAMERA, np.random.default_rng(1))]


def test_a_body_sways_as_a_whole():
    still, moved = frames_at_rest((0, 0), (3, -2))
    there = moved[8:-8, 8:-8]
    assert np.abs(there - still[10:-6, 5:-11]).mean() < 1.5 < np.abs(there - still[8:-8, 8:-8]).mean()  # grain: 1


def test_half_a_pixel_is_half_way():
    left, middle, right = frames_at_rest((1, 0), (1.5, 0), (2, 0))
    assert np.abs(middle - (left + right) / 2).mean() < 1.5


def test_hands_are_seen_before_the_shirt_where_their_joints_are():
    (frame,) = frames_at_rest((0, 0))
    arm = kinematics.right_arm(SIGNER, motion.rest_hand(SIGNER))
    for points in (arm.hand, arm.mirrored().hand):
        x, y = np.round(CAMERA.project(points[0, [5, 9, 13]])[0][:, :2]).astype(int).T
        skin, shirt = (np.abs(frame[y, x] / frame[y, x].sum(-1, keepdims=True) - np.divide(c, np.sum(c))).sum(-1).max()
                       for c in (SIGNER.skin, SIGNER.shirt))
        assert skin < 0.1 < shirt


@pytest.mark.parametrize("expression", [Expression(eyes=0), Expression(mouth=1)])
def test_an_expression_changes_the_face_alone(expression):
    neutral, other = frames_at_rest((0, 0), (0, 0), expressions=[Expression(), expression])
    change = np.abs(other - neutral).max(-1) > 12
    y, x = np.nonzero(change)
    middle = CAMERA.project(kinematics.head_middle(SIGNER))[0]
    assert len(y) > 4 and (np.hypot(x - middle[0], y - middle[1]) < 0.14 * CAMERA.scale).all()
