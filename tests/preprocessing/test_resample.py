"""Clips at other moments: linear between frames, and missing where a neighbour is."""

import numpy as np
import pytest
import torch

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import write_store
from slr.preprocessing.clips import arrange, load_clips
from slr.preprocessing.resample import at_moments, resample, spread
from tests.helpers import landmark_corpus
from tests.helpers.landmark_corpus import JOINTS


def test_a_joint_moves_linearly_between_frames_and_exists_where_both_neighbours_do():
    landmarks = torch.tensor([[[0.0, 0]], [[1, 2]], [[5, 5]], [[3, 3]]])
    mask = torch.tensor([[True], [True], [False], [True]])
    found, exists = at_moments(landmarks, mask, torch.tensor([0.25, 1.0, 1.5, 2.0, 2.5, 3 - 1e-9], dtype=torch.float64))
    assert exists[:, 0].tolist() == [True, True, False, False, False, True]  # a whole frame needs no neighbour
    torch.testing.assert_close(found[:, 0], torch.tensor([[0.25, 0.5], [1, 2], [0, 0], [0, 0], [0, 0], [3, 3]]))


def test_moments_reach_from_end_to_end_and_a_single_one_is_the_middle():
    found = spread(torch.tensor([0, 10, 4]), torch.tensor([5, 3, 7]), torch.tensor([5, 5, 1]), 6)
    assert found.tolist() == [[0, 1, 2, 3, 4, 4], [10, 10.5, 11, 11.5, 12, 12], [7] * 6]


@pytest.mark.parametrize("frames", [1, 2, 7, 30])
def test_clips_are_resampled_as_if_each_were_alone(frames):
    lengths = torch.tensor([1, 7, 19])
    landmarks, mask = torch.randn(27, 4, 3), torch.rand(27, 4) > 0.2
    together, found = resample(landmarks, mask, lengths, frames)
    assert together.shape == (3 * frames, 4, 3) and (together[~found] == 0).all()
    for i, (start, length) in enumerate(((0, 1), (1, 7), (8, 19))):
        own = slice(start, start + length)
        alone, exists = resample(landmarks[own], mask[own], torch.tensor([length]), frames)
        torch.testing.assert_close(together[i * frames:(i + 1) * frames], alone)
        assert torch.equal(found[i * frames:(i + 1) * frames], exists)
    if frames == 7:
        assert torch.equal(together[7:14], landmarks[1:8].masked_fill(~mask[1:8, :, None], 0))


def test_a_straight_motion_stays_straight():
    x = torch.linspace(0, 1, 13)[:, None, None].expand(-1, 2, 2)
    found, _ = resample(x, torch.ones(13, 2, dtype=torch.bool), torch.tensor([13]), 50)
    torch.testing.assert_close(found[:, 0, 0], torch.linspace(0, 1, 50))


def test_clips_of_a_store_come_with_the_frames_asked_for(tmp_path):
    rng = np.random.default_rng(0)
    made = [landmark_corpus.clip(i, rng, f"c{i}", missing=0.2) for i in range(3)]
    write_store(tmp_path / "store", made, JOINTS)
    clips = load_clips(LandmarkStore(tmp_path / "store"), ["c2", "c0"], JOINTS, [1, 0], frames=16)
    assert clips.lengths.tolist() == [16, 16] and clips.offsets.tolist() == [0, 16] and len(clips.landmarks) == 32
    first = arrange(("c2",), made[2].coordinates, np.array([len(made[2])]), np.eye(54), np.array([[320, 320]]))
    assert torch.equal(clips.mask[0], first.mask[0]) and torch.equal(clips.mask[15], first.mask[-1])
    torch.testing.assert_close(clips.landmarks[15], first.landmarks[-1], atol=1e-3, rtol=0)
