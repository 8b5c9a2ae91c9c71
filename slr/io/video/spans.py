"""Seconds of media time to frame numbers, by the times of the packets and never by a mean rate."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from slr.errors import ClipError
from slr.io.video.sources import source_of


def frame_ranges(path: str | Path,
                 spans_s: Sequence[tuple[float, float | None]]) -> list[tuple[int, int | None] | ClipError]:
    """The frames in each of many spans of a file, in one pass over its packets.

    A span begins and ends at the frame nearest in time, and has at least one frame. Beyond the last frame, numbers go
    on at the file's mean rate.

    Parameters
    ----------
    path : path
        A video, or a folder of images with `IMAGES_FPS`.
    spans_s : sequence of (float, float or None)
        Start and end of each in seconds of media time (`slr.io.video.clock`); None for the end of the file.

    Returns
    -------
    list of (int, int or None) or ClipError
        Half-open ranges of frame numbers; an error for a span that ends before the picture begins.

    Raises
    ------
    ClipError
        If the file can't be read, like `read_video`.
    """
    source = source_of(path, None)
    times = np.array(source.times_s(), np.float64)
    if not len(times):
        raise ClipError("no frame can be decoded")
    rate = _mean_rate(times) or float(source.nominal_fps)
    return [_frames(times, rate, start_s, end_s) for start_s, end_s in spans_s]


def _frames(times: np.ndarray, rate: float, start_s: float, end_s: float | None) -> tuple[int, int | None] | ClipError:
    if end_s is not None and end_s <= times[0]:
        return ClipError(f"it ends at {end_s:g} s, and the picture begins at {times[0]:.3f} s")
    start = max(0, _nearest(times, rate, start_s))
    return start, None if end_s is None else max(start + 1, _nearest(times, rate, end_s))


def _nearest(times: np.ndarray, rate: float, time_s: float) -> int:
    number = float(np.interp(time_s, times, np.arange(len(times))))
    number += (max(0, time_s - times[-1]) + min(0, time_s - times[0])) * rate
    return round(round(number, 6))  # half of a frame is half of one, whatever the container rounds times to


def _mean_rate(times: np.ndarray) -> float | None:
    """Frames per second; None without two different times."""
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) and times[-1] > times[0] else None
