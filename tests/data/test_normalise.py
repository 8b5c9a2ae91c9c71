"""SPOTER's normalisation: boxes, what they make equal, and missing joints."""

import pytest
import torch

from slr.data.batches import Batch
from slr.data.normalise import normaliser
from slr.errors import ParamsError
from slr.skeleton import skeleton
from tests.landmark_corpus import BODY, JOINTS

HAND = JOINTS.part_slices["right_hand"]


def batch_of(landmarks: torch.Tensor, mask: torch.Tensor | None = None) -> Batch:
    mask = torch.ones(landmarks.shape[:3], dtype=torch.bool) if mask is None else mask
    clips, numbers = len(landmarks), torch.arange(len(landmarks))
    empty = Batch(landmarks, mask, torch.full((clips,), landmarks.shape[1]), numbers, numbers, tuple("ab"[:clips]))
    return empty.with_landmarks(landmarks)


@pytest.fixture
def signer() -> torch.Tensor:
    """(1, 6, 54, 2): a still body whose hands move."""
    generator = torch.Generator().manual_seed(0)
    landmarks = torch.rand(1, 6, len(JOINTS), 2, generator=generator) * 0.4 - 0.2
    for joint, place in BODY.items():
        landmarks[:, :, JOINTS.index(joint)] = torch.tensor(place) - 0.5
    return landmarks


@pytest.mark.parametrize("how", ["frame", "clip"])
def test_the_body_box_is_six_shoulder_widths_from_half_a_width_above_the_eyes(signer, how):
    body = normaliser(how, JOINTS)(batch_of(signer)).landmarks[0, 0]
    assert body[JOINTS.index("neck"), 0] == pytest.approx(0, abs=1e-6)  # middle of the box, .5 taken off
    shoulders = body[JOINTS.index("left_shoulder")] - body[JOINTS.index("right_shoulder")]
    assert shoulders[0] == pytest.approx(1 / 6)
    eyes = body[[JOINTS.index("left_eye"), JOINTS.index("right_eye")], 1]
    torch.testing.assert_close(eyes, torch.full((2,), 0.5 / 6 - 0.5))


@pytest.mark.parametrize("how", ["frame", "clip"])
def test_place_and_size_in_the_frame_do_not_matter(signer, how):
    normalise = normaliser(how, JOINTS)
    moved = normalise(batch_of(signer * 0.6 + torch.tensor([0.1, -0.05])))
    torch.testing.assert_close(moved.landmarks, normalise(batch_of(signer)).landmarks, atol=1e-5, rtol=0)


def test_a_hand_fills_its_padded_square_and_keeps_its_shape(signer):
    raw, hand = signer[0, :, HAND], normaliser("clip", JOINTS)(batch_of(signer)).landmarks[0, :, HAND]
    extent = (hand.amax(1) - hand.amin(1))
    torch.testing.assert_close(extent.amax(1), torch.full((6,), 1 / 1.2))
    torch.testing.assert_close((hand.amax(1) + hand.amin(1)) / 2, torch.zeros(6, 2), atol=1e-6, rtol=0)
    raw_extent = raw.amax(1) - raw.amin(1)
    torch.testing.assert_close(extent[:, 0] / extent[:, 1], raw_extent[:, 0] / raw_extent[:, 1])


@pytest.mark.parametrize("how", ["frame", "clip"])
def test_missing_joints_stay_zero_and_do_not_move_the_others(signer, how):
    normalise = normaliser(how, JOINTS)
    mask = torch.ones(signer.shape[:3], dtype=torch.bool)
    mask[:, 2, HAND] = False  # a hand lost in motion blur
    mask[:, 3, [JOINTS.index("left_shoulder"), JOINTS.index("neck")]] = False
    whole, gaps = normalise(batch_of(signer)), normalise(batch_of(signer, mask))
    assert (gaps.landmarks[~mask] == 0).all() and gaps.landmarks.isfinite().all()
    torch.testing.assert_close(gaps.landmarks[mask], whole.landmarks[mask], atol=1e-5, rtol=0)


def test_a_clip_without_shoulders_or_hands_stays_finite(signer):
    mask = torch.zeros(signer.shape[:3], dtype=torch.bool)
    mask[:, :, JOINTS.index("nose")] = True
    for how in ("frame", "clip"):
        landmarks = normaliser(how, JOINTS)(batch_of(signer, mask)).landmarks
        assert landmarks.isfinite().all()
        torch.testing.assert_close(landmarks[mask], signer[mask])


def test_the_box_of_a_frame_follows_a_body_that_moves_and_the_box_of_a_clip_shows_it(signer):
    moving = signer + torch.linspace(0, 0.2, 6)[None, :, None, None]
    neck = JOINTS.index("neck")
    assert normaliser("frame", JOINTS)(batch_of(moving)).landmarks[0, :, neck].std(0).max() < 1e-5
    assert normaliser("clip", JOINTS)(batch_of(moving)).landmarks[0, :, neck].std(0).max() > 0.01


def test_a_clip_does_not_depend_on_the_clips_and_the_padding_beside_it(signer):
    normalise = normaliser("clip", JOINTS)
    longer = torch.cat([signer, torch.full_like(signer, 7)], 1)
    mask = torch.ones(longer.shape[:3], dtype=torch.bool)
    mask[:, 6:] = False
    pair = batch_of(torch.cat([longer, longer * 0.5]), torch.cat([mask, ~mask]))
    torch.testing.assert_close(normalise(pair).landmarks[:1, :6], normalise(batch_of(signer)).landmarks)


def test_none_changes_nothing_and_bare_hands_cannot_be_boxed(signer):
    batch = batch_of(signer)
    assert normaliser("none", JOINTS)(batch) is batch
    with pytest.raises(ParamsError, match="hands-42.*normalise: none"):
        normaliser("clip", skeleton("hands-42"))
