"""Random changes to batches: each reaches its share of clips, is drawn from one generator, and invents nothing."""

from dataclasses import replace

import pytest
import torch

from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ParamsError
from slr.params import AugmentParams, ModelParams
from slr.preprocessing.augment import Augment, space
from slr.preprocessing.augment.dropping import hide, stretches
from slr.preprocessing.augment.published import AugmentAsPublished
from slr.preprocessing.augment.time import retime
from slr.preprocessing.batch import Batch
from slr.preprocessing.normalise import normaliser
from tests.helpers.landmark_corpus import JOINTS

OFF = {"rotate_degrees": 0, "squeeze": 0, "perspective": 0, "arm_degrees": 0, "noise_std": 0}
EVERY = {"rotate_degrees": 13, "squeeze": 0.15, "perspective": 0.1, "arm_degrees": 4, "yaw_degrees": 20, "mirror": 0.5,
         "crop": 0.3, "frame_rate": 0.3, "scale": 0.1, "shift": 0.1, "noise_std": 0.01, "time_mask": 0.3,
         "frame_dropout": 0.1, "joint_dropout": 0.1, "part_dropout": 0.3, "mixup": 0.5}


def batch_of(joints: Skeleton, clips: int = 64, channels: int = 2) -> Batch:
    """Clips of 5 to 12 frames with a tenth of the joints missing."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(5, 13, (clips,), generator=generator)
    lengths[0] = 12
    landmarks = torch.rand(clips, 12, len(joints), channels, generator=generator) - 0.5
    mask = torch.rand(landmarks.shape[:3], generator=generator) > 0.1
    mask &= (torch.arange(12) < lengths[:, None])[..., None]
    numbers = torch.arange(clips)
    batch = Batch(landmarks, mask, lengths, numbers, numbers, tuple(map(str, range(clips))))
    return batch.with_landmarks(landmarks)


@pytest.fixture
def batch() -> Batch:
    return batch_of(JOINTS)


def augmented(batch: Batch, seed: int = 0, joints: Skeleton = JOINTS, frames: int | None = None, **settings) -> Batch:
    return Augment(AugmentParams(**{"noise_std": 0} | settings), joints, torch.Generator().manual_seed(seed),
                   frames)(batch)


def changed(before: Batch, after: Batch) -> torch.Tensor:
    """(B,) bool: which clips differ."""
    return (before.landmarks != after.landmarks).flatten(1).any(1)


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
    assert torch.equal(augmented(batch, **OFF).mask, batch.mask)


def test_one_at_a_time_changes_the_published_share_of_clips(batch):
    together, alone = augmented(batch), augmented(batch, one_at_a_time=True)
    assert changed(batch, alone).sum() < 45 < changed(batch, together).sum()


def test_published_changes_leave_hands_alone_and_a_rotation_makes_missing_joints_appear(batch):
    """tests/reference compares the numbers with the authors'."""
    hands, missing = slice(12, 54), batch.frames[..., None] & ~batch.mask
    for only in ({"squeeze": 0.15}, {"perspective": 0.1}, {"arm_degrees": 4}):
        after = published(batch, **OFF | only, arm_joint_probability=1)
        assert changed(batch, after).all()
        torch.testing.assert_close(after.landmarks[:, :, hands], batch.landmarks[:, :, hands])
    turned = published(batch, **OFF | {"rotate_degrees": 13})
    assert turned.mask[missing].all() and not turned.mask[~batch.frames].any()
    with pytest.raises(ParamsError, match="augment.views: published.*'boston-3' have no neck"):
        AugmentAsPublished(AugmentParams(views="published"), skeleton("boston-3"), torch.Generator())


def published(batch: Batch, **settings) -> Batch:
    params = AugmentParams(**{"noise_std": 0, "views": "published", "probability": 1} | settings)
    return AugmentAsPublished(params, JOINTS, torch.Generator().manual_seed(0)).before(batch)


def test_the_same_generator_gives_the_same_changes(batch):
    once, again = (augmented(batch, 3, **EVERY | {"yaw_degrees": 0}) for _ in range(2))
    tensors = {name: value for name, value in vars(once).items() if isinstance(value, torch.Tensor)}
    assert len(tensors) >= 7 and all(torch.equal(value, vars(again)[name]) for name, value in tensors.items())
    assert not torch.equal(augmented(batch, 3).landmarks, augmented(batch, 4).landmarks)


def test_noise_has_its_deviation_and_spares_missing_joints(batch):
    noisy = augmented(batch, **OFF | {"noise_std": 0.01})
    difference = noisy.landmarks - batch.landmarks
    assert (difference[~batch.mask] == 0).all() and difference[batch.mask].std() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize(("name", "channels"), [("spoter-54", 4), ("holistic-553", 3), ("kinect-20", 3)])
