"""Stretches of one video of any length as pictures: one at a time, each in a file until all of it is known."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from slr.batches.rgb import RgbBatch, batch_of, cropped
from slr.io.evenly import evenly
from slr.io.files import temp_file_errors
from slr.io.video import Frame
from slr.params.families.stfnet import ImagesParams


class Stretch(NamedTuple):
    """A stretch of a video.

    Attributes
    ----------
    batch : RgbBatch
        One clip, seen as `slr.batches.rgb.RgbClips` shows one to evaluation: at most `max_frames` of its frames.
    timestamps_s : ndarray, (T,) float64
        When each of its frames begins, those included that the batch leaves out.
    end_s : float
        The end of its span.
    """

    batch: RgbBatch
    timestamps_s: np.ndarray
    end_s: float


def stretches_of(frames: Iterable[Frame], spans_s: Iterable[tuple[float, float]],
                 params: ImagesParams) -> Iterator[Stretch]:
    """The frames in each span of time; spans without a frame are left out.

    In memory is one frame, or what one batch holds: the pictures of a stretch wait in a temporary file.

    Parameters
    ----------
    frames : iterable of Frame
        In the order of time.
    spans_s : iterable of (float, float)
        Half-open, in the order of time and apart; may go on for ever.
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
    """Of the pictures that the file begins with."""
    with temp_file_errors("pictures"):
        file.flush()
        pictures = np.memmap(file, np.uint8, "r", shape=(n_frames, params.crop, params.crop, 3))
    return batch_of(pictures[evenly(n_frames, params.max_frames)], params)
