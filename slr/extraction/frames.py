"""Frame extraction: every clip temporally resampled, resized, and written as JPEG to `slr.dataset.frames`."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from slr.corpora.films import Film, film_of
from slr.dataset.frames import SCHEMA, decode_jpeg
from slr.dataset.manifest import read_manifest
from slr.errors import ClipError, CorpusError
from slr.extraction.copies import copied_clips
from slr.io.clipwise import Job, apply_failure_policy, content_key, make_parts, read_parts, write_failures
from slr.io.files import atomic_path, disk_errors, file_hash, inside
from slr.io.shards import with_clip, write_shards
from slr.io.video import IMAGES_FPS, Frame, read_video
from slr.io.workers import map_unordered
from slr.params import FramesParams

_VERSION = 1
"""Increased when the same video and settings give different frames than before."""


class _Clip(NamedTuple):
    """A worker's input for one clip: a few columns of the manifest, and the settings."""

    clip_id: str
    root: Path
    media: str
    start_frame: int | None
    end_frame: int | None
    fps: float | None
    bbox: list[int] | None
    params: FramesParams


def extract_frames(manifest: Path, root: Path, out: Path, params: FramesParams, *, on_error: str = "fail",
                   max_failures: float = 0.05, workers: int = 0, work: Path, find_copies: bool = False) -> None:
    """Write the frames of every clip of the manifest to `out`, replacing its content.

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
        Finished clips of an interrupted or failed run; removed after a successful one.
    find_copies : bool, default False
        Clips of which another split has a copy fail, too (`slr.extraction.copies`).

    Raises
    ------
    SlrError
        If clips can't be used (see `slr.io.clipwise.apply_failure_policy`), or the disk is full.
    """
    rows = read_manifest(manifest).astype(object)
    rows = rows.where(rows.notna(), None)
    clips = [_Clip(row.clip_id, Path(root), row.media, row.start_frame, row.end_frame, row.fps, row.bbox, params)
             for row in rows.itertuples()]
    jobs = _jobs(clips)
    with disk_errors("frames", out):
        parts, failures = make_parts("frames", jobs, _frames_of, Path(work), workers=workers, unit="clip")
        if find_copies:
            films = partial(_films, {clip.clip_id: clip for clip in clips}, workers)
            failures += copied_clips(rows, parts, films, workers)
            failed = {failure.clip for failure in failures}
            parts = {clip_id: part for clip_id, part in parts.items() if clip_id not in failed}
        apply_failure_policy("frames", failures, len(jobs), Path(out), on_error=on_error, max_failures=max_failures)
        with atomic_path(out) as temporary:
            temporary.mkdir()
            write_shards(temporary, read_parts(parts), SCHEMA, metadata={"frames": params.model_dump()},
                         clips_per_shard=params.clips_per_shard)
            write_failures(temporary, failures)
        shutil.rmtree(work)  # as large as the output, and quick to recreate


def no_frames(out: Path) -> None:
    """Write the frame store of a corpus without video to `out`: an empty list of failures, and no shards."""
    with atomic_path(out) as temporary:
        temporary.mkdir()
        write_failures(temporary, [])


def clip_frames(path: str | Path, params: FramesParams, *, start_frame: int | None = None,
                end_frame: int | None = None, images_fps: float | None = None) -> Iterator[Frame]:
    """A video's frames exactly as in the pipeline: resampled, resized, and JPEG-compressed.

    Parameters and errors are those of `slr.io.video.read_video`.
    """
    for frame in read_video(path, fps=params.fps, start_frame=start_frame, end_frame=end_frame, images_fps=images_fps):
        yield frame._replace(image=decode_jpeg(_encode_jpeg(_resize(frame.image, params.size), params.quality)))


def _jobs(clips: list[_Clip]) -> list[Job]:
    """One job per clip, keyed by the bytes of its media, its range and the settings."""

    @cache  # clips may share a file
    def content(media: str) -> str | None:
        try:
            return file_hash(inside(clips[0].root, media))
        except (CorpusError, OSError):  # the worker will report the error
            return None

    return [Job(clip.clip_id, content_key(_VERSION, content(clip.media), clip.clip_id, clip.start_frame, clip.end_frame,
                                          clip.fps, clip.bbox, clip.params.model_dump()), clip) for clip in clips]


def _frames_of(clip: _Clip) -> pa.Table:
    """The clip's rows; raises ClipError or CorpusError with the reason and the media's path."""
    path = inside(clip.root, clip.media)
    rows: list[tuple[str, int, int, float, bytes]] = []
    digest = hashlib.sha256()
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


def _films(clips: Mapping[str, _Clip], workers: int, clip_ids: Sequence[str]) -> dict[str, Film]:
    """What is compared of some clips, decoded anew."""
    return {done.item.clip_id: done.result
            for done in map_unordered(_film, [clips[clip_id] for clip_id in clip_ids], workers) if done.error is None}


def _film(clip: _Clip) -> Film:
    frames = read_video(inside(clip.root, clip.media), start_frame=clip.start_frame, end_frame=clip.end_frame,
                        images_fps=clip.fps)
    return film_of(frame._replace(image=_crop(frame.image, clip.bbox)) for frame in frames)


def _crop(image: np.ndarray, bbox: Sequence[int] | None) -> np.ndarray:
    """The image cropped to a box x0, y0, x1, y1 (pixels, half-open), clipped to the image."""
    if bbox is None:
        return image
    x0, y0, x1, y1 = bbox
    part = image[y0:y1, x0:x1]
    if not part.size:
        raise ClipError(f"its box {list(bbox)} is outside its picture of {image.shape[1]} x {image.shape[0]} pixels")
    return np.ascontiguousarray(part)


def _resize(image: np.ndarray, short_side: int | None) -> np.ndarray:
    """Resize to a short side of `short_side` pixels, if it is longer."""
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
