"""Which decoded frames of a file are kept: those in a range of it, and among these the nearest to a grid of times.

A file is decoded once for any number of ranges, which may overlap.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cache
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

    def nothing(self) -> ClipError:
        """The error of a range in which no frame can be decoded."""
        return ClipError("no frame can be decoded" + ("" if self == (None, None) else
                                                      f" in its range {self.start}..{self.end}"))


class _Grid:
    """Chooses the frames that are nearest to some point of the grid first frame, first frame + step, ...

    Points after the last frame are ignored. Ties are resolved to the earlier frame.
    """

    def __init__(self, fps: float | None):
        self._step_s = None if fps is None else 1 / Fraction(fps).limit_denominator(100_000)
        self._previous: Decoded | None = None
        self._point_s = Fraction(0)

    def add(self, frame: Decoded) -> Decoded | None:
        """The frame before this one, if it is kept; without a rate, this one."""
        if self._step_s is None:
            return frame
        previous, self._previous = self._previous, frame
        if previous is None:
            self._point_s = frame.time_s
        elif self._point_s <= (middle_s := (previous.time_s + frame.time_s) / 2):
            self._point_s += ((middle_s - self._point_s) // self._step_s + 1) * self._step_s
            return previous
        return None

    def last(self) -> Decoded | None:
        """The last frame, if it is kept and hasn't been returned."""
        kept = self._previous is not None and self._point_s <= self._previous.time_s
        return self._previous if kept else None


def sample(frames: Iterable[Decoded], span: Span, fps: float | None) -> Iterator[Decoded]:
    """The frames of a range that are nearest to a grid of `fps` that starts with the first of them; None: all.

    Raises ClipError if there are none.
    """
    for _, frame in sample_each(frames, [span], fps):
        if isinstance(frame, Exception):
            raise frame
        if frame is not None:
            yield frame


def sample_each(frames: Iterable[Decoded], spans: Sequence[Span],
                fps: float | None) -> Iterator[tuple[int, Decoded | Exception | None]]:
    """What `sample` yields for each of many ranges of the same frames, which are taken once.

    Parameters
    ----------
    frames : iterable of Decoded
        Those of a file, from its first; none after the last range is taken.
    spans : sequence of Span
        In any order; they may overlap.
    fps : float or None

    Yields
    ------
    index : int
        Of the range.
    frame : Decoded, Exception or None
        The next frame of the range, whose image is converted once for all ranges that keep it; after its last, None;
        or why it can't be read further: an error of `frames`, or a ClipError if it has no frame.
    """
    frames = iter(frames)
    waiting = sorted(range(len(spans)), key=lambda index: spans[index].start or 0, reverse=True)
    reading: dict[int, _Grid] = {}
    empty = set(waiting)
    while waiting or reading:
        try:
            frame = next(frames, None)
        except Exception as error:  # the caller's to judge: it is one of each range that isn't complete
            yield from ((index, error) for index in (*reading, *reversed(waiting)))
            return
        while waiting and (frame is None or (spans[waiting[-1]].start or 0) <= frame.number):
            reading[waiting.pop()] = _Grid(fps)
        for index in [index for index in reading if frame is None or _is_over(spans[index], frame)]:
            kept = reading.pop(index).last()
            if kept is not None:
                yield index, kept
            yield index, None if kept is not None or index not in empty else spans[index].nothing()
        if frame is None:
            return
        frame = frame._replace(image=cache(frame.image))
        for index, grid in reading.items():
            if (kept := grid.add(frame)) is not None:
                empty.discard(index)
                yield index, kept


def _is_over(span: Span, frame: Decoded) -> bool:
    return span.end is not None and frame.number >= span.end
