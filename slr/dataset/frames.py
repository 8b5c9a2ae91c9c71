"""The frame store of a corpus in `data/frames`: JPEG in a few Parquet shards, written by `slr.extraction.frames`.

One row per frame: `clip_id`, `index` (from 0), `frame_number` (in the file), `timestamp_s` (media time: since the start
of the file), `jpeg`. The frames of a clip are one row group, so that a worker reads only the clips it processes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from slr.io.shards import Shards

SCHEMA = pa.schema([
    ("clip_id", pa.string()),
    ("index", pa.int32()),
    ("frame_number", pa.int32()),
    ("timestamp_s", pa.float64()),
    ("jpeg", pa.binary()),
])


class FrameStore(Shards):
    """The frame store of a corpus, opened for reading: metadata at once, frames on demand.

    Raises
    ------
    CorpusError
        If the folder contains no frames, or no clip with the requested id.
    """

    @property
    def n_frames(self) -> dict[str, int]:
        """Number of frames of each clip."""
        return {clip_id: clip["n_frames"] for clip_id, clip in self.clips.items()}

    def fps(self, clip_id: str) -> float:
        """Frame rate of a clip."""
        return self.clip(clip_id)["fps"]

    def frame_numbers(self, clip_id: str) -> np.ndarray:
        """(T,) int32: number of each of the clip's frames in its file; reads no images."""
        return self.read(clip_id, ["frame_number"])["frame_number"].to_numpy()


def read_frames(folder: str | Path, clip_id: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """One clip's frames.

    Returns
    -------
    timestamps_s : ndarray, (T,) float64
        Media time: seconds since the start of the file (`slr.io.video.clock`).
    images : list of T ndarrays, (H, W, 3) uint8
        RGB.

    Raises
    ------
    CorpusError
        If the folder contains no frames, or none of this clip.
    """
    table = Shards(folder).read(clip_id, ["timestamp_s", "jpeg"])
    return table["timestamp_s"].to_numpy(), list(decode_jpegs(table["jpeg"]))


def decode_jpegs(jpegs: pa.ChunkedArray, shrink: int = 1) -> Iterator[np.ndarray]:
    """The images of a `jpeg` column, (H, W, 3) uint8 RGB, decoded one at a time.

    With `shrink` 2, 4 or 8 they are decoded at this fraction of their size by the JPEG decoder itself, which is faster.
    """
    return (decode_jpeg(jpeg.as_buffer(), shrink) for jpeg in jpegs)


def decode_jpeg(jpeg: Any, shrink: int = 1) -> np.ndarray:
    import cv2

    how = cv2.IMREAD_COLOR_RGB if shrink == 1 else getattr(cv2, f"IMREAD_REDUCED_COLOR_{shrink}")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), how)
    return image if shrink == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
