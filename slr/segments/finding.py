"""What counts as a segment of a stream: the lengths and thresholds of evaluation and of `slr segments` alike."""

import numpy as np

from slr.segments import Segment
from slr.segments.frames import find_segments

MIN_LENGTH_S, MAX_GAP_S = 0.3, 0.3
"""The shortest segment, and the longest gap in one that is bridged."""
OFF = 0.8
"""A segment goes on until its probability falls below this share of the threshold at which it began."""


def segments_of(probabilities: np.ndarray, edges_s: np.ndarray, label: str, threshold: float) -> list[Segment]:
    """The segments of a stream: `slr.segments.frames.find_segments`.

    Parameters
    ----------
    probabilities : array (T,)
        Of the label, for each frame.
    edges_s : array (T + 1,)
        See `frame_edges`.
    threshold : float
        Probability from which a segment begins.
    """
    return find_segments(probabilities, edges_s, label, on=threshold, off=OFF * threshold, min_length_s=MIN_LENGTH_S,
                         max_gap_s=MAX_GAP_S)
