"""Conversion from window probabilities to frame probabilities, and from these to segments.

Frame times are given by `edges_s`, (T + 1,): frame t lasts from `edges_s[t]` to `edges_s[t + 1]`.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from slr.segments import Segment

_TOLERANCE_S = 1e-9  # sums of frame durations aren't exact


def frame_edges(timestamps_s: np.ndarray, fps: float) -> np.ndarray:
    """(T + 1,) float64: the start of each of T frames, and the end of the last, at a rate of `fps`."""
    times = np.asarray(timestamps_s, np.float64)
    return np.append(times, times[-1] + 1 / fps) if len(times) else np.zeros(1)


def frame_probabilities(windows: np.ndarray, starts: np.ndarray, length: int, n_frames: int) -> np.ndarray:
    """Frame probabilities: the mean over the windows that cover a frame.

    A frame that no window covers takes the probabilities of the nearest covered frame (the earlier one if tied).

    Parameters
    ----------
    windows : array (N,) or (N, classes)
        Probabilities of each window, N >= 1.
    starts : array (N,) int
        First frame of each window, at least 0.
    length : int
        Window length in frames; the part beyond the last frame is ignored.
    n_frames : int
        T.

    Returns
    -------
    ndarray, (T,) or (T, classes) float64

    Raises
    ------
    ValueError
        If no window covers any frame.
    """
    windows, starts = np.asarray(windows, np.float64), np.asarray(starts)
    total = np.zeros((n_frames, *windows.shape[1:]))
    count = np.zeros(n_frames)
    for offset in range(length):
        inside = starts + offset < n_frames
        np.add.at(total, starts[inside] + offset, windows[inside])
        np.add.at(count, starts[inside] + offset, 1)
    covered = np.flatnonzero(count)
    if not len(covered):
        raise ValueError(f"none of {len(windows)} windows covers any of {n_frames} frames")
    mean = total[covered] / count[covered].reshape(-1, *[1] * (windows.ndim - 1))
    frames = np.arange(n_frames)
    after = np.searchsorted(covered, frames).clip(max=len(covered) - 1)
    before = (after - 1).clip(min=0)
    nearer_before = np.abs(frames - covered[before]) <= np.abs(covered[after] - frames)
    return mean[np.where(nearer_before, before, after)]


def find_segments(probabilities: np.ndarray, edges_s: np.ndarray, label: str, *, on: float = 0.5, off: float = 0.5,
                  min_length_s: float = 0.0, max_gap_s: float = 0.0) -> list[Segment]:
    """Segments of high probability, by hysteresis thresholding, which avoids flicker near a threshold.

    A segment starts with the first frame of at least `on` and ends before the next one below `off`. Then gaps of at
    most `max_gap_s` are bridged, and after that segments shorter than `min_length_s` are dropped.

    Parameters
    ----------
    probabilities : array (T,)
    edges_s : array (T + 1,)
        See `frame_edges`.
    on, off : float
        `off` is at most `on`.

    Returns
    -------
    list of Segment
        In order, without overlaps; the score is the mean probability of the frames, including bridged gaps.

    Raises
    ------
    ValueError
        If `off` is above `on`.
    """
    if off > on:
        raise ValueError(f"the threshold to end, {off}, is above that to begin, {on}")
    runs = _bridged(_runs(probabilities, on, off), edges_s, max_gap_s)
    return [Segment(float(edges_s[start]), float(edges_s[end]), label, float(np.mean(probabilities[start:end])))
            for start, end in runs if edges_s[end] - edges_s[start] >= min_length_s - _TOLERANCE_S]


def _runs(probabilities: np.ndarray, on: float, off: float) -> Iterator[tuple[int, int]]:
    """Half-open frame ranges of each run that starts at `on` and lasts until below `off`."""
    start = None
    for frame, probability in enumerate(probabilities):
        if start is None and probability >= on:
            start = frame
        elif start is not None and probability < off:
            yield start, frame
            start = None
    if start is not None:
        yield start, len(probabilities)


def _bridged(runs: Iterable[tuple[int, int]], edges_s: np.ndarray, max_gap_s: float) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and edges_s[start] - edges_s[joined[-1][1]] <= max_gap_s + _TOLERANCE_S:
            start = joined.pop()[0]
        joined.append((start, end))
    return joined
