"""Metrics against values known from elsewhere and against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from slr.metrics.classification import by_group, confusion_matrix, macro_f1, ranks, wilson


@given(st.integers(1, 300).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_is_wilsons_and_holds_the_share(counts):
    successes, trials = counts
    low, high = wilson(successes, trials)
    known = binomtest(successes, trials).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((known.low, known.high), abs=1e-9)
    assert 0 <= low < high <= 1 and low - 1e-12 <= successes / trials <= high + 1e-12


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one trial"):
        wilson(0, 0)


def test_ranks_count_from_one_break_ties_by_class_and_place_the_unknown_last():
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7]])
    assert ranks(probabilities, np.array([0, 0, 1, -1])).tolist() == [3, 1, 2, 4]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_macro_f1_is_scikit_learns(pairs):
    actual, predicted = np.array(pairs).T
    assert macro_f1(actual, predicted) == pytest.approx(f1_score(actual, predicted, average="macro", zero_division=0))


def test_groups_are_counted_apart():
    correct, signers = np.array([True, False, True]), np.array(["b", "b", "a"])
    assert by_group(correct, signers) == {"a": 1.0, "b": 0.5}


def test_confusions_are_counted_by_name():
    counts, names = confusion_matrix(["1", "NA", "NA"], ["1", "1", "1"])
    assert names == ["1", "NA"]
    assert counts.tolist() == [[1, 0], [2, 0]]
