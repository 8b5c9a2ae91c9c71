"""Landmarks of a video of any length, in a temporary file."""

from array import array
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from slr.dataset.landmarks import CHANNELS, ClipLandmarks, Extent, rounded
from slr.dataset.skeleton import Skeleton
from slr.inference.notes import Seen
from slr.io.files import temp_file_errors
from slr.io.video import IMAGES_FPS
from slr.segments.frames import frame_edges


class Spool:
    """Frames are appended one by one, and segments read back; only one number per frame, its time, is kept in memory.

    The output equals that of the landmark store.

    Parameters
    ----------
    file : binary file
        An empty temporary file, open for writing and reading.
    source : Skeleton
        Joints of the landmarks.
    wanted : sequence of Skeleton
        Skeletons that will be read: joints that none of them needs aren't stored, and are returned as missing.
    fps : float, optional
        Frame rate if it can't be computed from the times, for a single frame.

    Attributes
    ----------
    source : Skeleton
    seen : Seen
        In how many frames the person and the hands were found.

    Raises
    ------
    SlrError
        If the disk is full.
    """

    def __init__(self, file: BinaryIO, source: Skeleton, wanted: Sequence[Skeleton], fps: float | None = None):
        self._file = file
        self.source = source
        self._kept = np.flatnonzero(np.any([source.selector(joints).any(0) for joints in wanted], axis=0))
        self._nominal_fps = fps or IMAGES_FPS
        self._times_s = array("d")
        self._size = (0, 0)
        self._extent = Extent()
        self.seen = Seen(source, wanted)

    def append(self, coordinates: np.ndarray, timestamp_s: float, size: tuple[int, int]) -> None:
        """Append a frame: its landmarks (J, 4), its time, and its width and height in pixels."""
        with temp_file_errors("landmarks"):
            self._file.seek(0, 2)
            self._file.write(coordinates[self._kept].astype(np.float32).tobytes())
        self._times_s.append(timestamp_s)
        self._size = size
        self.seen.add(coordinates)
        if not np.isnan(coordinates).all():
            self._extent |= Extent.of(coordinates)

    def __len__(self) -> int:
        return len(self._times_s)

    @property
    def fps(self) -> float:
        """Mean rate of the frames."""
        span_s = self._times_s[-1] - self._times_s[0] if len(self) else 0
        return (len(self) - 1) / span_s if span_s else self._nominal_fps

    @property
    def edges_s(self) -> np.ndarray:
        """(T + 1,) float64: the start of each frame, and the end of the last."""
        return frame_edges(np.array(self._times_s), self.fps)

    def clip(self, start: int, end: int) -> ClipLandmarks:
        """The frames from `start` up to `end`, without a clip id."""
        shape = (end - start, len(self._kept), len(CHANNELS))
        step = int(np.prod(shape[1:])) * 4
        with temp_file_errors("landmarks"):
            self._file.seek(start * step)
            content = self._file.read(shape[0] * step)
        coordinates = np.full((shape[0], len(self.source), shape[2]), np.nan, np.float32)
        coordinates[:, self._kept] = rounded(np.frombuffer(content, np.float32).reshape(shape), self._extent)
        return ClipLandmarks("", self.fps, *self._size, coordinates, np.array(self._times_s[start:end]))
