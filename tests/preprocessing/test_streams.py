"""Streams: bones where both ends are, motions where both frames are, bodies that face the camera."""

import math

import pytest
import torch

from slr.dataset.skeleton import skeleton
from slr.preprocessing.augment.space import yaw
from slr.preprocessing.streams import SHORTEST, bones, directions, facing, motions, reaching, smoothed


@pytest.fixture
def clips():
    """(landmarks, mask) of two clips of 9 frames with 4 joints in 3 channels; a sixth of the joints missing."""
    generator = torch.Generator().manual_seed(0)
    mask = torch.rand(2, 9, 4, generator=generator) > 1 / 6
    return torch.randn(2, 9, 4, 3, generator=generator).masked_fill(~mask[..., None], 0), mask


def test_a_bone_points_from_parent_to_child_where_both_are(clips):
    landmarks, mask = clips
    vectors, found = bones(landmarks, mask, torch.tensor([[0, 1], [1, 3]]))
    assert vectors.shape == (2, 9, 2, 3) and found.shape == (2, 9, 2)
    assert torch.equal(found[..., 1], mask[..., 1] & mask[..., 3])
    assert torch.equal(vectors[..., 0, :][found[..., 0]], (landmarks[:, :, 1] - landmarks[:, :, 0])[found[..., 0]])
    assert found.any() and not found.all() and not vectors[~found].any()


def test_directions_have_one_length_unless_a_bone_is_too_short():
    vectors = torch.tensor([[3.0, 0, 4], [0, 0, -SHORTEST], [SHORTEST / 2, 0, 0], [0, 0, 0]]).expand(1, 2, 4, 3)
    found = directions(vectors)
    torch.testing.assert_close(found[0, 0], torch.tensor([[0.6, 0, 0.8], [0, 0, -1], [0.5, 0, 0], [0, 0, 0]]))


def test_directions_stay_as_a_signer_grows(clips):
    vectors, _ = bones(*clips, torch.tensor([[0, 1], [1, 3]]))
    torch.testing.assert_close(directions(vectors * 100), directions(vectors * 170))


@pytest.mark.parametrize("name, pairs", [("kinect-12", 11), ("spoter-54", 9), ("hands-42", 1), ("right-hand-21", 0)])
def test_hands_reach_from_what_the_skeleton_has(name, pairs):
    joints = skeleton(name)
    found = [(joints.joints[a], joints.joints[b]) for a, b in reaching(joints)]
    assert len(set(found)) == len(found) == pairs
    assert all("hand" in hand or "wrist" in hand for _, hand in found)
    if name == "kinect-12":
        assert {("head", "left_hand"), ("spine", "right_hand"), ("right_elbow", "right_hand"),
                ("left_hand", "right_hand")} <= set(found)
    if name == "spoter-54":
        assert {("nose", "left_wrist"), ("left_shoulder", "right_wrist")} <= set(found)


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_a_motion_is_the_step_a_frame_between_two_frames_that_have_the_joint(clips, lag):
    landmarks, mask = clips
    moved, found = motions(landmarks, mask, lag)
    assert moved.shape == landmarks.shape and found.shape == mask.shape and not moved[~found].any()
    for frame in range(9):
        first, last = frame - lag // 2, frame - lag // 2 + lag
        if first < 0 or last >= 9:
            assert not found[:, frame].any()
            continue
        both = mask[:, first] & mask[:, last]
        assert torch.equal(found[:, frame], both)
        torch.testing.assert_close(moved[:, frame][both], (landmarks[:, last] - landmarks[:, first])[both] / lag)


def test_a_clip_shorter_than_the_lag_has_no_motion(clips):
    landmarks, mask = clips
    moved, found = motions(landmarks[:, :2], mask[:, :2], 2)
    assert moved.shape == (2, 2, 4, 3) and not found.any() and not moved.any()


def test_a_motion_is_of_the_same_size_whatever_the_lag():
    line = torch.arange(8.0)[None, :, None, None].expand(1, 8, 1, 2)
    for lag in (1, 2, 4):
        moved, found = motions(line, torch.ones(1, 8, 1, dtype=torch.bool), lag)
        assert (moved[found] == 1).all()


def test_smoothing_takes_from_neighbours_that_have_the_joint(clips):
    landmarks, mask = clips
    found = smoothed(landmarks, mask)
    assert not found[~mask].any()
    for clip, frame, joint in mask.nonzero().tolist():
        near = [(1 if other != frame else 2, other) for other in (frame - 1, frame, frame + 1)
                if 0 <= other < 9 and mask[clip, other, joint]]
        expected = sum(weight * landmarks[clip, other, joint] for weight, other in near) / sum(w for w, _ in near)
        torch.testing.assert_close(found[clip, frame, joint], expected)


def test_smoothing_leaves_what_rests_and_damps_what_trembles():
    mask = torch.ones(1, 8, 2, dtype=torch.bool)
    still = torch.full((1, 8, 2, 3), 0.7)
    torch.testing.assert_close(smoothed(still, mask), still)
    trembling = torch.tensor([1.0, -1.0]).repeat(4)[None, :, None, None].expand(1, 8, 2, 3)
    torch.testing.assert_close(smoothed(trembling, mask)[:, 1:-1], torch.zeros(1, 6, 2, 3))


@pytest.fixture
def body():
    """(1, 5, 3, 3): two shoulders side by side at one depth (left, right) and a hand before them that moves."""
    landmarks = torch.tensor([[-0.5, 0, 0], [0.5, 0, 0], [0.2, 0.3, -0.4]]).expand(1, 5, 3, 3).clone()
    landmarks[:, :, 2, 0] += torch.arange(5) / 10
    return landmarks


@pytest.mark.parametrize("degrees", [-80, -30, 0, 10, 60])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_body_is_turned_back(body, degrees, mirrored):
    if mirrored:  # the right shoulder may be at either side: images and Kinect differ
        body = body * torch.tensor([-1, 1, 1])
    mask = torch.ones(1, 5, 3, dtype=torch.bool)
    turned = yaw(body, torch.tensor([math.radians(degrees)]))
    torch.testing.assert_close(facing(turned, mask, (0, 1)), body)


def test_errors_are_what_is_left_of_the_turn(body):
    mask = torch.ones(1, 5, 3, dtype=torch.bool)
    turned, error = yaw(body, torch.tensor([0.7])), torch.tensor([0.2])
    torch.testing.assert_close(facing(turned, mask, (0, 1), error), yaw(body, error))


def test_frames_without_a_shoulder_dont_count(body):
    mask = torch.ones(1, 5, 3, dtype=torch.bool)
    mask[:, :2, 1] = False
    turned = yaw(body, torch.tensor([0.7]))
    turned[:, :2, 1] = torch.tensor([9.0, 9.0, 9.0])
    found = facing(turned, mask, (0, 1))
    torch.testing.assert_close(found[mask], body[mask])
    assert not found[~mask].any()


def test_a_clip_that_never_shows_both_shoulders_stays_as_it_is(body):
    mask = torch.ones(1, 5, 3, dtype=torch.bool)
    mask[:, :, 0] = False
    turned = yaw(body, torch.tensor([0.7])).masked_fill(~mask[..., None], 0)
    torch.testing.assert_close(facing(turned, mask, (0, 1)), turned)
