"""Decoding chunk by chunk, against decoding all at once."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.decoding.beam import beam_search
from slr.decoding.greedy import greedy
from slr.inference.stream import BeamStream, GreedyStream
from tests.helpers.lattices import fusion, noise, spikes

lattices = st.builds(lambda seed, frames, classes, made: made(np.random.default_rng(seed), frames, classes),
                     st.integers(0, 10**6), st.integers(0, 30), st.integers(2, 6), st.sampled_from([noise, spikes]))
cuts = st.lists(st.integers(0, 30), max_size=8).map(sorted)


def streamed(stream, log_probs, at):
    """All glosses of a stream that is fed in chunks, cut at these frames."""
    glosses = [gloss for chunk in np.split(log_probs, at) for gloss in stream.feed(chunk)]
    return tuple(glosses + stream.finish())


@given(lattices, cuts)
def test_greedy_chunks_give_what_the_whole_gives(log_probs, at):
    assert streamed(GreedyStream(), log_probs, at) == greedy(log_probs).glosses


def test_a_gloss_comes_out_one_frame_after_its_end():
    stream = GreedyStream()
    log_probs = np.log(np.eye(3)[[0, 1, 1, 0, 2, 1]] * 0.8 + 0.1)
    assert [[g.label for g in stream.feed(frame[None])] for frame in log_probs] == [[], [], [], [1], [], [2]]
    assert [g.label for g in stream.finish()] == [1]


@given(lattices, st.booleans())
def test_a_beam_with_time_enough_gives_what_the_whole_gives(log_probs, with_model):
    language = fusion(log_probs.shape[1], np.random.default_rng(0)) if with_model else None
    found = streamed(BeamStream(31, width=8, fusion=language), log_probs, [5, 11])
    (expected, _), = beam_search(log_probs, width=8, fusion=language)
    assert [gloss.label for gloss in found] == expected


@given(lattices, cuts, st.integers(0, 8))
def test_beam_chunks_are_cut_anywhere_and_times_are_in_order(log_probs, at, delay):
    found = streamed(BeamStream(delay, width=4), log_probs, at)
    assert found == streamed(BeamStream(delay, width=4), log_probs, range(len(log_probs)))
    assert all(0 <= gloss.start < gloss.end <= len(log_probs) for gloss in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("delay", [0, 3, 10])
def test_a_gloss_waits_no_longer_than_the_delay(delay):
    stream = BeamStream(delay)
    frames = spikes(np.random.default_rng(3), 400, 40)
    count = 0
    for t, frame in enumerate(frames):
        for gloss in stream.feed(frame[None]):
            assert t + 1 - gloss.end <= max(delay, 1)
            count += 1
    assert count > 40


def test_spikes_are_found_where_they_are():
    frames = spikes(np.random.default_rng(5), 60, 40)
    assert streamed(BeamStream(12), frames, [20, 40]) == greedy(frames).glosses


def test_what_a_stream_holds_does_not_grow():
    rng = np.random.default_rng(4)
    chunks = [np.concatenate([spikes(rng, 40, 12), noise(rng, 40, 12)]) for _ in range(20)]
    stream = BeamStream(10, width=4)
    held = []
    tracemalloc.start()
    for chunk in chunks:
        stream.feed(chunk)
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert max(held[10:]) < max(held[:10]) + 30_000
