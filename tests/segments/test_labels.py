"""Labels of frames and segments, against a plain definition."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slr.segments.labels import frame_labels, label_segments

segments = st.lists(st.builds(lambda start, length, label: {"start": start, "end": start + length, "label": label},
                              st.integers(0, 12), st.integers(1, 8), st.sampled_from("SPn")), max_size=6)


@given(segments, st.lists(st.integers(0, 25), max_size=20, unique=True).map(sorted))
def test_of_segments_that_overlap_the_one_that_starts_last_counts(segments, numbers):
    def label(number: int) -> str | None:
        holding = [(segment["start"], i) for i, segment in enumerate(segments)
                   if segment["start"] <= number < segment["end"]]
        return segments[max(holding)[1]]["label"] if holding else None

    assert frame_labels(segments, np.array(numbers, int)) == [label(number) for number in numbers]


def test_the_order_of_segments_matters_only_where_they_start_together():
    early, late = {"start": 0, "end": 4, "label": "A"}, {"start": 2, "end": 3, "label": "B"}
    assert frame_labels([late, early], np.arange(5)) == ["A", "A", "B", "A", None]
    together = {"start": 0, "end": 2, "label": "C"}
    assert frame_labels([early, together], np.arange(4)) == ["C", "C", "A", "A"]
    assert frame_labels([together, early], np.arange(4)) == ["A", "A", "A", "A"]


def test_frames_are_labelled_by_segments_of_the_file_they_come_from():
    segments = [{"start": 2, "end": 5, "label": "S"}, {"start": 6, "end": 8, "label": "n"}]
    assert frame_labels(segments, np.array([0, 2, 4, 6, 8])) == [None, "S", "S", "n", None]
    assert label_segments(frame_labels(segments, np.arange(9))) == segments


@given(st.lists(st.sampled_from([None, "S", "P"]), max_size=30))
def test_labels_become_segments_and_labels_again(labels):
    found = label_segments(labels)
    assert frame_labels(found, np.arange(len(labels))) == labels
    assert all(a["end"] < b["start"] or (a["end"] == b["start"] and a["label"] != b["label"])
               for a, b in pairwise(found))
