"""SPOTER's changes of space that are the authors': boxes of hands, rotation, squeeze and perspective of the body."""

import math

import pytest
import torch

from slr.batches.augment.space import perspective, rotate, rotate_below, squeeze
from slr.batches.normalise import in_hand_box

CASE, BODY = "spoter_space", slice(0, 12)
HANDS = [slice(12, 33), slice(33, 54)]


@pytest.fixture
def person(files) -> torch.Tensor:
    """(1, 6, 54, 2) float64 in fractions of the frame, 0 where missing; y upwards."""
    return files.given(CASE, "skeleton").double()[None]


def in_theirs(body, files, name):
    """The body's joints where they were found, and all other joints as the authors' code leaves them."""
    expected = files.given(CASE, name).double()
    found = files.given(CASE, "skeleton")[:, BODY].ne(0).any(-1, keepdim=True)
    expected[:, BODY] = torch.where(found, body[0, :, BODY], expected[:, BODY])
    return expected


def test_hands_in_their_boxes_are_their_authors(person, files):
    expected = files.given(CASE, "normalised").double()
    for hand in HANDS:
        found = person[:, :, hand, 0] != 0
        expected[:, hand] = in_hand_box(person[:, :, hand], found)[0].masked_fill(~found[0, ..., None], 0)
    files.agree(CASE, normalised=expected)


def test_a_rotation_is_its_authors(person, files):
    """Of all joints; theirs turn those that are missing, too, which ours hide afterwards."""
    files.agree(CASE, rotate=rotate(person - 0.5, torch.tensor([math.radians(7.8)]).double()) + 0.5)


def test_the_squeezed_body_is_its_authors(person, files):
    squeezed = squeeze(person - 0.5, torch.tensor([0.12]).double(), torch.tensor([0.045]).double()) + 0.5
    files.agree(CASE, squeeze=in_theirs(squeezed, files, "squeeze"))


@pytest.mark.parametrize(("side", "sign"), [("left", -1), ("right", 1)])
def test_the_body_in_perspective_is_its_authors(side, sign, person, files):
    seen = perspective(person - 0.5, torch.tensor([0.08 * sign]).double()) + 0.5
    files.agree(CASE, **{f"perspective_{side}": in_theirs(seen, files, f"perspective_{side}")})


def test_arms_turn_as_their_authors_around_the_joints_that_theirs_turn(person, files):
    """Theirs: neck, shoulder and elbow, without the hand; ours: shoulder, elbow and wrist, with it."""
    neck = 1
    arm = {"left": [7, 9, 11], "right": [6, 8, 10]}
    joints = [(joint, below[i:]) for below in arm.values() for i, joint in enumerate([neck, *below[:2]])]
    angles = [torch.tensor([math.radians(degrees)]).double() for degrees in (0, 3.2, -2.4, 0.8, 0, 0)]
    files.agree(CASE, arms=rotate_below(person, torch.ones(1, 6, 54, dtype=torch.bool), joints, angles))
