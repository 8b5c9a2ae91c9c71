"""Spliced sentences: every pair of neighbours is one that somebody signed, frames and glosses belong together."""

from itertools import pairwise

import pytest
import torch

from slr.preprocessing.clips import Clips
from slr.preprocessing.splice import Splicer

SENTENCES = {
    "a": [0, 0, 1, 1, 0, 2, 2, 2, 0], "b": [1, 1, 0, 0, 3, 3], "c": [0, 3, 3, 0, 1, 1, 0, 2],
}


def clips_of(labels: list[list[int]], glosses: list[list[int]] | None = None) -> Clips:
    """Sentences whose joint's place is the number of its frame in the flat arrays."""
    lengths = torch.tensor([len(of) for of in labels])
    flat = torch.tensor([label for of in labels for label in of])
    glosses = glosses or [[int(x) for x in torch.tensor(of).unique_consecutive() if x] for of in labels]
    targets = torch.nn.utils.rnn.pad_sequence([torch.tensor(of) for of in glosses], batch_first=True, padding_value=-1)
    return Clips(tuple(map(str, range(len(labels)))), torch.arange(float(len(flat)))[:, None, None],
                 torch.ones(len(flat), 1, dtype=torch.bool), lengths.cumsum(0) - lengths, lengths, targets,
                 torch.zeros(len(labels), dtype=torch.int64), flat)


@pytest.fixture
def clips() -> Clips:
    return clips_of(list(SENTENCES.values()))


def test_spliced_sentences_go_on_as_somebody_did(clips):
    splicer, generator = Splicer(clips), torch.Generator().manual_seed(0)
    pairs = {pair for of in clips.targets.tolist() for pair in pairwise(g for g in of if g > 0)}
    seen = set()
    for _ in range(50):
        batch = splicer.batch(torch.tensor([0, 1, 2]), 1, generator)
        assert batch.clip_ids == ("0", "1", "2")
        for i in range(3):
            glosses = [g for g in batch.targets[i].tolist() if g != -1]
            labels = batch.frame_targets[i, :batch.lengths[i]]
            # What the frames show is what the targets say, and the frames are those that were labelled so.
            assert [g for g in labels.unique_consecutive().tolist() if g] == glosses
            rows = batch.landmarks[i, :batch.lengths[i], 0, 0].long()
            assert torch.equal(clips.frame_targets[rows], labels)
            assert set(pairwise(glosses)) <= pairs
            assert (batch.frame_targets[i, batch.lengths[i]:] == -1).all()
            seen.add(tuple(glosses))
    assert len(seen) > 3  # more than the three that there are


def test_without_a_share_the_batch_is_the_sentences(clips):
    indices = torch.tensor([2, 0])
    found, plain = Splicer(clips).batch(indices, 0, torch.Generator()), clips.batch(indices)
    assert torch.equal(found.landmarks, plain.landmarks) and torch.equal(found.targets, plain.targets)


def test_a_sentence_whose_frames_say_something_else_is_left_as_it_is():
    clips = clips_of([[0, 1, 1, 1, 0], [1, 0, 2, 2, 0]], glosses=[[1, 1], [1, 2]])  # two signs without a pause
    splicer, generator = Splicer(clips), torch.Generator().manual_seed(0)
    assert list(splicer.cuts) == [1]
    for _ in range(10):
        assert splicer.batch(torch.tensor([0]), 1, generator).targets.tolist() == [[1, 1]]


def test_without_labelled_frames_nothing_is_spliced(clips):
    bare = Clips(**{**vars(clips), "frame_targets": None})
    batch = Splicer(bare).batch(torch.tensor([0, 1]), 1, torch.Generator().manual_seed(0))
    assert batch.lengths.tolist() == [9, 6] and batch.frame_targets is None
