"""Mixup: shares of places where both are found, one's own where only one is."""

import torch

from slr.preprocessing.augment.mixing import mix
from tests.helpers.batches import moving


def test_places_are_mixed_where_both_are_found_and_kept_where_one_is():
    batch = moving([3, 5])
    mask = batch.mask.clone()
    mask[0, 0, 0] = mask[1, 0, 1] = mask[0, 0, 2] = mask[1, 0, 2] = False
    batch = batch.with_landmarks(batch.landmarks, mask)
    found = mix(batch, torch.tensor([1, 0]), torch.tensor([0.25, 0.5]))
    torch.testing.assert_close(found.landmarks[0, 1, :, 0], torch.full((3,), 0.75 * 1 + 0.25 * 2))
    torch.testing.assert_close(found.landmarks[1, 1, :, 0], torch.full((3,), 1.5))
    assert found.landmarks[0, 0, :, 0].tolist() == [1, 0, 0] and found.mask[0, 0].tolist() == [True, True, False]
    assert found.lengths.tolist() == [5, 5] and torch.equal(found.landmarks[0, 3:], batch.landmarks[1, 3:])
    assert found.mixed_targets.tolist() == [1, 0] and found.mixed_share.tolist() == [0.25, 0.5]
    assert found.targets.tolist() == [0, 1]


def test_a_share_of_nothing_and_a_clip_with_itself_change_nothing():
    batch = moving([4, 4])
    for partner, share in (([1, 0], [0, 0]), ([0, 1], [0.5, 0.3])):
        found = mix(batch, torch.tensor(partner), torch.tensor(share, dtype=torch.float32))
        torch.testing.assert_close(found.landmarks, batch.landmarks)
