import numpy as np
import pytest

from slr.corpora.sample.hand import HANDSHAPES, flesh, flesh_points, hand_joints
from slr.dataset.skeleton import HAND, HAND_BONES

TIPS = [HAND.index(f"{finger}_tip") for finger in ("index", "middle", "ring", "pinky")]
BONES = [(HAND.index(a), HAND.index(b)) for a, b in HAND_BONES]


def joints_of(name: str) -> np.ndarray:
    return hand_joints(HANDSHAPES[name][None])[0]


def test_bones_keep_their_length_in_every_handshape_and_between():
    shapes = np.stack(list(HANDSHAPES.values()))
    between = 0.5 * (shapes[:-1] + shapes[1:])
    joints = hand_joints(np.concatenate([shapes, between]))
    lengths = np.stack([np.linalg.norm(joints[:, b] - joints[:, a], axis=-1) for a, b in BONES])
    np.testing.assert_allclose(lengths, lengths[:, :1] * np.ones(joints.shape[0]), atol=1e-12)
    assert lengths.min() > 0.015


def test_a_middle_finger_is_as_long_as_a_middle_finger():
    flat = joints_of("flat")
    assert np.linalg.norm(flat[HAND.index("middle_mcp")]) == pytest.approx(0.094, abs=0.001)
    assert 0.18 < flat[HAND.index("middle_tip")][1] < 0.20


def test_fingers_curl_into_the_palm_and_extended_ones_do_not():
    fist, flat, index = joints_of("fist"), joints_of("flat"), joints_of("index")
    assert (fist[TIPS, 1] < 0.09).all() and (fist[TIPS, 2] > 0).all()
    assert (flat[TIPS, 1] > 0.14).all()
    assert index[TIPS[0], 1] > 0.16 and (index[TIPS[1:], 1] < 0.09).all()


def test_fingers_fan_with_the_thumb_on_their_first_axis():
    five = joints_of("five")
    assert (np.diff(five[TIPS, 0]) < -0.02).all()  # index to pinky, away from the thumb
    assert five[HAND.index("thumb_tip"), 0] > five[TIPS[0], 0]


def test_handshapes_differ_by_more_than_a_signer_s_noise():
    shapes = np.stack([joints_of(name)[[4, *TIPS]] for name in HANDSHAPES if name != "rest"])
    apart = np.linalg.norm(shapes[:, None] - shapes[None], axis=-1).max(-1)
    assert apart[~np.eye(len(shapes), dtype=bool)].min() > 0.02


def test_flesh_covers_every_joint():
    points = flesh_points(hand_joints(HANDSHAPES["five"][None]))
    ends = np.concatenate([ends.ravel() for ends, _ in flesh()])
    assert set(range(21)) <= set(ends) and ends.max() < points.shape[1]
    assert all((radii > 0.005).all() and (radii < 0.03).all() for _, radii in flesh())
