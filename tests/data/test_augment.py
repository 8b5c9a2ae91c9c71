"""SPOTER's augmentations: each does what its name says, to its share of clips, and to nothing that is missing."""

import math

import pytest
import torch

from slr.data.augment import Augment, arm_joints, mirror, perspective, rotate, rotate_below, squeeze, yaw
from slr.data.batches import Batch
from slr.params import AugmentParams
from slr.skeleton import SKELETONS, skeleton
from tests.landmark_corpus import JOINTS

OFF = {"rotate_degrees": 0, "squeeze": 0, "perspective": 0, "arm_degrees": 0}


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    landmarks = torch.rand(64, 5, len(JOINTS), 2, generator=generator) - 0.5
    mask = torch.rand(64, 5, len(JOINTS), generator=generator) > 0.1
    numbers = torch.arange(64)
    return Batch(landmarks, mask, torch.full((64,), 5), numbers, numbers, tuple(map(str, range(64)))).with_landmarks(
        landmarks)


def augmented(batch: Batch, seed: int = 0, **settings) -> Batch:
    return Augment(AugmentParams(**settings), JOINTS, torch.Generator().manual_seed(seed))(batch)


def changed(before: Batch, after: Batch) -> torch.Tensor:
    """(B,) bool: which clips differ."""
    return (before.landmarks != after.landmarks).flatten(1).any(1)


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
    turned = rotate_below(landmarks, mask, elbow, below, torch.tensor([0.3]))
    others = [joint for joint in range(len(JOINTS)) if joint not in below]
    assert torch.equal(turned[:, :, others], landmarks[:, :, others])
    torch.testing.assert_close(turned[0, 1], landmarks[0, 1])

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


def test_mirroring_twice_changes_nothing_and_once_swaps_the_sides(batch):
    swap = torch.from_numpy(JOINTS.mirror)
    once = mirror(batch.landmarks, batch.mask, swap)
    assert torch.equal(once[1][:, :, JOINTS.index("left_wrist")], batch.mask[:, :, JOINTS.index("right_wrist")])
    twice = mirror(*once, swap)
    assert torch.equal(twice[0], batch.landmarks) and torch.equal(twice[1], batch.mask)


@pytest.mark.parametrize("only", [{"rotate_degrees": 13}, {"squeeze": 0.15}, {"perspective": 0.1}, {"arm_degrees": 4}])
def test_each_change_alone_reaches_its_share_of_clips_and_leaves_missing_joints_missing(batch, only):
    assert changed(batch, augmented(batch, **OFF | only, probability=1, arm_joint_probability=1)).all()
    some = augmented(batch, **OFF | only, probability=0.5, arm_joint_probability=1)
    assert 16 < changed(batch, some).sum() < 48
    assert torch.equal(some.mask, batch.mask) and (some.landmarks[~some.mask] == 0).all()
    assert some.landmarks.isfinite().all()


def test_everything_off_changes_nothing(batch):
    assert not changed(batch, augmented(batch, **OFF)).any()
    assert not changed(batch, augmented(batch, probability=0)).any()


def test_one_at_a_time_changes_the_published_share_of_clips(batch):
    together, alone = augmented(batch), augmented(batch, one_at_a_time=True)
    assert changed(batch, alone).sum() < 45 < changed(batch, together).sum()


def test_the_same_generator_gives_the_same_changes(batch):
    assert torch.equal(augmented(batch, 3).landmarks, augmented(batch, 3).landmarks)
    assert not torch.equal(augmented(batch, 3).landmarks, augmented(batch, 4).landmarks)


def test_noise_has_its_deviation_and_spares_missing_joints(batch):
    noisy = Augment(AugmentParams(noise_std=0.01), JOINTS, torch.Generator().manual_seed(0)).noise(batch)
    difference = noisy.landmarks - batch.landmarks
    assert (difference[~batch.mask] == 0).all() and difference[batch.mask].std() == pytest.approx(0.01, rel=0.05)


def test_yaw_turns_depth_into_width_and_keeps_height_and_distances():
    landmarks = torch.randn(2, 3, 5, 3)
    turned = yaw(landmarks, torch.deg2rad(torch.tensor([90.0, 30.0])))
    torch.testing.assert_close(turned[0, ..., 0], landmarks[0, ..., 2])
    torch.testing.assert_close(turned[..., 1], landmarks[..., 1])
    torch.testing.assert_close(turned.norm(dim=-1), landmarks.norm(dim=-1))
