"""Changes of space: each does what its name says."""

import math

import pytest
import torch

from slr.dataset.skeleton import SKELETONS, skeleton
from slr.preprocessing.augment.space import (
    arm_joints,
    depth_anchors,
    mirror,
    perspective,
    rotate,
    rotate_below,
    scale,
    shift,
    squeeze,
    with_one_depth,
    yaw,
)
from tests.helpers.landmark_corpus import JOINTS


def test_rotation_keeps_distances_and_turns_by_the_angle():
    point = torch.tensor([0.3, 0.0]).expand(1, 1, 1, 2)
    torch.testing.assert_close(rotate(point, torch.tensor([math.pi / 2])), torch.tensor([[[[0.0, 0.3]]]]))
    cloud = torch.randn(2, 3, 9, 2)
    turned = rotate(cloud, torch.tensor([0.2, -0.1]))
    torch.testing.assert_close(torch.cdist(turned, turned), torch.cdist(cloud, cloud), atol=1e-5, rtol=0)


def test_squeezing_puts_the_frame_between_what_is_taken_off():
    sides = torch.tensor([[-0.5, 0.1], [0.5, 0.1]]).expand(1, 1, 2, 2)
    squeezed = squeeze(sides, torch.tensor([0.1]), torch.tensor([0.05]))
    torch.testing.assert_close(squeezed[0, 0], torch.tensor([[-0.4, 0.1], [0.45, 0.1]]))


def test_perspective_moves_the_corners_of_one_side_and_keeps_lines_straight():
    corners = torch.tensor([[0.5, 0.5], [0.5, -0.5], [-0.5, 0.5], [-0.5, -0.5]]).expand(1, 1, 4, 2)
    right = perspective(corners, torch.tensor([0.1]))[0, 0]
    torch.testing.assert_close(right, torch.tensor([[0.4, 0.4], [0.4, -0.4], [-0.5, 0.5], [-0.5, -0.5]]))
    left = perspective(corners, torch.tensor([-0.1]))[0, 0]
    torch.testing.assert_close(left, torch.tensor([[0.5, 0.5], [0.5, -0.5], [-0.4, 0.4], [-0.4, -0.4]]))
    line = torch.stack([torch.linspace(-0.4, 0.4, 9), 0.3 * torch.linspace(-0.4, 0.4, 9) + 0.1], -1)[None, None]
    steps = perspective(line, torch.tensor([0.1]))[0, 0].diff(dim=0)
    torch.testing.assert_close(steps[:, 1] / steps[:, 0], (steps[0, 1] / steps[0, 0]).expand(8), atol=1e-4, rtol=0)


def test_an_arm_turns_below_its_joint_only_and_not_without_it():
    landmarks = torch.randn(1, 2, len(JOINTS), 2)
    mask = torch.ones(1, 2, len(JOINTS), dtype=torch.bool)
    elbow, below = next((origin, moved) for origin, moved in arm_joints(JOINTS)
                        if origin == JOINTS.index("right_elbow"))
    assert JOINTS.index("right_wrist") in below and JOINTS.index("right_hand_pinky_tip") in below
    mask[0, 1, elbow] = False
    turned = rotate_below(landmarks, mask, [(elbow, below)], [torch.tensor([0.3])])
    others = [joint for joint in range(len(JOINTS)) if joint not in below]
    assert torch.equal(turned[:, :, others], landmarks[:, :, others])
    assert torch.equal(turned[0, 1], landmarks[0, 1])

    def reach(x: torch.Tensor) -> torch.Tensor:
        return (x[0, 0, below] - x[0, 0, elbow]).norm(dim=-1)

    torch.testing.assert_close(reach(turned), reach(landmarks))
    assert (turned[0, 0, below] != landmarks[0, 0, below]).all()


