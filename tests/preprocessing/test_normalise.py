"""Normalisations: SPOTER's boxes, the shoulders' frame and the hands', what they make equal, and missing joints."""

import pytest
import torch

from slr.dataset.skeleton import skeleton
from slr.errors import ParamsError
from slr.preprocessing.batch import Batch
from slr.preprocessing.normalise import KNUCKLES, in_shoulder_frame, normaliser
from tests.helpers.landmark_corpus import BODY, JOINTS

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
    for how, unit in (("frame", 1), ("clip", 1), ("shoulders", 6), ("hands", 6)):
        landmarks = normaliser(how, JOINTS)(batch_of(signer, mask)).landmarks
        assert landmarks.isfinite().all()
        torch.testing.assert_close(landmarks[mask], signer[mask] * unit)


def test_the_box_of_a_frame_follows_a_body_that_moves_and_the_box_of_a_clip_shows_it(signer):
    moving = signer + torch.linspace(0, 0.2, 6)[None, :, None, None]
    neck = JOINTS.index("neck")
    assert normaliser("frame", JOINTS)(batch_of(moving)).landmarks[0, :, neck].std(0).max() < 1e-5
    assert normaliser("clip", JOINTS)(batch_of(moving)).landmarks[0, :, neck].std(0).max() > 0.01


@pytest.mark.parametrize("how", ["frame", "clip", "shoulders", "hands"])
def test_a_clip_does_not_depend_on_the_clips_and_the_padding_beside_it(signer, how):
    normalise = normaliser(how, JOINTS)
    longer = torch.cat([signer, torch.full_like(signer, 7)], 1)
    mask = torch.ones(longer.shape[:3], dtype=torch.bool)
    mask[:, 6:] = False
    pair = batch_of(torch.cat([longer, longer * 0.5]), torch.cat([mask, ~mask]))
    torch.testing.assert_close(normalise(pair).landmarks[:1, :6], normalise(batch_of(signer)).landmarks)


def test_raw_coordinates_are_from_the_corner_of_the_frame(signer):
    batch = batch_of(signer, torch.rand(signer.shape[:3], generator=torch.Generator().manual_seed(0)) > 0.1)
    found = normaliser("raw", JOINTS)(batch)
    torch.testing.assert_close(found.landmarks, (batch.landmarks + 0.5).masked_fill(~batch.mask[..., None], 0))
    assert normaliser("raw", skeleton("kinect-20"))(batch) is batch  # metres have no frame


@pytest.mark.parametrize("how", ["frame", "clip", "published", "shoulders", "hands"])
def test_a_clip_of_one_frame_is_normalised_like_others(signer, how):
    single, repeated = (normaliser(how, JOINTS)(batch_of(signer[:, :1].expand(-1, frames, -1, -1).clone()))
                        for frames in (1, 3))
    torch.testing.assert_close(single.landmarks, repeated.landmarks[:, :1])
    assert torch.equal(single.mask, repeated.mask[:, :1])


def test_none_changes_nothing_and_bare_hands_cannot_be_boxed(signer):
    batch = batch_of(signer)
    assert normaliser("none", JOINTS)(batch) is batch
    for how in ("frame", "clip", "published", "shoulders", "hands"):
        with pytest.raises(ParamsError, match="hands-42.*normalise: none"):
            normaliser(how, skeleton("hands-42"))


def test_what_a_kinect_cannot_show_is_said_with_the_way_out():
    with pytest.raises(ParamsError, match="kinect-20.*normalise: shoulders or none"):
        normaliser("clip", skeleton("kinect-20"))
    with pytest.raises(ParamsError, match="nose.*'kinect-20' have no nose, left_eye; set joints: spoter-54"):
        normaliser("published", skeleton("kinect-20"))
    with pytest.raises(ParamsError, match="kinect-20.*no hands.*normalise: shoulders"):
        normaliser("hands", skeleton("kinect-20"))


@pytest.mark.parametrize("how", ["shoulders", "hands"])
def test_in_the_shoulders_frame_the_neck_is_the_origin_and_the_shoulders_are_one_apart(signer, how):
    normalise = normaliser(how, JOINTS)
    body = normalise(batch_of(signer)).landmarks[0, 0]
    torch.testing.assert_close(body[JOINTS.index("left_shoulder")], torch.tensor([0.5, 0.0]))
    torch.testing.assert_close(body[JOINTS.index("right_shoulder")], torch.tensor([-0.5, 0.0]))
    moved = normalise(batch_of(signer * 0.6 + torch.tensor([0.1, -0.05])))
    torch.testing.assert_close(moved.landmarks, normalise(batch_of(signer)).landmarks, atol=1e-5, rtol=0)


