"""The landmark store: the landmarks of many clips in a few Parquet shards, small and fast to read.

One row per clip, one binary column per part of the skeleton: little-endian 16-bit integers (frames, joints, channels),
to be multiplied by the clip's `step`, where `MISSING` stands for a joint that was not found. docs/landmarks.md has the
format and how to read it without this module.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from slr.dataset.shards import Shards, with_clip, write_shards
from slr.errors import CorpusError, ParamsError
from slr.files import atomic_path
from slr.skeleton import BUILT_IN, Skeleton, define, skeleton

CHANNELS = ("x", "y", "z", "visibility")
MISSING = -32768
STEP = 2.0**-14
"""Unit of the stored integers, in frame widths or heights: they reach to 2 and err by at most 3e-5."""
MAX_ERROR = 1e-4
"""Largest error that rounding may make; a clip that needs more is stored as float32."""
COMPRESSION = "lz4"


@dataclass(frozen=True, eq=False)
class ClipLandmarks:
    """The landmarks of one clip of T frames.

    Attributes
    ----------
    clip_id : str
    fps : float
        Mean rate of these frames.
    width, height : int
        Of the frames, in pixels.
    coordinates : ndarray, (T, J, C) float32
        Channels x, y, z, visibility, in the space of the skeleton; NaN where a joint was not found.
    timestamps_s : ndarray, (T,) float64
        Seconds since the first frame of the file; by default at a constant `fps` from 0.
    frame_numbers : ndarray, (T,) int32
        Number of each frame in the file, the unit of a manifest's segments; by default 0, 1, ...
    """

    clip_id: str
    fps: float
    width: int
    height: int
    coordinates: np.ndarray
    timestamps_s: np.ndarray | None = None
    frame_numbers: np.ndarray | None = None

    def __post_init__(self) -> None:
        numbers = np.arange(len(self.coordinates), dtype=np.int32)
        if self.timestamps_s is None:
            object.__setattr__(self, "timestamps_s", numbers / self.fps)
        if self.frame_numbers is None:
            object.__setattr__(self, "frame_numbers", numbers)

    def __len__(self) -> int:
        return len(self.coordinates)

    @property
    def mask(self) -> np.ndarray:
        """(T, J) bool: which joints were found."""
        return ~np.isnan(self.coordinates[..., 0])


def schema(joints: Skeleton) -> pa.Schema:
    """The columns of a store of this skeleton; raises ParamsError if a part has the name of another column."""
    columns = pa.schema([
        ("clip_id", pa.string()), ("fps", pa.float64()), ("width", pa.int32()), ("height", pa.int32()),
        ("n_frames", pa.int32()),
        ("timestamps_s", pa.binary()),  # <f8
        ("frame_numbers", pa.binary()),  # <i4
        ("dtype", pa.string()),  # of the parts: <i2, or <f4 (then step is 1 and missing is NaN)
        ("step", pa.float64()),
        *((part, pa.binary()) for part in joints.parts),
    ])
    if taken := [part for part in joints.parts if columns.get_field_index(part) < 0]:
        raise ParamsError(f"skeleton '{joints.name}': a part can't be called '{taken[0]}', which is a column of the "
                          "store; rename the part")
    return columns


def encode(clip: ClipLandmarks, joints: Skeleton) -> pa.Table:
    """The clip's row of the store; raises ValueError if its coordinates don't fit the skeleton."""
    if clip.coordinates.ndim != 3 or clip.coordinates.shape[1] != len(joints):
        raise ValueError(f"clip '{clip.clip_id}': coordinates {clip.coordinates.shape} are not (T, {len(joints)}, C)")
    coordinates = clip.coordinates.astype(np.float32)
    step = _step(float(np.nanmax(np.abs(coordinates), initial=0)))
    if step is None:
        dtype, step = "<f4", 1.0
        values = coordinates.astype(dtype)
    else:
        dtype = "<i2"
        values = np.where(np.isnan(coordinates), MISSING, np.rint(coordinates / step)).astype(dtype)
    row = {
        "clip_id": clip.clip_id, "fps": clip.fps, "width": clip.width, "height": clip.height, "n_frames": len(clip),
        "timestamps_s": clip.timestamps_s.astype("<f8").tobytes(),
        "frame_numbers": clip.frame_numbers.astype("<i4").tobytes(),
        "dtype": dtype, "step": step,
        **{part: values[:, where].tobytes() for part, where in joints.part_slices.items()},
    }
    table = pa.Table.from_pylist([row], schema(joints))
    return with_clip(table, {"clip_id": clip.clip_id, "n_frames": len(clip)})


def decode(row: dict[str, Any], joints: Skeleton, channels: int = len(CHANNELS)) -> ClipLandmarks:
    """The clip of one row of the store: what `encode` got, but for rounding."""
    coordinates = np.empty((row["n_frames"], len(joints), channels), np.float32)
    for part, where in joints.part_slices.items():
        _decode(np.frombuffer(row[part], row["dtype"]), row["step"], coordinates[:, where])
    return ClipLandmarks(row["clip_id"], row["fps"], row["width"], row["height"], coordinates,
                         np.frombuffer(row["timestamps_s"], "<f8"), np.frombuffer(row["frame_numbers"], "<i4"))


def rounded(coordinates: np.ndarray, largest: float) -> np.ndarray:
    """Coordinates (..., C) float32 as the store would give them back.

    Parameters
    ----------
    coordinates : ndarray
        Some of a clip's.
    largest : float
        Absolute value of the largest of all the clip's coordinates.
    """
    step = _step(largest)
    return coordinates if step is None else np.rint(coordinates / step) * np.float32(step)


def _step(largest: float) -> float | None:
    """Unit of the stored integers of a clip; None for one that is stored as float32."""
    step = max(STEP, largest / -(MISSING + 1))
    return step if step / 2 < MAX_ERROR else None


def write_store(folder: str | Path, clips: Iterable[ClipLandmarks], joints: Skeleton, *,
                metadata: dict[str, Any] | None = None, channels: Sequence[str] = CHANNELS,
                clips_per_shard: int = 256) -> None:
    """Write a landmark store, replacing what was in the folder, in one step.

    Parameters
    ----------
    clips : iterable of ClipLandmarks
        In the order in which they are kept; clip ids differ.
    joints : Skeleton
        The store keeps its name, and all of it where it is a user's own.
    metadata : dict, optional
        JSON-ready: `extractor` (name, version, model hash, settings), `frames` (their parameters), ...
    channels : sequence of str
        Names of the last axis.
    """
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        write_rows(temporary, (encode(clip, joints) for clip in clips), joints, metadata=metadata or {},
                   channels=channels, clips_per_shard=clips_per_shard)


def write_rows(folder: Path, rows: Iterable[pa.Table], joints: Skeleton, *, metadata: dict[str, Any],
               channels: Sequence[str] = CHANNELS, clips_per_shard: int = 256) -> None:
    """Write rows from `encode` as the shards of a store, into an existing folder."""
    own = {} if joints.name in BUILT_IN else {"skeleton_definition": joints.definition()}
    write_shards(folder, rows, schema(joints), clips_per_shard=clips_per_shard, compression=COMPRESSION,
                 metadata={**metadata, **own, "skeleton": joints.name, "channels": list(channels)})


class LandmarkStore:
    """A landmark store, opened for reading.

    >>> store = LandmarkStore("data/landmarks")
    >>> store["circle_01"].coordinates.shape
    (34, 553, 4)
    >>> coordinates, offsets = store.load(parts=("pose", "left_hand", "right_hand"))

    Raises
    ------
    CorpusError
        If the folder holds no landmarks, or has no clip of the id asked for.
    """

    def __init__(self, folder: str | Path):
        self._shards = Shards(folder)
        self.skeleton = skeleton_of(self.metadata)

    @property
    def metadata(self) -> dict[str, Any]:
        """How the landmarks were made: `skeleton`, `channels`, `extractor`, `frames`; of a user's own skeleton also its
        `skeleton_definition`."""
        return self._shards.metadata

    @property
    def clip_ids(self) -> list[str]:
        """In the order of storage: sorted, where the pipeline wrote them."""
        return list(self._shards.clips)

    @property
    def n_frames(self) -> dict[str, int]:
        """Frames of each clip, without reading it."""
        return {clip_id: clip["n_frames"] for clip_id, clip in self._shards.clips.items()}

    def sizes(self, clip_ids: Iterable[str]) -> np.ndarray:
        """(clips, 2) int32: width and height of the frames of each clip, in pixels."""
        tables = self._shards.read_many(list(clip_ids), ["width", "height"])
        return np.concatenate([np.empty((0, 2), np.int32),
                               *(np.stack([t.column("width"), t.column("height")], 1) for t in tables)])

    def __len__(self) -> int:
        return len(self._shards.clips)

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._shards.clips

    def require(self, clip_id: str) -> None:
        """Raise CorpusError if there is no such clip, for a user who may have named a clip or a file: with like ids."""
        if clip_id not in self:
            near = difflib.get_close_matches(clip_id, self.clip_ids, n=3, cutoff=0.3)
            raise CorpusError(f"there is no clip '{clip_id}' in {self._shards.folder}, and no such file; "
                              f"the nearest ids: {', '.join(near or self.clip_ids[:3])}")

    def __iter__(self) -> Iterator[ClipLandmarks]:
        return (self[clip_id] for clip_id in self._shards.clips)

    def __getitem__(self, clip_id: str) -> ClipLandmarks:
        row = self._shards.read(clip_id).to_pylist()[0]
        return decode(row, self.skeleton, len(self.metadata["channels"]))

    def fps(self, clip_id: str) -> float:
        """Frames a second of a clip; reads no coordinates."""
        return self._shards.read(clip_id, ["fps"]).column("fps")[0].as_py()

    def frame_numbers(self, clip_id: str) -> np.ndarray:
        """(T,) int32: number of each of the clip's frames in its file; reads no coordinates."""
        return np.frombuffer(self._shards.read(clip_id, ["frame_numbers"]).column("frame_numbers")[0].as_py(), "<i4")

    def load(self, clip_ids: Iterable[str] | None = None,
             parts: Sequence[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Many clips as one array, frame after frame.

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
    """The skeleton of a store's metadata; a user's own is known by its name from then on."""
    own = metadata.get("skeleton_definition")
    return skeleton(metadata["skeleton"]) if own is None else define(own, "the landmarks' skeleton")


def _slices(joints: Skeleton, parts: Iterable[str]) -> dict[str, slice]:
    """Where the joints of these parts go in an array that holds no others."""
    slices, start = {}, 0
    for part in parts:
        slices[part] = slice(start, start + len(joints.parts[part]))
        start += len(joints.parts[part])
    return slices


def _decode(values: np.ndarray, step: float, out: np.ndarray) -> None:
    """Turn stored values into coordinates, in place: `out` is a (T, J, C) float32 view."""
    values = values.reshape(out.shape)
    if values.dtype == np.float32:
        out[...] = values
    else:
        # A table of all 65,536 values does the product and the missing ones in one pass.
        out[...] = _table(step)[values.view(np.uint16)]


@lru_cache(maxsize=16)
def _table(step: float) -> np.ndarray:
    table = np.arange(65_536, dtype=np.uint16).view(np.int16) * np.float32(step)
    table[np.uint16(MISSING + 65_536)] = np.nan
    return table
