"""From a decoder's frames to pictures as a player shows them: upright, RGB, square pixels, one size, no interlacing."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

if TYPE_CHECKING:
    import av


class Timed(NamedTuple):
    """A decoder's frame and its media time; None if unknown."""

    time_s: Fraction | None
    frame: "av.VideoFrame"


def rgb(frame: "av.VideoFrame", size: tuple[int, int], pixel_aspect: Fraction | None) -> np.ndarray:
    """(H, W, 3) uint8: the frame upright, in square pixels; greyscale, palettes and alpha are converted to RGB.

    Parameters
    ----------
    frame : VideoFrame
    size : tuple of int
        Width and height of the file's first frame as stored, to which others are scaled.
    pixel_aspect : Fraction or None
        Width of a pixel to its height.
    """
    width, height = size
    if pixel_aspect is not None and abs(pixel_aspect - 1) > 0.01:  # smaller ones are rounding by the encoder
        width = round(width * pixel_aspect)
    return np.ascontiguousarray(_upright(frame.to_ndarray(format="rgb24", width=width, height=height), frame))


def _upright(image: np.ndarray, frame: "av.VideoFrame") -> np.ndarray:
    """The image turned and mirrored as the frame's display matrix says, to the nearest of the eight orientations.

    The matrix maps a stored pixel (p, q) to a shown one (a p + c q, b p + d q): ISO/IEC 14496-12, 6.2.2.
    """
    matrix = cast(Mapping[str, Any], frame.side_data).get("DISPLAYMATRIX")
    if matrix is None:
        return image
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].astype(int)
    if abs(a) + abs(d) < abs(b) + abs(c):
        image, a, d = image.swapaxes(0, 1), c, b
    return image[::-1 if d < 0 else 1, ::-1 if a < 0 else 1]


def deinterlaced(frames: Iterable[Timed]) -> Iterator[Timed]:
    """The same frames, from the first interlaced one on with lines of one moment each, by libavfilter's `bwdif`.

    Frames that aren't interlaced stay as they are.
    """
    through: _Deinterlacer | None = None
    for timed in frames:
        if through is None and not timed.frame.interlaced_frame:
            yield timed
            continue
        if through is not None and not through.takes(timed.frame):
            yield from through.rest()
            through = None
        through = through or _Deinterlacer(timed.frame)
        yield from through.next(timed)
    if through is not None:
        yield from through.rest()


class _Deinterlacer:
    """A filter that gives a frame for each that it takes, some frames later."""

    def __init__(self, first: "av.VideoFrame"):
        import av

        self._kind = self._kind_of(first)
        self._graph = av.filter.Graph()
        self._graph.threads = 1  # the cores are busy with other clips
        source = self._graph.add_buffer(width=first.width, height=first.height, format=first.format,
                                        time_base=first.time_base)
        self._graph.link_nodes(source, self._graph.add("bwdif", "mode=send_frame:deint=interlaced"),
                               self._graph.add("buffersink")).configure()
        self._waiting: deque[Timed] = deque()

    def takes(self, frame: "av.VideoFrame") -> bool:
        """Whether a frame has the size and format of the first one."""
        return self._kind_of(frame) == self._kind

    def next(self, timed: Timed) -> Iterator[Timed]:
        """The frames that are finished, after one more."""
        self._waiting.append(timed)
        self._graph.vpush(timed.frame)
        yield from self._finished()

    def rest(self) -> Iterator[Timed]:
        """The remaining frames."""
        self._graph.vpush(None)
        yield from self._finished()
        yield from self._waiting  # a lone frame has no neighbours to take lines from

    def _finished(self) -> Iterator[Timed]:
        import av

        while self._waiting:
            try:
                frame = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield Timed(self._waiting.popleft().time_s, frame)

    @staticmethod
    def _kind_of(frame: "av.VideoFrame") -> tuple[int, int, str]:
        return frame.width, frame.height, frame.format.name
