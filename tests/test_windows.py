import numpy as np
import pytest

from slr.params import WindowsParams
from slr.windows import frame_labels, mapped, segments_of, window_labels


def windows_of(letters: str, **settings) -> list[tuple[int, str | None]]:
    windows = WindowsParams(**{"frames": 4, **settings})
    return list(window_labels([None if c == "." else mapped(c, windows) for c in letters], windows))


def test_a_window_has_the_label_of_most_of_its_frames():
    assert windows_of("SSSnnn") == [(0, "S"), (1, "S"), (2, "n")]  # of equal ones the first in the alphabet
    assert windows_of("..nSSP....", stride=3) == [(0, "S"), (3, "S"), (6, None)]
    assert windows_of("SSS") == []


def test_by_the_rule_any_one_frame_is_enough():
    assert windows_of("nnnSPPPP", rule="any") == [(0, "S"), (1, "S"), (2, "S"), (3, "S"), (4, "P")]
    assert windows_of("nnnSPPPP", rule="any", positive="P")[:2] == [(0, "n"), (1, "P")]


@pytest.mark.parametrize("settings, expected", [
    ({}, "SPn?x"), ({"unknown_as_n": True}, "SPnnx"),
    ({"classes": 2}, ["S", "rest", "rest", "rest", "rest"]), ({"classes": 3}, ["S", "P", "rest", "rest", "rest"]),
    ({"classes": 4}, ["S", "P", "n", "?", "rest"]),
    ({"classes": 4, "unknown_as_n": True}, ["S", "P", "n", "n", "rest"]),
])
def test_labels_become_two_three_four_or_as_many_classes(settings, expected):
    assert [mapped(label, WindowsParams(**settings)) for label in "SPn?x"] == list(expected)


def test_frames_are_labelled_by_segments_of_the_file_they_come_from():
    segments = [{"start": 2, "end": 5, "label": "S"}, {"start": 6, "end": 8, "label": "n"}]
    every_other = np.array([0, 2, 4, 6, 8])
    assert frame_labels(segments, every_other) == [None, "S", "S", "n", None]
    assert segments_of(frame_labels(segments, np.arange(9))) == segments


def test_of_segments_that_overlap_the_later_one_counts():
    segments = [{"start": 0, "end": 3, "label": "A"}, {"start": 2, "end": 4, "label": "B"}]
    assert frame_labels(segments, np.arange(4)) == ["A", "A", "B", "B"]