def test_everything_at_once_keeps_what_is_missing_missing_and_numbers_finite(name, channels):
    joints = skeleton(name)
    batch = batch_of(joints, 16, channels)
    found = Augment(AugmentParams(**EVERY), joints, torch.Generator())(batch, normaliser("shoulders", joints))
    assert found.landmarks.isfinite().all() and (found.landmarks[~found.mask] == 0).all()
    assert not found.mask[~found.frames].any() and found.landmarks.shape[1] == found.lengths.max()
    if channels == 4:  # a visibility is neither turned nor scaled nor made noisy
        low, high = batch.landmarks[..., 3].min(), batch.landmarks[..., 3].max()
        assert found.landmarks[..., 3].min() >= low and found.landmarks[..., 3].max() <= high


ARMS = space.arm_joints(JOINTS)
WITH_AMOUNTS = {
    "rotate": lambda x, i: x.with_landmarks(space.rotate(x.landmarks, AMOUNTS[i])),
    "squeeze": lambda x, i: x.with_landmarks(space.squeeze(x.landmarks, AMOUNTS[i].abs(), AMOUNTS[i] ** 2)),
    "perspective": lambda x, i: x.with_landmarks(space.perspective(x.landmarks, AMOUNTS[i])),
    "arm": lambda x, i: x.with_landmarks(space.rotate_below(x.landmarks, x.mask, ARMS, [AMOUNTS[i]] * len(ARMS))),
    "yaw": lambda x, i: x.with_landmarks(space.yaw(x.landmarks, AMOUNTS[i])),
    "scale": lambda x, i: x.with_landmarks(space.scale(x.landmarks, 1 + AMOUNTS[i])),
    "shift": lambda x, i: x.with_landmarks(space.shift(x.landmarks, torch.stack([AMOUNTS[i], -AMOUNTS[i]], 1))),
    "mirror": lambda x, i: x.with_landmarks(*space.mirror(x.landmarks, x.mask, torch.from_numpy(JOINTS.mirror))),
    "retime": lambda x, i: retime(x, STARTS[i], x.lengths - STARTS[i], (x.lengths * (1 + AMOUNTS[i])).long()),
    "hide": lambda x, i: hide(x, stretches(STARTS[i], 1 + STARTS[i], x.mask.shape[1]),
                              torch.arange(54) % 5 == STARTS[i][:, None]),
    "shoulders": lambda x, i: normaliser("shoulders", JOINTS)(x),
    "hands": lambda x, i: normaliser("hands", JOINTS)(x),
    "boxes": lambda x, i: normaliser("frame", JOINTS)(x),
    "published boxes": lambda x, i: normaliser("published", JOINTS)(x),
}
"""Each change with given amounts: the clips at `i` get the i-th of them."""
AMOUNTS = torch.tensor([0.1, -0.3, 0.0, 0.25])
STARTS = torch.tensor([0, 3, 1, 2])


@pytest.mark.parametrize("name", WITH_AMOUNTS)
def test_a_batch_is_changed_as_each_of_its_clips_alone(name):
    change, batch = WITH_AMOUNTS[name], batch_of(JOINTS, 4, 3)
    together = change(batch, torch.arange(4))
    for i, length in enumerate(batch.lengths):
        alone = change(replace(batch, landmarks=batch.landmarks[i:i + 1, :length], mask=batch.mask[i:i + 1, :length],
                               lengths=batch.lengths[i:i + 1]), torch.tensor([i]))
        steps = alone.landmarks.shape[1]
        assert alone.lengths[0] == together.lengths[i] == steps
        torch.testing.assert_close(together.landmarks[i, :steps], alone.landmarks[0], atol=1e-6, rtol=0)
        assert torch.equal(together.mask[i, :steps], alone.mask[0]) and not together.mask[i, steps:].any()


def test_a_mirror_comes_before_and_noise_after_normalisation(batch):
    neck = JOINTS.index("neck")

    def to_the_nose(batch: Batch) -> Batch:
        return batch.with_landmarks(batch.landmarks - batch.landmarks[:, :, :1])

    settings = AugmentParams(**OFF | {"mirror": 1, "noise_std": 0.01, "shift": 0.5})
    found = Augment(settings, JOINTS, torch.Generator().manual_seed(0))(batch, to_the_nose)
    both = batch.mask[:, :, 0] & batch.mask[:, :, neck]
    from_nose = found.landmarks[:, :, neck] - found.landmarks[:, :, 0]
    wanted = (batch.landmarks[:, :, neck] - batch.landmarks[:, :, 0]) * torch.tensor([-1, 1])
    assert 0.001 < (from_nose - wanted)[both].abs().max() < 0.1
    assert found.landmarks[:, :, 0][batch.mask[:, :, 0]].std() > 0.2  # at 0, were it not shifted afterwards


