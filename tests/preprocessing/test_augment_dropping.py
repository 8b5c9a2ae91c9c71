"""Changes of what was found: what is hidden is gone, the rest stays."""

import torch

from slr.dataset.skeleton import skeleton
from slr.preprocessing.augment.dropping import body_parts, hide, stretches
from tests.helpers.batches import moving


def test_a_stretch_begins_and_ends_where_it_is_told():
    found = stretches(torch.tensor([1, 0, 3]), torch.tensor([2, 0, 9]), 5)
    assert found.tolist() == [[False, True, True, False, False], [False] * 5, [False, False, False, True, True]]


def test_hidden_frames_and_joints_are_missing_and_zero():
    batch = moving([4, 4])
    frames = torch.tensor([[True, False, False, True], [False] * 4])
    joints = torch.tensor([[False, True, False], [False] * 3])
    found = hide(batch, frames, joints)
    assert found.mask[0].any(1).tolist() == [False, True, True, False]
    assert found.mask[0].any(0).tolist() == [True, False, True]
    assert (found.landmarks[0, [0, 3]] == 0).all() and (found.landmarks[0, :, 1] == 0).all()
    assert torch.equal(found.landmarks[0, 1:3, [0, 2]], batch.landmarks[0, 1:3, [0, 2]])
    assert torch.equal(found.landmarks[1], batch.landmarks[1]) and torch.equal(found.lengths, batch.lengths)


def test_parts_are_whole_hands_arms_with_their_hands_and_the_face():
    holistic = skeleton("holistic-553")
    parts = [{holistic.joints[i] for i in row.nonzero()[:, 0].tolist()} for row in body_parts(holistic)]
    assert parts[:3] == [set(holistic.parts[part]) for part in ("left_hand", "right_hand", "face")]
    assert len(parts) == 5 and set(holistic.parts["left_hand"]) | {"left_elbow", "left_wrist", "left_thumb"} <= parts[3]
    assert not any("right" in joint or "shoulder" in joint or "hip" in joint for joint in parts[3])
    kinect = skeleton("kinect-20")
    assert [{kinect.joints[i] for i in row.nonzero()[:, 0].tolist()} for row in body_parts(kinect)] == [
        {f"{side}_{joint}" for joint in ("elbow", "wrist", "hand")} for side in ("left", "right")]
