"""Changes of time: what is kept is as it was, and nothing is invented between frames."""

import torch

from slr.preprocessing.augment.time import retime
from slr.preprocessing.batch import Batch
from tests.helpers.batches import moving


def test_keeping_all_frames_changes_nothing_bit_for_bit():
    batch = moving([7, 4])
    batch = batch.with_landmarks(torch.randn_like(batch.landmarks))
    found = retime(batch, torch.tensor([0, 0]), batch.lengths, batch.lengths)
    assert torch.equal(found.landmarks, batch.landmarks) and torch.equal(found.mask, batch.mask)


def test_a_part_is_kept_as_it_was():
    found = retime(moving([7, 4]), torch.tensor([2, 1]), torch.tensor([3, 2]), torch.tensor([3, 2]))
    assert found.lengths.tolist() == [3, 2] and found.landmarks.shape[1] == 3
    assert found.landmarks[0, :, 0, 0].tolist() == [2, 3, 4] and found.landmarks[1, :2, 0, 0].tolist() == [2, 3]
    assert not found.mask[1, 2].any() and (found.landmarks[1, 2] == 0).all()


def test_more_frames_show_the_same_motion_slower():
    batch = moving([5, 3])
    found = retime(batch, torch.tensor([0, 0]), batch.lengths, torch.tensor([9, 2]))
    torch.testing.assert_close(found.landmarks[0, :, 1, 0], torch.linspace(0, 4, 9))
    torch.testing.assert_close(found.landmarks[1, :2, 1, 0], torch.tensor([1.0, 3.0]))


def test_a_clip_alone_is_retimed_as_in_a_batch():
    batch = moving([9, 4, 6])
    batch = batch.with_landmarks(torch.randn_like(batch.landmarks), batch.mask & (torch.rand(batch.mask.shape) > 0.2))
    first, kept, frames = torch.tensor([1, 0, 2]), torch.tensor([6, 4, 3]), torch.tensor([4, 7, 5])
    together = retime(batch, first, kept, frames)
    for i in range(3):
        one = Batch(batch.landmarks[i:i + 1], batch.mask[i:i + 1], batch.lengths[i:i + 1], batch.targets[i:i + 1],
                    batch.signers[i:i + 1], batch.clip_ids[i:i + 1])
        alone = retime(one, first[i:i + 1], kept[i:i + 1], frames[i:i + 1])
        torch.testing.assert_close(alone.landmarks[0], together.landmarks[i, :frames[i]])
        assert torch.equal(alone.mask[0], together.mask[i, :frames[i]])
