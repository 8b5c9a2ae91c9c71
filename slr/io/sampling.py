"""Which decoded frames of a file are kept: those in a range of it, and among these the nearest to a grid of times."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from slr.errors import ClipError


class Decoded(NamedTuple):
    """A frame that may still be dropped; `image()` converts it to RGB."""

    number: int
    time_s: Fraction
    image: Callable[[], np.ndarray]


class Span(NamedTuple):
    """A half-open range of a file's frame numbers; None: from its first frame, to its last."""

    start: int | None = None
    end: int | None = None


def sample(frames: Iterable[Decoded], span: Span, fps: float | None) -> Iterator[Decoded]:
    """The frames of a range that are nearest to a grid of `fps` that starts with the first of them; None: all.

    Raises ClipError if there are none.
    """
    kept = _in_range(frames, span.start or 0, span.end)
    if fps is not None:
        kept = _on_grid(kept, 1 / Fraction(fps).limit_denominator(100_000))
    frame = None
    for frame in kept:
        yield frame
    if frame is None:
        where = "" if span == (None, None) else f" in its range {span.start}..{span.end}"
        raise ClipError(f"no frame can be decoded{where}")


def _in_range(frames: Iterable[Decoded], start: int, end: int | None) -> Iterator[Decoded]:
    for frame in frames:
        if end is not None and frame.number >= end:
            return
        if frame.number >= start:
            yield frame


def _on_grid(frames: Iterable[Decoded], step_s: Fraction) -> Iterator[Decoded]:
    """Keep each frame that is nearest to some point of the grid first frame, first frame + step, ...

    Points after the last frame are ignored. Ties are resolved to the earlier frame.
    """
    previous: Decoded | None = None
    grid_s = Fraction(0)
    for frame in frames:
        if previous is None:
            grid_s = frame.time_s
        elif grid_s <= (middle_s := (previous.time_s + frame.time_s) / 2):
            yield previous
            grid_s += ((middle_s - grid_s) // step_s + 1) * step_s
        previous = frame
    if previous is not None and grid_s <= previous.time_s:
        yield previous
