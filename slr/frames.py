"""Video to frames: every clip resampled in time, resized, and kept as JPEG in a few Parquet shards.

One row per frame: `clip_id`, `index` (from 0), `frame_number` (in the file), `timestamp_s` (since the file's first
frame), `jpeg`. The frames of a clip are one row group, so a worker reads the clips that it works on and no others.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from slr.clipwise import Job, content_key, disk_errors, judge, make_parts, read_parts, write_failures
from slr.corpora.manifest import read_manifest
from slr.errors import ClipError, CorpusError
from slr.files import atomic_path, file_hash, inside
from slr.params import FramesParams
from slr.shards import Shards, with_clip, write_shards
from slr.video import IMAGES_FPS, Frame, read_video

SCHEMA = pa.schema([
    ("clip_id", pa.string()),
    ("index", pa.int32()),
    ("frame_number", pa.int32()),
    ("timestamp_s", pa.float64()),
    ("jpeg", pa.binary()),
])
_VERSION = 1
"""Raised when the same video and settings give other frames than before."""


class _Clip(NamedTuple):
    """What a worker needs to know of a clip: a few columns of the manifest, and the settings."""

    clip_id: str
    root: Path
    media: str
    start_frame: int | None
    end_frame: int | None
    fps: float | None
    bbox: list[int] | None
    params: FramesParams


def extract_frames(manifest: Path, root: Path, out: Path, params: FramesParams, *, on_error: str = "fail",
                   max_failures: float = 0.05, workers: int = 0, work: Path) -> None:
    """Write the frames of every clip of the manifest to `out`, replacing what was there.

    Parameters
    ----------
    manifest, root : Path
        The corpus, and the folder that its media paths are relative to.
    on_error : {"fail", "skip"}
    max_failures : float
        With "skip": the largest share of clips that may fail.
    workers : int, default 0
        Processes; 0 for one per core. The output doesn't depend on it.
    work : Path
        Where a run that was killed or failed leaves its finished clips; removed after one that succeeded.

    Raises
    ------
    SlrError
        If clips can't be used (see `slr.clipwise.judge`), or the disk is full.
    """
    rows = read_manifest(manifest).astype(object)
    rows = rows.where(rows.notna(), None)
    jobs = _jobs([_Clip(row.clip_id, Path(root), row.media, row.start_frame, row.end_frame, row.fps, row.bbox,
                        params)
                  for row in rows.itertuples()])
    with disk_errors("frames", out):
        parts, failures = make_parts("frames", jobs, _frames_of, Path(work), workers=workers, unit="clip")
        judge("frames", failures, len(jobs), Path(out), on_error=on_error, max_failures=max_failures)
        with atomic_path(out) as temporary:
            temporary.mkdir()
            write_shards(temporary, read_parts(parts), SCHEMA, metadata={"frames": params.model_dump()},
                         clips_per_shard=params.clips_per_shard)
            write_failures(temporary, failures)
        shutil.rmtree(work)  # as large as the output, and quick to make again


def no_frames(out: Path) -> None:
    """Write the frames of a corpus without video to `out`: an empty list of failures, and no shards."""
    with atomic_path(out) as temporary:
        temporary.mkdir()
        write_failures(temporary, [])


def read_frames(folder: str | Path, clip_id: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """One clip's frames.

    Returns
    -------
    timestamps_s : ndarray, (T,) float64
        Seconds since the first frame of the file.
    images : list of T ndarrays, (H, W, 3) uint8
        RGB.

    Raises
    ------
    CorpusError
        If there are no frames in the folder, or none of this clip.
    """
    table = Shards(folder).read(clip_id, ["timestamp_s", "jpeg"])
    return table["timestamp_s"].to_numpy(), list(decode_jpegs(table["jpeg"]))


class FrameStore(Shards):
    """The frames of a corpus, opened for reading: what is known of each clip now, its frames when asked for.

    Raises
    ------
    CorpusError
        If the folder holds no frames, or has no clip of the id asked for.
    """

    @property
    def n_frames(self) -> dict[str, int]:
        """Frames of each clip."""
        return {clip_id: clip["n_frames"] for clip_id, clip in self.clips.items()}

    def fps(self, clip_id: str) -> float:
        """Frames a second of a clip."""
        return self.clip(clip_id)["fps"]

    def frame_numbers(self, clip_id: str) -> np.ndarray:
        """(T,) int32: number of each of the clip's frames in its file; reads no pictures."""
        return self.read(clip_id, ["frame_number"])["frame_number"].to_numpy()


