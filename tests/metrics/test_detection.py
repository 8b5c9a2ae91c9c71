"""Detection's metrics against scikit-learn, plain definitions and known numbers."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from slr.metrics.detection import (
    best_threshold,
    binary_metrics,
    by_signer,
    class_metrics,
    matches,
    pr_auc,
    precision_recall_f1,
    segment_metrics,
    temporal_iou,
)
from slr.segments import Segment

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=1, max_size=25).filter(
    lambda rows: any(actual for actual, _ in rows)).map(
    lambda rows: (np.array([actual for actual, _ in rows]), np.array([tenths / 10 for _, tenths in rows])))


def segment_lists(labels: str = "SP", max_size: int = 5):
    """Segments on a grid of tenths of a second, overlapping or not."""
    return st.lists(st.builds(lambda start, length, label: Segment(start / 10, (start + length) / 10, label),
                              st.integers(0, 40), st.integers(1, 20), st.sampled_from(labels)), max_size=max_size)


# Windows and frames


def test_pr_auc_is_the_sum_over_recalls_steps():
    actual = np.array([True, False, True, True, False])
    probability = np.array([0.9, 0.8, 0.7, 0.7, 0.1])
    assert pr_auc(actual, probability) == pytest.approx(1 / 3 * 1 + 2 / 3 * 3 / 4)


@given(rows)
def test_pr_auc_is_its_definition(given_rows):
    actual, probability = given_rows
    area, recall_before = 0.0, 0.0
    for threshold in sorted(set(probability), reverse=True):
        predicted = probability >= threshold
        recall = (actual & predicted).sum() / actual.sum()
        area += (recall - recall_before) * (actual & predicted).sum() / predicted.sum()
        recall_before = recall
    assert pr_auc(actual, probability) == pytest.approx(area)


@given(rows)
def test_no_threshold_is_better_than_the_best(given_rows):
    actual, probability = given_rows
    best = best_threshold(actual, probability)
    reached = f1_score(actual, probability >= best)
    assert reached == pytest.approx(max(f1_score(actual, probability >= threshold) for threshold in set(probability)))


def test_of_equally_good_thresholds_it_is_the_middle_of_the_widest_gap():
    assert best_threshold(np.array([True, False, True, False]), np.array([0.9, 0.2, 0.8, 0.1])) == pytest.approx(0.5)


@given(rows, st.floats(0, 1))
def test_binary_metrics_are_those_of_scikit_learn(given_rows, threshold):
    actual, probability = given_rows
    found = binary_metrics(actual, probability, threshold)
    for suffix, at in {"": 0.5, "_chosen": threshold}.items():
        for name, score in {"precision": precision_score, "recall": recall_score, "f1": f1_score}.items():
            assert found[name + suffix] == pytest.approx(score(actual, probability >= at, zero_division=0))
    assert found["f1_best_on_test"] >= max(found["f1"], found["f1_chosen"]) - 1e-12
    assert found["positives"] == actual.mean() and found["threshold"] == threshold


@pytest.mark.parametrize("measure", [pr_auc, best_threshold])
def test_without_a_positive_there_is_no_number(measure):
    with pytest.raises(ValueError, match="positive"):
        measure(np.zeros(3, bool), np.ones(3))


def test_nothing_found_is_zero_and_nothing_to_find_too():
    yes, no = np.ones(2, bool), np.zeros(2, bool)
    assert precision_recall_f1(yes, no) == precision_recall_f1(no, yes) == precision_recall_f1(no, no) == (0, 0, 0)


def test_each_signer_has_a_row():
    actual = np.array([True, False, True, True, False])
    probability = np.array([0.9, 0.2, 0.3, 0.8, 0.7])
    signers = np.array(["ben", "ben", "ana", "ana", "cleo"])
    table = by_signer(actual, probability, signers, 0.25).set_index("signer")
    assert list(table.index) == ["ana", "ben", "cleo"] and list(table["count"]) == [2, 2, 1]
    assert table.loc["ana", "recall"] == 0.5 and table.loc["ana", "recall_chosen"] == 1
    assert table.loc["ben", "f1"] == 1 and table.loc["cleo", "positives"] == 0
    assert np.isnan(table.loc["cleo", "pr_auc"])


def test_classes_are_averaged_whatever_their_size():
    probabilities = np.array([[0.8, 0.1, 0.1, 0], [0.6, 0.3, 0.1, 0], [0.5, 0.4, 0.1, 0], [0.1, 0.2, 0.7, 0]])
    found = class_metrics(probabilities, np.array([0, 0, 1, 2]))
    assert found["accuracy"] == 0.75 and found["accuracy_ci_low"] < 0.75 < found["accuracy_ci_high"]
    assert found["macro_f1"] == pytest.approx((0.8 + 0 + 1) / 3)
    assert found["macro_pr_auc"] == pytest.approx(1)  # each class ranks its own first, though one is never chosen


# Segments


@pytest.mark.parametrize("a, b, iou", [
    ((0, 2), (1, 3), 1 / 3), ((0, 2), (0, 2), 1), ((0, 1), (1, 2), 0), ((0, 1), (5, 6), 0), ((0, 4), (1, 2), 1 / 4)])
def test_temporal_iou(a, b, iou):
    assert temporal_iou(Segment(*a, "S"), Segment(*b, "S")) == pytest.approx(iou)


def test_the_closest_pair_is_matched_first_and_labels_must_agree():
    actual = [Segment(0, 10, "S"), Segment(20, 30, "P")]
    predicted = [Segment(0, 6, "S"), Segment(1, 10, "S"), Segment(20, 30, "S")]
    assert matches(actual, predicted) == [(0, 1)]
    assert matches(actual, predicted, iou=0.95) == []


@given(segment_lists(), segment_lists())
def test_matches_are_one_to_one_and_as_many_as_can_be_without_overlaps(actual, predicted):
    pairs = matches(actual, predicted)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(temporal_iou(actual[i], predicted[j]) >= 0.5 and actual[i].label == predicted[j].label for i, j in pairs)
    if _apart(actual) and _apart(predicted):
        longer, shorter = sorted([actual, predicted], key=len, reverse=True)
        most = max(sum(a.label == b.label and temporal_iou(a, b) >= 0.5 for a, b in zip(order, shorter, strict=False))
                   for order in permutations(longer, len(shorter)))
        # An IoU of exactly one half can be had twice, and greedy may then choose the worse of the two.
        exact = any(temporal_iou(a, p) == 0.5 for a in actual for p in predicted)
        assert len(pairs) == most or exact


@given(st.lists(st.tuples(segment_lists("S"), segment_lists("S")), min_size=1, max_size=3))
def test_segment_metrics_are_those_of_frames_and_counts(clips):
    n_actual, n_predicted = (sum(len(clip[which]) for clip in clips) for which in (0, 1))
    if not n_actual:
        with pytest.raises(ValueError, match="without an actual one"):
            segment_metrics(clips)
        return
    found = segment_metrics(clips)
    middles_s = np.arange(60)[:, None] / 10 + 0.05
    marks = [[((middles_s >= [segment.start_s for segment in which]) & (
        middles_s < [segment.end_s for segment in which])).any(1) for which in clip] for clip in clips]
    both, either = (sum(int(merge(a, p).sum()) for a, p in marks) for merge in (np.logical_and, np.logical_or))
    assert found["segment_iou"] == pytest.approx(both / either)
    hits = sum(len(matches(*clip)) for clip in clips)
    assert found["segment_recall"] == hits / n_actual and found["segments"] == n_actual
    assert found["segment_f1"] == pytest.approx(2 * hits / (n_actual + n_predicted))
    assert found["segment_precision"] == (hits / n_predicted if n_predicted else 0)


def test_what_was_found_exactly_is_perfect_and_another_label_is_not():
    clip = [Segment(0, 1, "A"), Segment(1, 2, "B")]
    assert set(segment_metrics([(clip, clip)]).values()) == {1.0, 2}
    other = segment_metrics([(clip, [Segment(0, 1, "B"), Segment(1, 2, "A")])])
    assert other["segment_iou"] == 0 and other["segment_f1"] == 0


def _apart(segments: list[Segment]) -> bool:
    ordered = sorted(segments, key=lambda segment: segment.start_s)
    return all(a.end_s <= b.start_s for a, b in zip(ordered, ordered[1:], strict=False))