@pytest.mark.parametrize("name", sorted(SKELETONS))
def test_arms_carry_their_own_side_and_no_leg(name):
    joints = skeleton(name)
    arms = arm_joints(joints)
    assert (len(arms) > 0) == ("right_elbow" in joints.joints)
    for origin, below in arms:
        side = joints.joints[origin].split("_")[0]
        for joint in below:
            assert joints.joints[joint].startswith(side) and "hip" not in joints.joints[joint]


def test_yaw_turns_depth_into_width_and_keeps_height_and_distances():
    landmarks = torch.randn(2, 3, 5, 3)
    turned = yaw(landmarks, torch.deg2rad(torch.tensor([90.0, 30.0])))
    torch.testing.assert_close(turned[0, ..., 0], landmarks[0, ..., 2])
    torch.testing.assert_close(turned[..., 1], landmarks[..., 1])
    torch.testing.assert_close(turned.norm(dim=-1), landmarks.norm(dim=-1))


def test_a_hand_is_put_at_the_depth_of_its_wrist_and_back():
    anchors = depth_anchors(JOINTS)
    assert [JOINTS.joints[joint] for _, joint in anchors] == ["left_wrist", "right_wrist"]
    (hand, wrist), (other_hand, other_wrist) = anchors
    landmarks, mask = torch.randn(1, 2, len(JOINTS), 4), torch.ones(1, 2, len(JOINTS), dtype=torch.bool)
    mask[:, 1, wrist] = False
    one = with_one_depth(landmarks, mask, anchors)
    added = (one - landmarks)[..., 2]
    torch.testing.assert_close(added[:, 0, hand], landmarks[:, 0, wrist, None, 2].expand(1, 21))
    torch.testing.assert_close(added[..., other_hand], landmarks[..., other_wrist, None, 2].expand(1, 2, 21))
    assert (added[:, 1, hand] == 0).all() and (added[..., :12] == 0).all()  # nobody knows how deep a lost wrist is
    assert torch.equal(one[..., [0, 1, 3]], landmarks[..., [0, 1, 3]])
    torch.testing.assert_close(with_one_depth(one, mask, anchors, back=True), landmarks, atol=1e-6, rtol=0)
    assert [len(range(553)[part]) for part, _ in depth_anchors(skeleton("holistic-553"))] == [21, 21, 478]
    assert depth_anchors(skeleton("kinect-20")) == []  # metres have one origin


def test_scale_and_shift_move_places_and_leave_visibility():
    landmarks = torch.randn(2, 3, 5, 4)
    larger = scale(landmarks, torch.tensor([1.2, 1.0]))
    torch.testing.assert_close(larger[0, ..., :3], landmarks[0, ..., :3] * 1.2)
    assert torch.equal(larger[1], landmarks[1]) and torch.equal(larger[..., 3], landmarks[..., 3])
    moved = shift(landmarks, torch.tensor([[0.1, -0.2], [0, 0]]))
    torch.testing.assert_close(moved[0] - landmarks[0], torch.tensor([0.1, -0.2, 0, 0]).expand(3, 5, 4))
    assert torch.equal(moved[1], landmarks[1])


@pytest.mark.parametrize("name", sorted(SKELETONS))
def test_mirroring_twice_changes_nothing_and_once_swaps_the_sides(name):
    joints = skeleton(name)
    landmarks, mask = torch.randn(2, 3, len(joints), 3), torch.rand(2, 3, len(joints)) > 0.3
    swap = torch.from_numpy(joints.mirror)
    once, found = mirror(landmarks, mask, swap)
    for i, joint in enumerate(joints.joints):
        other = joints.index(joint.replace("left", "right")) if "left" in joint else joints.mirror[i]
        torch.testing.assert_close(once[:, :, i], landmarks[:, :, other] * torch.tensor([-1.0, 1, 1]))
        assert torch.equal(found[:, :, i], mask[:, :, other])
    twice = mirror(once, found, swap)
    assert torch.equal(twice[0], landmarks) and torch.equal(twice[1], mask)
