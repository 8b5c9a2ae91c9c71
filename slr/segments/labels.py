"""Conversion between a manifest's segments and frame labels. Segments are half-open ranges of frame numbers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def frame_labels(segments: Iterable[Mapping[str, Any]], frame_numbers: np.ndarray) -> list[str | None]:
    """The label of each frame: that of the segment that contains it; None if there is none.

    Where segments overlap, the one that starts last takes precedence; if they start together, the last in order.

    Parameters
    ----------
    segments : iterable of {start, end, label}
        Half-open ranges of the file's frames.
    frame_numbers : array (T,) int
        Number of each frame in the file, of which a clip may have only some (`ClipLandmarks.frame_numbers`).
    """
    labels: list[str | None] = [None] * len(frame_numbers)
    for segment in sorted(segments, key=lambda segment: segment["start"]):
        for i in np.flatnonzero((frame_numbers >= segment["start"]) & (frame_numbers < segment["end"])):
            labels[i] = segment["label"]
    return labels


def label_segments(labels: Sequence[str | None]) -> list[dict[str, Any]]:
    """The segments {start, end, label} of a stream, in order: maximal runs of frames with one label.

    The inverse of `frame_labels`.
    """
    edges = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
    return [{"start": start, "end": end, "label": labels[start]} for start, end in zip(edges, edges[1:], strict=False)
            if start < end and labels[start] is not None]
