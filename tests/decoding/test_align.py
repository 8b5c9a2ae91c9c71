"""Times of glosses, against every path."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.decoding.align import align, widen
from slr.errors import DecodingError
from tests.helpers.lattices import collapsed, noise, paths

spans_of = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=6).map(
    lambda steps: np.array([(start, start + length) for start, length in _laid_out(steps)]).reshape(-1, 2))


def _laid_out(steps):
    at = 0
    for gap, length in steps:
        yield at + gap, length
        at += gap + length


@given(st.integers(0, 10**6), st.integers(1, 6), st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_it_is_the_best_of_all_paths_that_read_so(seed, frames, classes):
    log_probs = noise(np.random.default_rng(seed), frames, 4)
    fitting = [found for found in paths(log_probs) if collapsed(found[0]) == tuple(classes)]
    if not fitting:
        with pytest.raises(DecodingError, match=f"which need {len(classes) + _repeats(classes)}"):
            align(log_probs, classes)
        return
    best, _ = max(fitting, key=lambda found: found[1])
    spans = align(log_probs, classes)
    read = np.zeros(frames, int)
    for label, (start, end) in zip(classes, spans, strict=True):
        assert start < end and not read[start:end].any()
        read[start:end] = label
    assert tuple(read) == best


def _repeats(classes):
    return sum(a == b for a, b in zip(classes, classes[1:], strict=False))


def test_no_glosses_have_no_times():
    assert align(np.zeros((5, 3)), []).shape == (0, 2)


@given(spans_of, st.one_of(st.just(np.inf), st.floats(0, 5)))
def test_widened_spans_hold_the_spikes_and_do_not_overlap(spans, at_most):
    n_frames = int(spans[-1, 1]) + 3 if len(spans) else 3
    wide = widen(spans, n_frames, at_most)
    assert wide.shape == spans.shape
    assert (wide[:, 0] <= spans[:, 0]).all() and (wide[:, 1] >= spans[:, 1]).all()
    assert (wide[1:, 0] >= wide[:-1, 1] - 1e-9).all() and (wide >= 0).all() and (wide <= n_frames).all()
    assert (np.abs(wide - spans) <= at_most + 1e-9).all()
    if at_most == np.inf:
        assert wide[1:, 0] == pytest.approx(wide[:-1, 1])


def test_spans_meet_in_the_middle_and_the_outer_sides_mirror_the_inner():
    assert widen(np.array([[2, 3], [7, 8], [9, 11]]), 12).tolist() == [[0, 5], [5, 8.5], [8.5, 11.5]]
    assert widen(np.array([[2, 3], [7, 8], [9, 11]]), 12, at_most=1).tolist() == [[1, 4], [6, 8.5], [8.5, 11.5]]
    assert widen(np.array([[2, 3]]), 12).tolist() == [[2, 3]]
