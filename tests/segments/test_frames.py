"""Frames and segments, against plain definitions."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.segments import Segment
from slr.segments.frames import find_segments, frame_edges, frame_probabilities

FPS = 10
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=40).map(np.array)


def edges(n_frames: int) -> np.ndarray:
    return frame_edges(np.arange(n_frames) / FPS, FPS)


def marked(segments: list[Segment], n_frames: int) -> np.ndarray:
    """(T,) bool: whether the middle of a frame lies in one of the segments."""
    middles = (np.arange(n_frames) + 0.5) / FPS
    return sum(((segment.start_s <= middles) & (middles < segment.end_s) for segment in segments),
               np.zeros(n_frames, bool))


def spans(segments: list[Segment]) -> list[tuple[float, float]]:
    return [(round(segment.start_s, 6), round(segment.end_s, 6)) for segment in segments]


# Windows to frames


@given(st.integers(1, 30), st.integers(1, 12), st.lists(st.integers(0, 29), min_size=1, max_size=10), st.data())
def test_a_frame_is_the_mean_of_its_windows_or_its_nearest_covered_neighbour(n_frames, length, starts, data):
    starts = [start % n_frames for start in starts]
    windows = np.array(data.draw(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=len(starts),
                                          max_size=len(starts))))
    found = frame_probabilities(windows, np.array(starts), length, n_frames)
    covering = [[i for i, start in enumerate(starts) if start <= t < start + length] for t in range(n_frames)]
    for t in range(n_frames):
        nearest = min((abs(other - t), other) for other in range(n_frames) if covering[other])[1]
        assert found[t] == pytest.approx(windows[covering[nearest]].mean(0))
    assert frame_probabilities(windows[:, 0], np.array(starts), length, n_frames) == pytest.approx(found[:, 0])


def test_windows_that_cover_nothing_are_refused():
    with pytest.raises(ValueError, match="none of 1 windows covers any of 5 frames"):
        frame_probabilities(np.array([0.5]), np.array([5]), 3, 5)


# Frames to segments


def test_two_thresholds_make_no_flicker():
    course = np.array([0.1, 0.6, 0.45, 0.55, 0.45, 0.3, 0.45, 0.2, 0.7])
    assert spans(find_segments(course, edges(9), "S", on=0.5, off=0.4)) == [(0.1, 0.5), (0.8, 0.9)]
    assert spans(find_segments(course, edges(9), "S", on=0.5, off=0.5)) == [(0.1, 0.2), (0.3, 0.4), (0.8, 0.9)]
    first = find_segments(course, edges(9), "S", on=0.5, off=0.4)[0]
    assert first.label == "S" and first.score == pytest.approx(np.mean(course[1:5]))


def test_gaps_are_bridged_before_short_segments_are_dropped():
    course = np.array([1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1.0])
    assert spans(find_segments(course, edges(13), "S", max_gap_s=0.1, min_length_s=0.2)) == [(0.0, 0.3), (1.1, 1.3)]
    assert spans(find_segments(course, edges(13), "S", min_length_s=0.2)) == [(1.1, 1.3)]
    assert spans(find_segments(course, edges(13), "S", max_gap_s=0.4)) == [(0.0, 1.3)]


def test_true_times_count_where_frames_are_irregular():
    edges_s = frame_edges(np.array([0, 0.1, 0.5, 0.6]), 10)
    assert edges_s.tolist() == pytest.approx([0, 0.1, 0.5, 0.6, 0.7])
    assert spans(find_segments(np.array([0, 1, 0, 1.0]), edges_s, "S", min_length_s=0.3)) == [(0.1, 0.5)]


@given(probabilities, st.floats(0.1, 1), st.floats(0, 1), st.sampled_from([0, 0.1, 0.3]), st.sampled_from([0, 0.2]))
def test_segments_are_in_order_apart_and_long_enough(course, on, share, max_gap_s, min_length_s):
    off = on * share
    found = find_segments(course, edges(len(course)), "S", on=on, off=off, max_gap_s=max_gap_s,
                          min_length_s=min_length_s)
    assert all(after.start_s - before.end_s > max_gap_s + 1e-10 for before, after in pairwise(found))
    assert all(segment.length_s >= min_length_s - 1e-6 for segment in found)
    inside = marked(found, len(course))
    if not min_length_s:
        assert inside[course >= on].all()
    if not max_gap_s:
        assert (course[inside] >= off).all()
        for segment in found:
            assert course[round(segment.start_s * FPS)] >= on


@given(probabilities)
def test_with_one_threshold_segments_are_the_frames_above_it(course):
    found = find_segments(course, edges(len(course)), "S", on=0.5, off=0.5)
    assert np.array_equal(marked(found, len(course)), course >= 0.5)


def test_thresholds_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="the threshold to end, 0.6, is above that to begin, 0.5"):
        find_segments(np.zeros(3), edges(3), "S", on=0.5, off=0.6)


@pytest.mark.parametrize("start_s, end_s", [(-0.1, 1), (1, 1), (2, 1), (0, float("nan")), (0, float("inf"))])
def test_a_segment_has_a_length_within_the_video(start_s, end_s):
    with pytest.raises(ValueError, match="has no length, or starts before"):
        Segment(start_s, end_s, "S")