def test_the_shoulders_frame_is_the_median_of_the_frames_that_show_them(signer):
    mask = torch.ones(signer.shape[:3], dtype=torch.bool)
    mask[:, :2, JOINTS.index("left_shoulder")] = False
    gaps = signer.clone()
    gaps[:, :2, JOINTS.index("right_shoulder")] = 9  # without its partner it measures nothing
    gaps[:, 5] += 0.3  # one frame that jumps
    frame = in_shoulder_frame(gaps, mask, [JOINTS.index("left_shoulder"), JOINTS.index("right_shoulder")], "image")
    torch.testing.assert_close(frame[0, 3], normaliser("shoulders", JOINTS)(batch_of(signer)).landmarks[0, 3])


@pytest.mark.parametrize("channels", [2, 3])
def test_metres_are_measured_in_all_their_axes(channels):
    kinect = skeleton("kinect-20")
    landmarks = torch.randn(2, 5, 20, channels, generator=torch.Generator().manual_seed(0))
    found = normaliser("shoulders", kinect)(batch_of(landmarks * 0.7 + 2)).landmarks
    torch.testing.assert_close(found, normaliser("shoulders", kinect)(batch_of(landmarks)).landmarks, atol=2e-5, rtol=0)
    still = landmarks[:, :1].expand(-1, 5, -1, -1)
    left, right = (normaliser("shoulders", kinect)(batch_of(still)).landmarks[:, :, kinect.index(f"{side}_shoulder")]
                   for side in ("left", "right"))
    torch.testing.assert_close((left - right).norm(dim=-1), torch.ones(2, 5))
    torch.testing.assert_close(left + right, torch.zeros(2, 5, channels), atol=1e-5, rtol=0)


def test_a_hand_apart_keeps_its_place_at_the_wrist_and_its_shape_in_palms(signer):
    wrist, normalise = JOINTS.index("right_hand_wrist"), normaliser("hands", JOINTS)
    still = signer[:, :1].expand(-1, 6, -1, -1).clone()
    grown = still.clone()
    grown[:, :, HAND] = (still[:, :, HAND] - still[:, :, wrist, None]) * 2 + still[:, :, wrist, None] + 0.05
    before, after = (normalise(batch_of(x)).landmarks for x in (still, grown))
    shape = [joint for joint in range(HAND.start, HAND.stop) if joint != wrist]
    torch.testing.assert_close(after[:, :, shape], before[:, :, shape], atol=1e-5, rtol=0)  # larger, elsewhere
    shoulders = normaliser("shoulders", JOINTS)(batch_of(grown)).landmarks
    torch.testing.assert_close(after[:, :, wrist], shoulders[:, :, wrist])
    knuckles = after[0, 0, [JOINTS.index(f"right_hand_{knuckle}") for knuckle in KNUCKLES]]
    assert knuckles.norm(dim=-1).mean() == pytest.approx(1)


def test_a_hand_without_its_wrist_is_missing(signer):
    mask = torch.ones(signer.shape[:3], dtype=torch.bool)
    mask[:, 2, JOINTS.index("right_hand_wrist")] = False
    found = normaliser("hands", JOINTS)(batch_of(signer, mask))
    assert not found.mask[0, 2, HAND].any() and found.mask[0, 1, HAND].all() and found.mask[0, 2, :12].all()
    assert (found.landmarks[~found.mask] == 0).all()


@pytest.mark.parametrize("how", ["frame", "clip", "shoulders", "hands"])
def test_depth_is_scaled_like_width_and_visibility_stays(signer, how):
    depth = torch.cat([signer, signer[..., :1] - signer[:, :, :1, :1], torch.full_like(signer[..., :1], 0.8)], -1)
    found = normaliser(how, JOINTS)(batch_of(depth)).landmarks
    flat = normaliser(how, JOINTS)(batch_of(signer)).landmarks
    torch.testing.assert_close(found[..., :2], flat)
    assert (found[..., 3] == 0.8).all()
    for joints in (slice(0, 12), slice(HAND.start + 1, HAND.stop)):
        x, z = (found[0, 0, joints, channel] for channel in (0, 2))
        torch.testing.assert_close(z - z[0], x - x[0], atol=1e-5, rtol=0)
