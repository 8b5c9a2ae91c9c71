"""Landmark extraction of all clips, on all cores, resumable clip by clip."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from slr.dataset import provenance
from slr.dataset.frames import decode_jpegs
from slr.dataset.landmarks import CHANNELS, ClipLandmarks, encode, write_rows
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError
from slr.extraction.extractor import Extractor, extractor_class, extractor_metadata
from slr.io.clipwise import (
    Job,
    apply_failure_policy,
    content_key,
    make_parts,
    prune,
    read_failures,
    read_parts,
    write_failures,
)
from slr.io.files import atomic_path, disk_errors
from slr.io.shards import Shards
from slr.params import LandmarksParams

_VERSION = 1
"""Increased when the same frames and extractor give different rows than before."""


class _Clip(NamedTuple):
    """A worker's input for one clip; the worker reads the frames itself."""

    clip_id: str
    frames: Path
    params: LandmarksParams


def extract_landmarks(frames: Path, out: Path, params: LandmarksParams, *, on_error: str = "fail",
                      max_failures: float = 0.05, workers: int = 0, work: Path) -> None:
    """Write the landmarks of every clip in the folder `frames` to the store `out`, replacing its content.

    Parameters
    ----------
    frames : Path
        Output of `slr.extraction.frames.extract_frames`. Its failures are included in the list of failures here.
    on_error : {"fail", "skip"}
    max_failures : float
        With "skip": the largest share of clips that may fail, those without frames included.
    workers : int, default 0
        Processes; 0 for one per core. The output doesn't depend on it.
    work : Path
        Cached landmarks of each clip: clips are extracted again only if their frames or the extractor changed. A
        successful run removes those that are no longer used.

    Raises
    ------
    SlrError
        If the extractor can't be used (see `slr.extraction.extractor.Extractor.identity`) or clips can't (see
        `slr.io.clipwise.apply_failure_policy`), there are no frames, or the disk is full.
    """
    kind = extractor_class(params)
    joints = skeleton(params.skeleton)
    extractor = extractor_metadata(params)
    made_by = provenance.extractor({"extractor": extractor})
    kind.prepare(params)
    shards = Shards(frames)
    folder = Path(frames).absolute()  # a process keeps it open by this name
    jobs = [Job(clip_id, content_key(_VERSION, clip_id, clip, joints.name, made_by),
                _Clip(clip_id, folder, params), clip["n_frames"]) for clip_id, clip in shards.clips.items()]
    with disk_errors("landmarks", out):
        parts, failures = make_parts("landmarks", jobs, _landmarks_of, Path(work), workers=workers, unit="frame")
        failures = [*read_failures(frames), *failures]
        apply_failure_policy("landmarks", failures, len(parts) + len(failures), Path(out), on_error=on_error,
              max_failures=max_failures)
        with atomic_path(out) as temporary:
            temporary.mkdir()
            write_rows(temporary, read_parts(parts), joints, clips_per_shard=params.clips_per_shard,
                       channels=CHANNELS[:kind.channels], metadata={**shards.metadata, "extractor": extractor})
            write_failures(temporary, failures)
        prune(Path(work), parts.values())


def _landmarks_of(clip: _Clip) -> pa.Table:
    """The clip's row of the store; raises ClipError if no person is in view."""
    shards = _shards(clip.frames)
    frames = shards.read(clip.clip_id, ["frame_number", "timestamp_s", "jpeg"])
    known = shards.clips[clip.clip_id]
    extractor = _extractor(clip.params.model_dump_json())
    coordinates = extractor.extract(decode_jpegs(frames["jpeg"]))
    if np.isnan(coordinates).all():
        raise ClipError(f"no person found in any of its {len(coordinates)} frames")
    landmarks = ClipLandmarks(clip.clip_id, known["fps"], known["width"], known["height"], coordinates,
                              frames["timestamp_s"].to_numpy(), frames["frame_number"].to_numpy())
    return encode(landmarks, extractor.skeleton)


@lru_cache(maxsize=1)
def _extractor(settings: str) -> Extractor:
    """The process's extractor, by its settings as JSON: creating one takes as long as ten frames, and 400 MB."""
    params = LandmarksParams.model_validate_json(settings)
    return extractor_class(params)(params)


@lru_cache(maxsize=1)
def _shards(folder: Path) -> Shards:
    return Shards(folder)
