from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.errors import ClipError
from slr.io.sampling import Decoded, Span, sample_each

SPANS = st.lists(st.builds(Span, st.none() | st.integers(0, 25), st.none() | st.integers(0, 25)), max_size=6)


def frames_at(times: Sequence[Fraction], taken: list[int]) -> Iterator[Decoded]:
    """Frames of these times; the numbers of those that are taken, and of images that are converted (negative)."""
    for number, time_s in enumerate(times):
        taken.append(number)
        yield Decoded(number, time_s, lambda number=number: np.full(1, number))


def nearest(times: Sequence[Fraction], span: Span, fps: int | None) -> list[int]:
    """Which frames a range keeps, point by point of its grid, in plain loops."""
    inside = [number for number in range(len(times))
              if number >= (span.start or 0) and (span.end is None or number < span.end)]
    if fps is None or not inside:
        return inside
    point_s, kept = times[inside[0]], set()
    while point_s <= times[inside[-1]]:
        kept.add(min(inside, key=lambda number: (abs(times[number] - point_s), number)))
        point_s += Fraction(1, fps)
    return sorted(kept)


@given(st.lists(st.integers(1, 200), max_size=20), SPANS, st.sampled_from([None, 5, 12]))
def test_each_range_keeps_what_is_nearest_to_its_grid_and_each_frame_is_taken_once(gaps, spans, fps):
    times = [Fraction(int(time_ms), 1000) for time_ms in np.cumsum([0, *gaps])]
    taken: list[int] = []
    kept: dict[int, list[int]] = {index: [] for index in range(len(spans))}
    over: dict[int, Exception | None] = {}
    for index, frame in sample_each(frames_at(times, taken), spans, fps):
        assert index not in over
        if isinstance(frame, Decoded):
            kept[index].append(int(frame.image()[0]))
        else:
            over[index] = frame
    assert kept == {index: nearest(times, span, fps) for index, span in enumerate(spans)}
    assert {index: error is None for index, error in over.items()} == {index: bool(kept[index]) for index in kept}
    last = max((len(times) if span.end is None else max(span.end, span.start or 0) + 1 for span in spans), default=0)
    assert taken == list(range(min(len(times), last)))


def test_damage_costs_the_ranges_that_reach_it():
    def damaged() -> Iterator[Decoded]:
        yield from frames_at([Fraction(number, 10) for number in range(10)], [])
        raise ClipError("damaged after frame 9")

    spans = [Span(0, 5), Span(8, None), Span(5, 9), Span(12, 14)]
    over = {index: str(frame) for index, frame in sample_each(damaged(), spans, 10) if not isinstance(frame, Decoded)}
    assert over == {0: "None", 2: "None", 1: "damaged after frame 9", 3: "damaged after frame 9"}


def test_an_image_is_converted_once_for_all_ranges_that_keep_it():
    converted: list[int] = []

    def image() -> np.ndarray:
        converted.append(1)
        return np.zeros(1)

    frames = [Decoded(number, Fraction(number, 10), image) for number in range(4)]
    for _, frame in sample_each(frames, [Span()] * 3, None):
        if isinstance(frame, Decoded):
            frame.image()
    assert len(converted) == 4


@pytest.mark.parametrize("span, words", [(Span(), "decoded$"), (Span(7, None), "range 7..None$"),
                                         (Span(3, 3), "range 3..3$")])
def test_an_empty_range_says_so(span, words):
    (_, error), = sample_each(frames_at([Fraction(0)] * (span != Span()), []), [span], 12)
    with pytest.raises(ClipError, match=words):
        raise error
