import numpy as np
import pytest

from slr.errors import ParamsError
from slr.params import WindowsParams, parse
from slr.segments.windows import class_of_frames, mapped, window_labels


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


def test_upper_and_lower_case_are_alike():
    assert [mapped(label, WindowsParams(classes=2)) for label in "sSnN"] == ["S", "S", "rest", "rest"]
    assert [mapped(label, WindowsParams()) for label in ("s", "p", "N", "?", "Sign")] == ["S", "P", "n", "?", "Sign"]
    assert windows_of("nnnsp", rule="any", positive="p") == [(0, "n"), (1, "P")]


def test_several_labels_count_as_signing_and_are_called_like_the_first():
    windows = WindowsParams(classes=2, positive=["sign", "Signing", "gesture"])
    assert [mapped(label, windows) for label in ("SIGN", "signing", "gesture", "S", "n")] == [
        "sign", "sign", "sign", "rest", "rest"]
    assert mapped("house", WindowsParams(positive=["S", "house"])) == "S"
    with pytest.raises(ParamsError, match="positive"):
        parse({"corpus": {"windows": {"positive": []}}})


def test_a_frame_of_a_stream_has_the_class_of_its_label():
    segments = [{"start": 2, "end": 5, "label": "S"}, {"start": 6, "end": 8, "label": "n"}]
    assert class_of_frames(segments, np.array([0, 2, 4, 6, 8]), WindowsParams(classes=2)) == [
        None, "S", "S", "rest", None]
