"""Common code of the formats: locating recordings, reading arrays, conversion to the landmark store's units."""

import zipfile
from pathlib import Path

import numpy as np

from slr.corpora.imported.units import from_normalised
from slr.corpora.reading import is_count
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ClipError, ParamsError
from slr.io.files import inside
from slr.params import ImportedParams

_LARGEST, _MOST_PACKED = 1 << 28, 50
"""Bytes of arrays in a file that aren't looked at twice, and how many times larger than the file others may be."""


def place(root: str | Path, media: str) -> tuple[Path, int]:
    """The file of a `media` such as `clips.parquet#12`, and the recording's number in it.

    Raises
    ------
    ClipError
        If there is no number, or the file doesn't exist.
    CorpusError
        If the path leaves the root.
    """
    name, _, number = media.rpartition("#")
    path = inside(root, name)
    if not (name and is_count(number) and path.is_file()):
        raise ClipError(f"there is no file '{name or media}' in {root}")
    return path, int(number)


def file_of(root: str | Path, media: str) -> Path:
    """The file of a `media` that is a single recording; errors as for `place`."""
    path = inside(root, media)
    if not path.is_file():
        raise ClipError(f"there is no file '{media}' in {root}")
    return path


def same_file(path: Path) -> tuple[str, int, int]:
    """Cache key of a file's content, which changes with the file."""
    status = path.stat()
    return str(path), status.st_mtime_ns, status.st_size


def chosen_skeleton(root: str | Path, settings: ImportedParams) -> Skeleton | None:
    """The skeleton in `corpus.imported.skeleton`: a known one, or one from a file below the corpus root.

    Raises
    ------
    ParamsError
        If the name isn't known, or the file can't be used.
    CorpusError
        If the file isn't below the root.
    """
    name = settings.skeleton
    if name is None or Path(name).suffix == "":
        return None if name is None else skeleton(name)
    return skeleton(inside(root, name))


def required_skeleton(root: str | Path, settings: ImportedParams, kind: str) -> Skeleton:
    """The skeleton in the settings, for formats that don't define one; raises ParamsError without one."""
    chosen = chosen_skeleton(root, settings)
    if chosen is None:
        raise ParamsError(f"{kind} don't say what their joints are; set corpus.imported.skeleton to the name of a "
                          "skeleton, or to a YAML or JSON file below the corpus root that defines one")
    return chosen


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz`, or the one of an `.npy` under the name ``; pickled objects are never loaded.

    Raises
    ------
    ClipError
        If the file is neither, is truncated, or contains pickled objects.
    """
    try:
        _require_size(path)
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except Exception as error:  # numpy and zipfile raise arbitrary errors for invalid bytes, such as TokenError
        raise ClipError(f"{path.name} can't be read as arrays ({' '.join(str(error).split())}); write it with np.save "
                        "or np.savez, as numbers and without pickled objects") from None


def _require_size(path: Path) -> None:
    """Raise ValueError for arrays that are far larger than their file: few bytes may be packed that fill the memory."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > _LARGEST and unpacked > _MOST_PACKED * path.stat().st_size:
        raise ValueError(f"{unpacked >> 20} MiB are packed in {path.stat().st_size >> 10} KiB")


def frames_of(array: np.ndarray, n_joints: int, what: str) -> np.ndarray:
    """The array as (T, n_joints, 2 to 4) float32.

    Parameters
    ----------
    array : ndarray
        Of this shape, or with the joints' channels one after the other (T, n_joints * C); and possibly with an axis of
        one person, anywhere.

    Raises
    ------
    ClipError
        If it has another shape, or doesn't hold numbers.
    """
    if array.dtype.kind not in "fiu":
        raise ClipError(f"{what} holds {array.dtype}, not numbers")
    one_person = [array.squeeze(axis) for axis, length in enumerate(array.shape) if length == 1]
    for shown in (array, *one_person):
        if shown.ndim == 2 and shown.shape[1] % n_joints == 0:
            shown = shown.reshape(len(shown), n_joints, -1)
        if shown.ndim == 3 and shown.shape[1] == n_joints and 2 <= shown.shape[2] <= 4:
            return shown.astype(np.float32)
    raise ClipError(f"{what} is {array.shape}, not (frames, {n_joints} joints, 2 to 4 channels), nor (frames, "
                    f"{n_joints} x channels), nor either with an axis of one person")


def to_store(values: np.ndarray, joints: Skeleton, settings: ImportedParams, *, size: tuple[int, int] | None = None,
             y_up: bool = False, missing: float | None = None) -> tuple[np.ndarray, tuple[int, int]]:
    """Coordinates in the landmark store's units.

    Parameters
    ----------
    values : array (T, J, C)
        x, y and optionally z and visibility, NaN or `missing` (or `settings.missing`) in x and y where a joint is
        missing.
    size : (width, height) in pixels, optional
        Frame size; default `settings.size`.
    y_up : bool
        Whether y points up, from the bottom of the image.

    Returns
    -------
    coordinates : ndarray (T, J, C) float32
        For an image skeleton: x and y in fractions of the frame, y down, z in widths; of normalised coordinates, of a
        square frame with the signer in its middle. NaN in all channels of a missing joint; if only z or visibility is
        NaN, it becomes 0.
    size : (width, height)
        (1, 1) if unknown: a square frame.

    Raises
    ------
    ClipError
        For pixels without a size.
    """
    coordinates = np.array(values, np.float32)
    gone = np.isnan(coordinates[..., :2]).any(-1)
    for value in {missing, settings.missing} - {None}:
        gone |= (coordinates[..., :2] == np.float32(value)).all(-1)
    coordinates[..., 2:] = np.nan_to_num(coordinates[..., 2:], nan=0, posinf=np.inf, neginf=-np.inf)
    size = size or settings.size
    if joints.space == "image":
        if settings.units == "pixel":
            if size is None:
                raise ClipError("coordinates in pixels need the size of the frames; set corpus.imported.size: "
                                "[WIDTH, HEIGHT]")
            coordinates[..., :2] /= np.array(size, np.float32)
            coordinates[..., 2:3] /= size[0]
        if settings.units == "normalised":
            from_normalised(coordinates)
            size = (1, 1)
        if y_up:
            coordinates[..., 1] = 1 - coordinates[..., 1]
    coordinates[gone] = np.nan
    return coordinates, size or (1, 1)
