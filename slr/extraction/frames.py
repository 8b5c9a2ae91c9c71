"""Frame extraction: every clip temporally resampled, resized, and written as JPEG to `slr.dataset.frames`."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from slr.corpora.films import Film, film_of
from slr.dataset.frames import SCHEMA, decode_jpeg
from slr.dataset.manifest import read_manifest
from slr.errors import ClipError, CorpusError
from slr.extraction.copies import copied_clips
from slr.extraction.persons import SEARCH_FPS, PersonSearch, box_of
from slr.io.clipwise import (
    Job,
    apply_failure_policy,
    content_key,
    make_parts_in_batches,
    read_parts,
    write_failures,
)
from slr.io.files import atomic_path, disk_errors, file_hash, inside
from slr.io.sampling import Decoded, Span, sample_each
from slr.io.shards import with_clip, write_shards
from slr.io.video import IMAGES_FPS, Frame, decode, read_video
from slr.io.workers import cores, map_unordered
from slr.params import FramesParams
from slr.params.persons import Box

_VERSION = 2
"""Increased when the same video and settings give different frames than before."""
_MOST_RUNS = 2
"""At most so many processes share the clips of a video: with clips all along it they decode it one and a half times."""
_CLIPS_PER_RUN = 8
"""A video isn't shared for fewer clips."""


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
        parts, failures = make_parts_in_batches("frames", jobs, _frames_of, Path(work),
                                                partial(_runs, workers=workers or cores()), workers=workers,
                                                unit="clip")
        if find_copies:
            films = partial(_films, {clip.clip_id: clip for clip in clips}, workers)
            failures += copied_clips(rows, parts, films, workers)
            failed = {failure.clip for failure in failures}
            parts = {clip_id: part for clip_id, part in parts.items() if clip_id not in failed}
        apply_failure_policy("frames", failures, len(jobs), Path(out), on_error=on_error, max_failures=max_failures)
        with atomic_path(out) as temporary:
            temporary.mkdir()
            write_shards(temporary, read_parts(parts), SCHEMA, metadata={"frames": frames_metadata(params)},
                         clips_per_shard=params.clips_per_shard)
            write_failures(temporary, failures)
        shutil.rmtree(work)  # as large as the output, and quick to recreate


def no_frames(out: Path) -> None:
    """Write the frame store of a corpus without video to `out`: an empty list of failures, and no shards."""
    with atomic_path(out) as temporary:
        temporary.mkdir()
        write_failures(temporary, [])


def frames_metadata(params: FramesParams) -> dict[str, Any]:
    """What a store of frames, or of their landmarks, records of the settings: `person` only where one is chosen, as
    stores and models from before this setting lack it."""
    return params.model_dump(exclude={"person"} if params.person is None else None)


def clip_frames(path: str | Path, params: FramesParams, *, start_frame: int | None = None,
                end_frame: int | None = None, images_fps: float | None = None) -> Iterator[Frame]:
    """A video's frames exactly as in the pipeline: resampled, cropped, resized, and JPEG-compressed.

    Parameters and errors are those of `slr.io.video.read_video`; ClipError also if `frames.person` isn't found.
    """
    box = _person_box(path, params, start_frame, end_frame, images_fps)
    for frame in read_video(path, fps=params.fps, start_frame=start_frame, end_frame=end_frame, images_fps=images_fps):
        image = _resize(_crop(frame.image, box), params.size)
        yield frame._replace(image=decode_jpeg(_encode_jpeg(image, params.quality)))


def _person_box(path: str | Path, params: FramesParams, start_frame: int | None, end_frame: int | None,
                images_fps: float | None) -> Box | None:
    """The box of `frames.person` in a video; a few of its frames are decoded for it."""
    if params.person is None:
        return None
    return box_of(params.person, read_video(path, fps=SEARCH_FPS, start_frame=start_frame, end_frame=end_frame,
                                            images_fps=images_fps))


def _jobs(clips: list[_Clip]) -> list[Job]:
    """One job per clip, keyed by the bytes of its media, its range and the settings."""

    @cache  # clips may share a file
    def content(media: str) -> str | None:
        try:
            return file_hash(inside(clips[0].root, media))
        except (CorpusError, OSError):  # the worker will report the error
            return None

    return [Job(clip.clip_id, content_key(_VERSION, content(clip.media), clip.clip_id, clip.start_frame, clip.end_frame,
                                          clip.fps, clip.bbox, frames_metadata(clip.params)), clip) for clip in clips]