def clip_frames(path: str | Path, params: FramesParams, *, start_frame: int | None = None,
                end_frame: int | None = None, images_fps: float | None = None) -> Iterator[Frame]:
    """A video's frames exactly as the pipeline would see them: resampled, resized, and through JPEG.

    Parameters and errors are those of `slr.video.read_video`.
    """
    for frame in read_video(path, fps=params.fps, start_frame=start_frame, end_frame=end_frame, images_fps=images_fps):
        yield frame._replace(image=_decode_jpeg(_encode_jpeg(_resize(frame.image, params.size), params.quality)))


def decode_jpegs(jpegs: pa.ChunkedArray, shrink: int = 1) -> Iterator[np.ndarray]:
    """The images of a `jpeg` column, (H, W, 3) uint8 RGB, decoded one at a time.

    With `shrink` 2, 4 or 8 they are decoded at this part of their size, by JPEG's own means, in less time.
    """
    return (_decode_jpeg(jpeg.as_buffer(), shrink) for jpeg in jpegs)


def _jobs(clips: list[_Clip]) -> list[Job]:
    """One job per clip, keyed by the bytes of its media, its range and the settings."""

    @cache  # clips may share a file
    def content(media: str) -> str | None:
        try:
            return file_hash(inside(clips[0].root, media))
        except (CorpusError, OSError):  # the worker will say what is wrong with it
            return None

    return [Job(clip.clip_id, content_key(_VERSION, content(clip.media), clip.clip_id, clip.start_frame, clip.end_frame,
                                          clip.fps, clip.bbox, clip.params.model_dump()), clip) for clip in clips]


def _frames_of(clip: _Clip) -> pa.Table:
    """The clip's rows; raises ClipError or CorpusError with the reason and the media's path."""
    path = inside(clip.root, clip.media)
    rows, digest = [], hashlib.sha256()
    try:
        for frame in read_video(path, fps=clip.params.fps, start_frame=clip.start_frame, end_frame=clip.end_frame,
                                images_fps=clip.fps):
            image = _resize(_crop(frame.image, clip.bbox), clip.params.size)
            jpeg = _encode_jpeg(image, clip.params.quality)
            rows.append((clip.clip_id, len(rows), frame.number, frame.timestamp_s, jpeg))
            digest.update(f"{frame.number} {frame.timestamp_s!r} {len(jpeg)} ".encode())
            digest.update(jpeg)
    except ClipError as error:
        raise ClipError(f"{error} ({path})") from None
    span_s = rows[-1][3] - rows[0][3]
    fps = round((len(rows) - 1) / span_s, 6) if span_s else clip.params.fps or clip.fps or IMAGES_FPS
    table = pa.Table.from_arrays([pa.array(column, field.type) for column, field in
                                  zip(zip(*rows, strict=True), SCHEMA, strict=True)], schema=SCHEMA)
    return with_clip(table, {"clip_id": clip.clip_id, "n_frames": len(rows), "fps": fps, "width": image.shape[1],
                             "height": image.shape[0], "sha256": digest.hexdigest()})


def _crop(image: np.ndarray, bbox: Sequence[int] | None) -> np.ndarray:
    """The part of the picture in a box x0, y0, x1, y1 (pixels, half-open), as far as the picture goes."""
    if bbox is None:
        return image
    x0, y0, x1, y1 = bbox
    part = image[y0:y1, x0:x1]
    if not part.size:
        raise ClipError(f"its box {list(bbox)} is outside its picture of {image.shape[1]} x {image.shape[0]} pixels")
    return np.ascontiguousarray(part)


def _resize(image: np.ndarray, short_side: int | None) -> np.ndarray:
    """Make the short side `short_side` pixels, if it is longer than that."""
    import cv2

    height, width = image.shape[:2]
    if short_side is None or min(height, width) <= short_side:
        return image
    scale = short_side / min(height, width)
    return cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def _encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    import cv2

    encoded, jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise ClipError(f"a frame of {image.shape[1]} x {image.shape[0]} pixels can't become a JPEG")
    return jpeg.tobytes()


def _decode_jpeg(jpeg: Any, shrink: int = 1) -> np.ndarray:
    import cv2

    how = cv2.IMREAD_COLOR_RGB if shrink == 1 else getattr(cv2, f"IMREAD_REDUCED_COLOR_{shrink}")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), how)
    return image if shrink == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
