"""Segments of a video of any length as RGB clips: one at a time, each in a temporary file until it is complete."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from slr.io.evenly import evenly
from slr.io.files import temp_file_errors
from slr.io.video import Frame
from slr.params.families.stfnet import ImagesParams
from slr.preprocessing.rgb import RgbBatch, batch_of, cropped


class Stretch(NamedTuple):
    """A segment of a video.

    Attributes
    ----------
    batch : RgbBatch
        One clip, preprocessed as by `slr.preprocessing.rgb.RgbClips` in evaluation: at most `max_frames` of its frames.
    timestamps_s : ndarray, (T,) float64
        Start of each of its frames, including those that the batch leaves out.
    end_s : float
        End of its span.
    """

    batch: RgbBatch
    timestamps_s: np.ndarray
    end_s: float


def stretches_of(frames: Iterable[Frame], spans_s: Iterable[tuple[float, float]],
                 params: ImagesParams) -> Iterator[Stretch]:
    """The frames in each time span; spans without frames are left out.

    Memory holds one frame, or one batch: the images of a segment are kept in a temporary file.

    Parameters
    ----------
    frames : iterable of Frame
        Ordered by time.
    spans_s : iterable of (float, float)
        Half-open, ordered by time and disjoint; may be infinite.
    params : ImagesParams

    Raises
    ------
    SlrError
        If the disk is full.
    """
    spans = iter(spans_s)
    times: list[float] = []
    span = next(spans, None)
    with tempfile.TemporaryFile() as file:
        for frame in frames:
            while span is not None and frame.timestamp_s >= span[1]:
                if times:
                    yield Stretch(_batch(file, len(times), params), np.array(times), span[1])
                span, times = next(spans, None), []
            if span is None:
                return
            if frame.timestamp_s >= span[0]:
                with temp_file_errors("pictures"):
                    file.seek(len(times) * params.crop**2 * 3)
                    file.write(cropped(frame.image, params).tobytes())
                times.append(frame.timestamp_s)
        if span is not None and times:
            yield Stretch(_batch(file, len(times), params), np.array(times), span[1])


def _batch(file: BinaryIO, n_frames: int, params: ImagesParams) -> RgbBatch:
    """The batch of the images at the beginning of the file."""
    with temp_file_errors("pictures"):
        file.flush()
        pictures = np.memmap(file, np.uint8, "r", shape=(n_frames, params.crop, params.crop, 3))
    return batch_of(pictures[evenly(n_frames, params.max_frames)], params)
