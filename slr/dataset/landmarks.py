"""The format of the landmark store, a few Parquet shards that are small and fast to read, and writing it.

One row per clip, one binary column per part of the skeleton: little-endian 16-bit integers (frames, joints, channels),
multiplied by the clip's `step`, where `MISSING` marks a joint that was not found. docs/landmarks.md documents the
format and how to read it by other means, `slr.dataset.landmark_store` reads it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from slr.dataset.skeleton import BUILT_IN, Skeleton
from slr.errors import ClipError, ParamsError
from slr.io.files import atomic_path
from slr.io.shards import with_clip, write_shards

CHANNELS = ("x", "y", "z", "visibility")
MISSING = -32768
STEP = 2.0**-14
"""Unit of the stored integers, in frame widths or heights: range up to 2, error at most 3e-5."""
MAX_ERROR = 1e-4
"""Largest permitted rounding error; a clip that exceeds it is stored as float32."""
NARROW = 1 / 16
"""A clip whose x and y span less than this is stored as float32: its hands would be a few steps wide."""
COMPRESSION = "lz4"


@dataclass(frozen=True, eq=False)
class ClipLandmarks:
    """The landmarks of one clip of T frames.

    Attributes
    ----------
    clip_id : str
    fps : float
        Mean frame rate.
    width, height : int
        Frame size in pixels.
    coordinates : ndarray, (T, J, C) float32
        Channels x, y, z, visibility, in the space of the skeleton; NaN where a joint was not found.
    timestamps_s : ndarray, (T,) float64
        Media time: seconds since the start of the file (`slr.io.video.clock`); by default at a constant `fps` from 0.
    frame_numbers : ndarray, (T,) int32
        Number of each frame in the file, the unit of a manifest's segments; by default 0, 1, ...
    """

    clip_id: str
    fps: float
    width: int
    height: int
    coordinates: np.ndarray
    timestamps_s: np.ndarray = None  # type: ignore[assignment]  # set below if omitted
    frame_numbers: np.ndarray = None  # type: ignore[assignment]

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
        """Presence mask (T, J) bool: which joints were found."""
        return ~np.isnan(self.coordinates[..., 0])

    def part(self, where: slice) -> "ClipLandmarks":
        """Some of its frames, with their times and numbers."""
        return replace(self, coordinates=self.coordinates[where], timestamps_s=self.timestamps_s[where],
                       frame_numbers=self.frame_numbers[where])


@dataclass(frozen=True)
class Extent:
    """Extent of a clip's coordinates, which decides how the store rounds them.

    Attributes
    ----------
    largest : float
        Largest absolute value in any channel; 0 if no joint was found.
    low, high : (float, float)
        Least and largest x and y; infinite if no joint was found.
    """

    largest: float = 0.0
    low: tuple[float, ...] = (np.inf, np.inf)
    high: tuple[float, ...] = (-np.inf, -np.inf)

    @classmethod
    def of(cls, coordinates: np.ndarray) -> Self:
        """The extent of coordinates (..., J, C), NaN where missing."""
        places = coordinates[..., :2].reshape(-1, 2)
        low, high = np.nanmin(places, 0, initial=np.inf), np.nanmax(places, 0, initial=-np.inf)
        return cls(float(np.nanmax(np.abs(coordinates), initial=0)), tuple(low.tolist()), tuple(high.tolist()))

    def __or__(self, other: Self) -> Self:
        """The extent of both."""
        return type(self)(max(self.largest, other.largest), tuple(map(min, self.low, other.low)),
                          tuple(map(max, self.high, other.high)))

    @property
    def span(self) -> float:
        """The wider of the ranges of x and y; negative if no joint was found."""
        return max(high - low for low, high in zip(self.low, self.high, strict=True))

    @property
    def step(self) -> float | None:
        """Unit of the stored integers; None if the clip is stored as float32."""
        step = max(STEP, self.largest / -(MISSING + 1))
        return None if 0 <= self.span < NARROW or step / 2 >= MAX_ERROR else step


def schema(joints: Skeleton) -> pa.Schema:
    """The columns of a store of this skeleton; raises ParamsError if a part is named like another column."""
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
    step = Extent.of(coordinates).step
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


def rounded(coordinates: np.ndarray, extent: Extent) -> np.ndarray:
    """Some coordinates (..., C) float32 of a clip of that extent, rounded as by the store."""
    step = extent.step
    return coordinates if step is None else np.rint(coordinates / step) * np.float32(step)


def write_store(folder: str | Path, clips: Iterable[ClipLandmarks], joints: Skeleton, *,
                metadata: dict[str, Any] | None = None, channels: Sequence[str] = CHANNELS,
                clips_per_shard: int = 256) -> None:
    """Write a landmark store atomically, replacing the folder's content.

    Parameters
    ----------
    clips : iterable of ClipLandmarks
        In storage order; clip ids must be unique.
    joints : Skeleton
        The store records its name, and for a user's own skeleton its definition.
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


def without_empty_ends(clip: ClipLandmarks) -> ClipLandmarks:
    """The clip from the first to the last frame with a joint: padding, or a signer who isn't there yet, is no sign."""
    found = np.flatnonzero(clip.mask.any(1))
    return clip.part(slice(found[0], found[-1] + 1)) if len(found) else clip


def check_landmarks(clip: ClipLandmarks, joints: Skeleton, channels: int | None = None) -> None:
    """Raise ClipError for landmarks that are useless for training, or that a store of `channels` can't hold."""
    shape = clip.coordinates.shape
    if len(shape) != 3 or shape[1] != len(joints):
        raise ClipError(f"an array {shape} is not (frames, {len(joints)} joints of '{joints.name}', channels)")
    if not shape[0]:
        raise ClipError("it has no frames")
    if not 2 <= shape[2] <= len(CHANNELS) or shape[2] != (channels or shape[2]):
        raise ClipError(f"{shape[2]} channels, where {channels or f'2 to {len(CHANNELS)}'} are expected "
                        f"({', '.join(CHANNELS[:channels])})")
    if np.isinf(clip.coordinates).any():
        raise ClipError("infinite coordinates")
    if not clip.mask.any():
        raise ClipError(f"no joint was found in any of its {shape[0]} frames")