def _runs(jobs: list[Job], workers: int) -> list[list[Job]]:
    """The clips of each video, by their starts: they are read in one go. If there are fewer videos than workers, in a
    few goes, each of which decodes the video from its beginning. A folder of images is read image by image, so that
    nothing is saved."""
    files: dict[tuple[str, str], list[Job]] = {}
    for job in sorted(jobs, key=lambda job: job.argument.start_frame or 0):
        media = os.path.join(job.argument.root, job.argument.media)
        files.setdefault((media, job.clip_id if os.path.isdir(media) else ""), []).append(job)
    goes = min(_MOST_RUNS, workers // max(1, len(files)))
    runs = []
    for clips in files.values():
        size = max(_CLIPS_PER_RUN, -(-len(clips) // max(1, goes)))
        runs += [clips[start:start + size] for start in range(0, len(clips), size)]
    return runs


def _frames_of(clips: Sequence[_Clip]) -> Iterator[tuple[int, pa.Table | Exception]]:
    """The rows of clips of one file, each clip as soon as it ends, or a ClipError with the reason and the file's path.

    Raises CorpusError if the path leaves the corpus root.
    """
    path = inside(clips[0].root, clips[0].media)
    params = clips[0].params
    reading = {index: _Rows(clip) for index, clip in enumerate(clips)}
    spans = [Span(clip.start_frame, clip.end_frame) for clip in clips]
    boxes = _boxes(path, clips, spans)
    jpegs = _Jpegs(params)
    for index, frame in sample_each(decode(path, images_fps=clips[0].fps), spans, params.fps):
        if index not in reading:  # it has failed
            continue
        try:
            if isinstance(frame, Exception):
                raise frame
            if frame is None:
                yield index, reading.pop(index).table()
            else:
                box = boxes[index]
                if isinstance(box, Exception):
                    raise box
                reading[index].add(frame, *jpegs.of(frame, box))
        except Exception as error:  # whatever it is, it isn't the other clips'
            reading.pop(index, None)
            yield index, ClipError(f"{error} ({path})") if isinstance(error, ClipError) else error


def _boxes(path: Path, clips: Sequence[_Clip], spans: Sequence[Span]) -> list[Sequence[int] | ClipError | None]:
    """What each clip's pictures are cropped to, x0, y0, x1, y1: its own box, or else that of `frames.person`, which is
    looked for in a few frames of each clip in one more decoding of the file."""
    person = clips[0].params.person
    if person is None:
        return [clip.bbox for clip in clips]
    searches = [PersonSearch(person if clip.bbox is None else (0, 0, 1, 1)) for clip in clips]
    if not all(search.done for search in searches):
        for index, frame in sample_each(decode(path, images_fps=clips[0].fps), spans, SEARCH_FPS):
            if isinstance(frame, Decoded) and not searches[index].done:
                searches[index].look(frame.image())
    return [_box(search) if clip.bbox is None else clip.bbox for clip, search in zip(clips, searches, strict=True)]


def _box(search: PersonSearch) -> Sequence[int] | ClipError:
    try:
        return search.box()
    except ClipError as error:
        return error


class _Rows:
    """The rows of one clip, collected frame by frame."""

    def __init__(self, clip: _Clip):
        self.clip = clip
        self.rows: list[tuple[str, int, int, float, bytes]] = []
        self.digest = hashlib.sha256()
        self.shape = (0, 0)

    def add(self, frame: Decoded, jpeg: bytes, shape: tuple[int, int]) -> None:
        """Append a frame; `shape` is the height and width of its JPEG."""
        time_s = float(frame.time_s)
        self.rows.append((self.clip.clip_id, len(self.rows), frame.number, time_s, jpeg))
        self.digest.update(f"{frame.number} {time_s!r} {len(jpeg)} ".encode())
        self.digest.update(jpeg)
        self.shape = shape

    def table(self) -> pa.Table:
        """All rows, with the clip's description."""
        span_s = self.rows[-1][3] - self.rows[0][3]
        fps = (round((len(self.rows) - 1) / span_s, 6) if span_s else
               self.clip.params.fps or self.clip.fps or IMAGES_FPS)
        table = pa.Table.from_arrays([pa.array(column, field.type) for column, field in
                                      zip(zip(*self.rows, strict=True), SCHEMA, strict=True)], schema=SCHEMA)
        return with_clip(table, {"clip_id": self.clip.clip_id, "n_frames": len(self.rows), "fps": fps,
                                 "width": self.shape[1], "height": self.shape[0], "sha256": self.digest.hexdigest()})


class _Jpegs:
    """The JPEGs of a file's frames, each made once for all clips that keep the frame and have the same box."""

    def __init__(self, params: FramesParams):
        self.params = params
        self.number = -1
        self.made: dict[tuple[int, ...], tuple[bytes, tuple[int, int]]] = {}

    def of(self, frame: Decoded, bbox: Sequence[int] | None) -> tuple[bytes, tuple[int, int]]:
        """The frame's JPEG, with its height and width; only those of the latest frame are kept."""
        if frame.number != self.number:
            self.number = frame.number
            self.made.clear()
        key = tuple(bbox or ())
        if key not in self.made:
            image = _resize(_crop(frame.image(), bbox), self.params.size)
            self.made[key] = _encode_jpeg(image, self.params.quality), (image.shape[0], image.shape[1])
        return self.made[key]


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
