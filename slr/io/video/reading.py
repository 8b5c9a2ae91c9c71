"""Frames of a video, or of a folder of images, with exact times.

A clip's frames are those that decode: counts and rates in container headers are not trusted. Times are exact fractions
of a second until they are returned, so that the selection of frames never depends on rounding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from slr.errors import ClipError
from slr.io.sampling import Decoded, Span, sample
from slr.io.video.sources import source_of


class Frame(NamedTuple):
    """One decoded frame.

    Attributes
    ----------
    timestamp_s : float
        Media time: seconds since the start of the file, as a player counts them (`slr.io.video.clock`).
    image : ndarray, (H, W, 3) uint8
        RGB, upright.
    number : int
        Its index among all frames of the file, from 0.
    """

    timestamp_s: float
    image: np.ndarray
    number: int


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video, measured by decoding it.

    Attributes
    ----------
    width, height : int
        Size of the upright image, in square pixels.
    fps : float
        Mean rate of the decoded frames; the container's if there is only one.
    n_frames : int
        Number of decodable frames.
    duration_s : float
        From the first frame to the end of the last.
    rotation : int
        Degrees counter-clockwise by which stored frames are rotated to be upright (as done by `read_video`),
        mirroring aside.
    """

    width: int
    height: int
    fps: float
    n_frames: int
    duration_s: float
    rotation: int


def probe(path: str | Path, *, images_fps: float | None = None) -> VideoInfo:
    """Decode a whole video (or folder of images) and return its properties; raises ClipError like `read_video`."""
    source = source_of(path, images_fps)
    first = last = None
    for frame in source:
        first, last = first or frame, frame
    if first is None or last is None:
        raise ClipError("no frame can be decoded")
    span_s = last.time_s - first.time_s
    rate = last.number / span_s if span_s else source.nominal_fps
    height, width = last.image().shape[:2]
    return VideoInfo(width, height, float(rate), last.number + 1, float(span_s + 1 / rate), source.rotation)


def announced_frames(path: str | Path, fps: float | None = None) -> int | None:
    """Number of frames that `read_video` will yield, according to the container; None if unknown.

    For a progress bar only: containers are unreliable.
    """
    try:
        duration_s, rate = source_of(path, None).announced()
    except ClipError:  # the reader will raise the error
        return None
    return round(duration_s * min(fps or rate, rate)) if duration_s else None


def read_video(path: str | Path, *, fps: float | None = None, start_frame: int | None = None,
               end_frame: int | None = None, images_fps: float | None = None) -> Iterator[Frame]:
    """Decode a video file, or a folder of images in the natural order of their names.

    Parameters
    ----------
    path : path
    fps : float, optional
        Frames per second to keep: those nearest in time to a regular grid that starts at the first frame. A frame is
        kept at most once, so a slower source keeps its own frames without duplicates. None keeps all.
    start_frame, end_frame : int, optional
        Half-open range of frame numbers in the file, before `fps` applies. An end past the last frame is clipped.
    images_fps : float, optional
        Rate of a folder of images (`IMAGES_FPS` if unknown); a video's own times always take precedence.

    Yields
    ------
    Frame

    Raises
    ------
    ClipError
        If the file is missing, empty, truncated, damaged, not a video, without a video stream, or without a frame in
        the range. The message is only the reason.
    """
    for frame in sample(decode(path, images_fps=images_fps), Span(start_frame, end_frame), fps):
        yield Frame(float(frame.time_s), frame.image(), frame.number)


def decode(path: str | Path, *, images_fps: float | None = None) -> Iterator[Decoded]:
    """Every frame of a video or folder of images, converted to RGB only when it is asked for.

    Parameters and errors are those of `read_video`.
    """
    yield from source_of(path, images_fps)
