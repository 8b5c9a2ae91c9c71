import numpy as np
import pytest

from slr.corpora.sample import kinematics, motion, timeline
from slr.corpora.sample.signer import make_signers
from slr.corpora.sample.signs import SIGNS
from slr.dataset.skeleton import skeleton

SIGNERS = make_signers(4, seed=5)


@pytest.fixture(params=SIGNERS, ids=lambda signer: signer.name)
def signer(request):
    return request.param


def action_of(sign, signer):
    return timeline.sentence([sign], signer, np.random.default_rng(1)).sample(15)


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.gloss)
def test_arms_keep_their_lengths_and_wrists_bend_no_further_than_wrists_do(sign, signer):
    arm = kinematics.right_arm(signer, action_of(sign, signer).dominant)
    wrist = arm.hand[:, 0]
    np.testing.assert_allclose(np.linalg.norm(arm.elbow - arm.shoulder, axis=-1), signer.upper_arm, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(wrist - arm.elbow, axis=-1), signer.forearm, atol=1e-6)
    fingers, forearm = arm.hand[:, 9] - wrist, wrist - arm.elbow
    cosine = (fingers * forearm).sum(-1) / np.linalg.norm(fingers, axis=-1) / np.linalg.norm(forearm, axis=-1)
    assert np.degrees(np.arccos(cosine)).max() < 63  # 60, and the middle knuckle lies a little off the axis


def test_a_hand_gets_where_it_is_sent(signer):
    rest = motion.rest_hand(signer)
    arm = kinematics.right_arm(signer, rest)
    turn_free = arm.hand[0, 0] + rest.turn.apply(signer.hand * kinematics.PALM_MIDDLE)[0]
    np.testing.assert_allclose(turn_free, rest.centre[0], atol=1e-6)


def test_out_of_reach_is_as_far_as_the_arm_goes(signer):
    rest = motion.rest_hand(signer)
    arm = kinematics.right_arm(signer, rest._replace(centre=np.array([[-2.0, 1.0, 0.0]])))
    reach = np.linalg.norm(arm.hand[0, 0] - arm.shoulder[0])
    assert reach == pytest.approx(0.98 * (signer.upper_arm + signer.forearm))


def test_joints_have_the_names_of_the_skeleton_and_mirror(signer):
    known = set(skeleton("holistic-75").joints)
    assert set(kinematics.JOINTS) <= known and len(kinematics.JOINTS) == len(set(kinematics.JOINTS)) == 13 + 42
    arm = kinematics.right_arm(signer, motion.rest_hand(signer))
    joints = kinematics.joints(signer, arm.mirrored(), arm, np.zeros((1, 3)))[0]
    for name in kinematics.JOINTS:
        if name.startswith("left_"):
            here, there = (kinematics.JOINTS.index(joint) for joint in (name, name.replace("left_", "right_")))
            np.testing.assert_allclose(joints[here], joints[there] * [-1, 1, 1], atol=1e-6)
