"""Labelled segments of a video: from frame probabilities, back to frame labels, and in exchange formats."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """A labelled segment of a video, from `start_s` up to `end_s`.

    Attributes
    ----------
    start_s, end_s : float
        Media time: seconds since the start of the video's file, as players and ELAN count (`slr.io.video.clock`).
    label : str
        A gloss, or `S` for signing.
    score : float, optional
        Confidence, from 0 to 1; None if unknown, as in an annotation.

    Raises
    ------
    ValueError
        Unless 0 <= start_s < end_s.
    """

    start_s: float
    end_s: float
    label: str
    score: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s < math.inf:
            raise ValueError(f"a segment from {self.start_s} to {self.end_s} s ('{self.label}') has no length, or "
                             "starts before the video")

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s
