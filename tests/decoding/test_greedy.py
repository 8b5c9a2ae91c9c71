"""Best-path decoding, against every path."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.decoding.greedy import greedy
from slr.errors import DecodingError
from tests.helpers.lattices import collapsed, noise, paths


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4))
def test_it_is_the_best_path_of_all(seed, frames, classes):
    log_probs = noise(np.random.default_rng(seed), frames, classes)
    best, score = max(paths(log_probs), key=lambda found: found[1])
    found = greedy(log_probs)
    assert tuple(found.labels) == collapsed(best) and found.score == pytest.approx(score)
    for gloss in found.glosses:
        assert set(best[gloss.start:gloss.end]) == {gloss.label}
        assert gloss.start == 0 or best[gloss.start - 1] != gloss.label
        assert gloss.end == frames or best[gloss.end] != gloss.label


def test_a_blank_parts_two_equal_glosses():
    path = [0, 2, 2, 0, 2, 1, 1]
    found = greedy(np.log(np.eye(3)[path] * 0.8 + 0.1))
    assert [(g.label, g.start, g.end) for g in found.glosses] == [(2, 1, 3), (2, 4, 5), (1, 5, 7)]


def test_nothing_reads_as_nothing():
    assert greedy(np.zeros((0, 3))).glosses == ()


@pytest.mark.parametrize("broken", [np.zeros(4), np.zeros((4, 1)), np.full((4, 3), np.nan), np.full((4, 3), -np.inf)])
def test_what_is_no_distribution_is_refused(broken):
    with pytest.raises(DecodingError):
        greedy(broken)
