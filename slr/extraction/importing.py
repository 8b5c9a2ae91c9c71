"""Import of landmarks that come with a corpus: from its files to the landmark store, instead of extraction."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from slr.corpora.imported import landmark_format
from slr.dataset.landmarks import (
    CHANNELS,
    ClipLandmarks,
    check_landmarks,
    encode,
    without_empty_ends,
    write_rows,
)
from slr.dataset.manifest import is_one_sign, read_manifest
from slr.dataset.skeleton import Skeleton
from slr.io.clipwise import Failure, apply_failure_policy, reason, write_failures
from slr.io.files import atomic_path, disk_errors
from slr.io.progress import progress, warn
from slr.params import CorpusParams


def import_landmarks(manifest: Path, out: Path, params: CorpusParams, *, clips_per_shard: int = 256) -> None:
    """Write the landmarks of every clip of the manifest to the store `out`, replacing its content.

    The store's metadata records that they were imported, and from what; or how they were made, if the format provides
    it (`slr.corpora.imported`). Its channels are those of the first clip. Frames without any joint at the ends of a
    sign's recording are left out, with a warning that counts them; in sentences and streams, where time counts from the
    start, they stay.

    Parameters
    ----------
    manifest : Path
        Manifest written by the corpus's reader.
    params : CorpusParams
        Settings of a landmark corpus: `slr.corpora.imported`.

    Raises
    ------
    SlrError
        If clips can't be used (see `slr.io.clipwise.apply_failure_policy`), or the disk is full.
    """
    reader = landmark_format(params.name)
    joints = reader.joints(params.root, params.imported)
    imported = {"extractor": {"name": "imported", "format": params.name}}
    metadata = reader.metadata(params.root) if hasattr(reader, "metadata") else imported
    rows = read_manifest(manifest).astype(object)
    rows = rows.where(rows.notna(), None)
    failures: list[Failure] = []
    with disk_errors("landmarks", out), atomic_path(out) as temporary:
        temporary.mkdir()
        clips = _clips(rows, params, joints, failures)
        first = next(clips, None)
        if first is not None:
            write_rows(temporary, (encode(clip, joints) for clip in chain([first], clips)), joints,
                       metadata=metadata, channels=CHANNELS[:first.coordinates.shape[2]],
                       clips_per_shard=clips_per_shard)
        apply_failure_policy("landmarks", failures, len(rows), Path(out), on_error=params.on_error,
                             max_failures=params.max_failures)
        write_failures(temporary, failures)


def _clips(rows: Any, params: CorpusParams, joints: Skeleton, failures: list[Failure]) -> Iterator[ClipLandmarks]:
    """The usable clips, in the manifest's order; the others are added to `failures`."""
    load = landmark_format(params.name).load
    recording: ClipLandmarks | None = None
    media, channels = None, None
    left_out: list[int] = []
    with progress("landmarks", len(rows), unit="clip") as advance:
        for row in rows.itertuples():
            advance()
            try:
                if row.media != media:  # the clips of one recording are consecutive
                    recording, media = load(params.root, row.media, params.imported), row.media
                assert recording is not None
                clip = replace(recording.part(slice(row.start_frame, row.end_frame)), clip_id=row.clip_id)
                check_landmarks(clip, joints, channels)
            except Exception as error:  # any error in a user's file is that clip's failure
                failures.append(Failure(row.clip_id, "landmarks", reason(error)))
                continue
            channels = clip.coordinates.shape[2]
            sign = without_empty_ends(clip) if is_one_sign(row) else clip
            if len(sign) < len(clip):
                left_out.append(len(clip) - len(sign))
            yield sign
    if left_out:
        warn(f"{len(left_out)} of {len(rows)} clips begin or end with frames in which no joint was found, padding or "
             f"nobody there; these {sum(left_out)} frames are left out")