def test_a_crop_shortens_clips_by_up_to_its_share_and_at_both_ends(batch):
    cropped = augmented(batch, **OFF | {"crop": 0.5})
    lost = batch.lengths - cropped.lengths
    assert (lost >= 0).all() and (lost > 0).any() and (lost <= (batch.lengths + 1) // 2).all()
    firsts, lasts = set(), set()
    for i, length in enumerate(cropped.lengths):
        starts = [start for start in range(lost[i] + 1)
                  if torch.equal(batch.landmarks[i, start:start + length], cropped.landmarks[i, :length])]
        assert len(starts) == 1  # a stretch of the clip as it was
        firsts.add(starts[0])
        lasts.add(int(lost[i]) - starts[0])
    assert {0, 1} < firsts and {0, 1} < lasts


def test_another_frame_rate_makes_clips_longer_and_shorter_within_bounds(batch):
    found = augmented(batch, **OFF | {"frame_rate": 0.3})
    assert ((found.lengths / batch.lengths - 1).abs() <= 0.3 + 0.5 / batch.lengths).all()  # whole frames
    assert (found.lengths > batch.lengths).any() and (found.lengths < batch.lengths).any()


def test_a_cropped_clip_fills_the_frames_that_are_asked_for(batch):
    found = augmented(batch, frames=8, **OFF | {"crop": 0.5})
    assert (found.lengths == 8).all() and found.landmarks.shape[1] == 8


@pytest.mark.parametrize(("only", "share"), [({"frame_dropout": 0.25}, 0.25), ({"joint_dropout": 0.25}, 0.25),
                                             ({"time_mask": 0.5}, 0.25), ({"part_dropout": 1}, 0.45)])
def test_what_is_dropped_has_its_share_and_leaves_the_rest(batch, only, share):
    found = augmented(batch, **OFF | only)
    gone = batch.mask & ~found.mask
    assert gone.sum() / batch.mask.sum() == pytest.approx(share, rel=0.3)
    assert not (found.mask & ~batch.mask).any() and torch.equal(found.lengths, batch.lengths)
    assert torch.equal(found.landmarks[found.mask], batch.landmarks[found.mask])
    assert found.mask.any(2).any(1).all()  # no clip is lost


def test_dropping_almost_everything_leaves_every_clip_something(batch):
    for only in ({"frame_dropout": 0.99}, {"joint_dropout": 0.99}, {"time_mask": 0.99}, {"crop": 0.99}):
        assert augmented(batch, **OFF | only).mask.any(2).any(1).all()


def test_mixup_names_the_other_class_and_gives_it_the_smaller_part(batch):
    found = augmented(batch, **OFF | {"mixup": 1})
    assert sorted(found.mixed_targets.tolist()) == sorted(batch.targets.tolist())
    assert torch.equal(found.targets, batch.targets) and torch.equal(found.signers, batch.signers)
    assert (found.mixed_share >= 0).all() and found.mixed_share.max() <= 0.5 and found.mixed_share.std() > 0.1
    assert augmented(batch, **OFF).mixed_targets is None


def test_a_body_without_parts_cannot_lose_one():
    with pytest.raises(ParamsError, match="boston-3.*part_dropout: 0"):
        Augment(AugmentParams(part_dropout=0.1), skeleton("boston-3"), torch.Generator())


def test_metres_are_turned_around_the_body_not_around_the_camera():
    kinect = skeleton("kinect-20")
    batch = batch_of(kinect, channels=3)
    far = batch.with_landmarks(batch.landmarks + torch.tensor([0.5, 0.2, 2.5]))
    only = OFF | {"yaw_degrees": 45, "rotate_degrees": 20, "perspective": 0.2, "squeeze": 0.2, "probability": 1}
    near, there = (augmented(clips, joints=kinect, **only) for clips in (batch, far))
    moved = (there.landmarks - near.landmarks)[near.mask]
    torch.testing.assert_close(moved, torch.tensor([0.5, 0.2, 2.5]).expand_as(moved), atol=1e-5, rtol=0)


def test_a_hand_turns_with_its_arm():
    batch = batch_of(JOINTS, channels=3)
    hand, wrist = JOINTS.index("left_hand_wrist"), JOINTS.index("left_wrist")
    landmarks = batch.landmarks.clone()
    landmarks[:, :, hand] = landmarks[:, :, wrist] * torch.tensor([1.0, 1, 0])  # the same point; its z from itself
    found = augmented(batch.with_landmarks(landmarks), **OFF | {"yaw_degrees": 60, "probability": 1})
    both = batch.mask[:, :, hand] & batch.mask[:, :, wrist]
    wanted = found.landmarks[:, :, wrist] * torch.tensor([1.0, 1, 0])
    torch.testing.assert_close(found.landmarks[:, :, hand][both], wanted[both], atol=1e-5, rtol=0)


def test_settings_that_could_do_nothing_say_so():
    with pytest.raises(ValueError, match="frame_rate.*resampled to 32 frames.*frame_rate: 0"):
        ModelParams(frames=32, augment={"frame_rate": 0.1})
    with pytest.raises(ValueError, match="yaw_degrees.*'kinect-20' needs its depth; set channels: 3"):
        ModelParams(joints="kinect-20", augment={"yaw_degrees": 10})
    assert ModelParams(joints="kinect-20", channels=3, augment={"yaw_degrees": 10, "crop": 0.1}, frames=32)
