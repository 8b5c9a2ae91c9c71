"""The landmark store, opened for reading; `slr.dataset.landmarks` defines its format and writes it."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from slr.dataset.landmarks import CHANNELS, MISSING, ClipLandmarks
from slr.dataset.skeleton import Skeleton, define, skeleton
from slr.errors import CorpusError
from slr.io.shards import Shards


class LandmarkStore:
    """A landmark store, opened for reading.

    >>> store = LandmarkStore("data/landmarks")
    >>> store["circle_01"].coordinates.shape
    (34, 553, 4)
    >>> coordinates, offsets = store.load(parts=("pose", "left_hand", "right_hand"))

    Raises
    ------
    CorpusError
        If the folder contains no landmarks, or no clip with the requested id.
    """

    def __init__(self, folder: str | Path):
        self._shards = Shards(folder)
        self.skeleton = skeleton_of(self.metadata)

    @property
    def metadata(self) -> dict[str, Any]:
        """Provenance of the landmarks: `skeleton`, `channels`, `extractor`, `frames`; for a user's own skeleton also
        its `skeleton_definition`."""
        return self._shards.metadata

    @property
    def clip_ids(self) -> list[str]:
        """In storage order, which is sorted if written by the pipeline."""
        return list(self._shards.clips)

    @property
    def n_frames(self) -> dict[str, int]:
        """Number of frames of each clip, without reading it."""
        return {clip_id: clip["n_frames"] for clip_id, clip in self._shards.clips.items()}

    def sizes(self, clip_ids: Iterable[str]) -> np.ndarray:
        """(clips, 2) int32: frame width and height of each clip, in pixels."""
        tables = self._shards.read_many(list(clip_ids), ["width", "height"])
        return np.concatenate([np.empty((0, 2), np.int32),
                               *(np.stack([t.column("width"), t.column("height")], 1) for t in tables)])

    def __len__(self) -> int:
        return len(self._shards.clips)

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._shards.clips

    def require(self, clip_id: str) -> None:
        """Raise CorpusError, suggesting similar ids, if there is no such clip; the user may have meant a clip or a
        file."""
        if clip_id not in self:
            near = difflib.get_close_matches(clip_id, self.clip_ids, n=3, cutoff=0.3)
            raise CorpusError(f"there is no clip '{clip_id}' in {self._shards.folder}, and no such file; "
                              f"the nearest ids: {', '.join(near or self.clip_ids[:3])}")

    def __iter__(self) -> Iterator[ClipLandmarks]:
        return (self._decode(row) for table in self._shards.read_many(self._shards.clips) for row in table.to_pylist())

    def __getitem__(self, clip_id: str) -> ClipLandmarks:
        return self._decode(self._shards.read(clip_id).to_pylist()[0])

    def _decode(self, row: dict[str, Any]) -> ClipLandmarks:
        return decode(row, self.skeleton, len(self.metadata["channels"]))

    def fps(self, clip_id: str) -> float:
        """Frame rate of a clip; reads no coordinates."""
        return self._shards.read(clip_id, ["fps"]).column("fps")[0].as_py()

    def frame_numbers(self, clip_id: str) -> np.ndarray:
        """(T,) int32: number of each of the clip's frames in its file; reads no coordinates."""
        return np.frombuffer(self._shards.read(clip_id, ["frame_numbers"]).column("frame_numbers")[0].as_py(), "<i4")

    def load(self, clip_ids: Iterable[str] | None = None,
             parts: Sequence[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Many clips as one array, concatenated by frame.

        Parameters
        ----------
        clip_ids : iterable of str, optional
            Which clips, in this order; all by default.
        parts : sequence of str, optional
            Which parts of the skeleton, in this order; all by default.

        Returns
        -------
        coordinates : ndarray, (frames of all clips, joints of the parts, C) float32
        offsets : ndarray, (clips + 1,) int64
            Clip i is `coordinates[offsets[i]:offsets[i + 1]]`.
        """
        clip_ids = self.clip_ids if clip_ids is None else list(clip_ids)
        slices = _slices(self.skeleton, self.skeleton.parts if parts is None else parts)
        n_frames = self.n_frames
        unknown = [clip_id for clip_id in clip_ids if clip_id not in n_frames]
        if unknown:
            raise CorpusError(f"there is no clip '{unknown[0]}' in {self._shards.folder}")
        offsets = np.cumsum([0, *(n_frames[clip_id] for clip_id in clip_ids)])
        n_joints = sum(where.stop - where.start for where in slices.values())
        coordinates = np.empty((offsets[-1], n_joints, len(self.metadata["channels"])), np.float32)
        clip = 0
        for table in self._shards.read_many(clip_ids, ["dtype", "step", *slices]):
            columns = {part: table.column(part).to_numpy() for part in slices}
            for row, (dtype, step) in enumerate(zip(*(table.column(c).to_pylist() for c in ("dtype", "step")),
                                                    strict=True)):
                for part, where in slices.items():
                    _decode(np.frombuffer(columns[part][row], dtype), step,
                            coordinates[offsets[clip]:offsets[clip + 1], where])
                clip += 1
        return coordinates, offsets


def skeleton_of(metadata: dict[str, Any]) -> Skeleton:
    """The skeleton in a store's metadata; a user's own skeleton is registered by its name."""
    own = metadata.get("skeleton_definition")
    return skeleton(metadata["skeleton"]) if own is None else define(own, "the landmarks' skeleton")


def decode(row: dict[str, Any], joints: Skeleton, channels: int = len(CHANNELS)) -> ClipLandmarks:
    """The clip in one row of the store: the inverse of `slr.dataset.landmarks.encode`, up to rounding."""
    coordinates = np.empty((row["n_frames"], len(joints), channels), np.float32)
    for part, where in joints.part_slices.items():
        _decode(np.frombuffer(row[part], row["dtype"]), row["step"], coordinates[:, where])
    return ClipLandmarks(row["clip_id"], row["fps"], row["width"], row["height"], coordinates,
                         np.frombuffer(row["timestamps_s"], "<f8"), np.frombuffer(row["frame_numbers"], "<i4"))


def _slices(joints: Skeleton, parts: Iterable[str]) -> dict[str, slice]:
    """Slices of these parts' joints in an array of only these parts."""
    slices, start = {}, 0
    for part in parts:
        slices[part] = slice(start, start + len(joints.parts[part]))
        start += len(joints.parts[part])
    return slices


def _decode(values: np.ndarray, step: float, out: np.ndarray) -> None:
    """Convert stored values to coordinates, in place: `out` is a (T, J, C) float32 view."""
    values = values.reshape(out.shape)
    if values.dtype == np.float32:
        out[...] = values
    else:
        # A lookup table of all 65,536 values does scaling and missing values in one pass.
        out[...] = _table(step)[values.view(np.uint16)]


@lru_cache(maxsize=16)
def _table(step: float) -> np.ndarray:
    table = np.arange(65_536, dtype=np.uint16).view(np.int16) * np.float32(step)
    table[np.uint16(MISSING + 65_536)] = np.nan
    return table
