"""Parameters of segment detection, shared by evaluation and `slr segments`."""

import numpy as np

from slr.segments import Segment
from slr.segments.frames import find_segments

MIN_LENGTH_S, MAX_GAP_S = 0.3, 0.3
"""Minimum length of a segment, and maximum gap that is bridged."""
OFF = 0.8
"""Hysteresis: a segment continues until its probability falls below this share of its start threshold."""


def segments_of(probabilities: np.ndarray, edges_s: np.ndarray, label: str, threshold: float) -> list[Segment]:
    """The segments of a stream: `slr.segments.frames.find_segments`.

    Parameters
    ----------
    probabilities : array (T,)
        Probability of the label, for each frame.
    edges_s : array (T + 1,)
        See `frame_edges`.
    threshold : float
        Probability at which a segment starts.
    """
    return find_segments(probabilities, edges_s, label, on=threshold, off=OFF * threshold, min_length_s=MIN_LENGTH_S,
                         max_gap_s=MAX_GAP_S)
