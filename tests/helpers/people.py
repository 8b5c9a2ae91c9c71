"""Two signers in one picture."""

from itertools import islice
from pathlib import Path

import numpy as np

from slr.io.video import read_video, write_video


def side_by_side(path: Path, left: Path, right: Path, frames: int) -> Path:
    """A video of the first frames of two videos of one size, 12 a second, beside each other."""
    pictures = ([frame.image for frame in islice(read_video(video, fps=12), frames)] for video in (left, right))
    write_video(path, [np.hstack(pair) for pair in zip(*pictures, strict=True)], fps=12, crf=12)
    return path


def small(path: Path, video: Path, times: int, frames: int) -> Path:
    """A video of the first frames of a square one in the middle of a grey picture so many times as large."""
    pictures = []
    for frame in islice(read_video(video, fps=12), frames):
        before = len(frame.image) * (times - 1) // 2
        after = len(frame.image) * (times - 1) - before
        pictures.append(np.pad(frame.image, ((before, after), (before, after), (0, 0)), constant_values=190))
    write_video(path, pictures, fps=12, crf=12)
    return path
