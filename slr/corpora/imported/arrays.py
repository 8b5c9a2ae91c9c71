"""Plain arrays: a CSV that lists one `.npy` or `.npz` per clip, (T, J, C), and a skeleton that names the joints.

The CSV is that of recordings (`slr.corpora.folder`): `path` and `gloss`, optionally `signer`, `split`, `glosses`. An
`.npz` contains one array, or one named `landmarks`, or several named after the skeleton's parts (`pose`, `left_hand`,
...), of which some may be absent. Arrays may be flat, (T, J x C), and have an axis of one person. Flat vectors of
MediaPipe Holistic often have four numbers for each joint of the pose, with the visibility, and three for the others.
"""

from pathlib import Path

import numpy as np

from slr.corpora.imported.listed import scan_listed
from slr.corpora.imported.recordings import file_of, frames_of, read_arrays, required_skeleton, to_store
from slr.corpora.reading import Scan
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import ClipError
from slr.params import ImportedParams

SUFFIXES = (".npy", ".npz")
LAYOUT = "a CSV with the columns path,gloss that lists .npy or .npz files"
ARRAY = "landmarks"
"""The array that is read from an `.npz` with several."""


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """The skeleton in the settings; raises ParamsError without one."""
    return required_skeleton(root, settings, "arrays")


def scan(root: str | Path, annotations: str | list[str] | None = None, *, workers: int = 0) -> Scan:
    """The clips of the CSV, named after their files; see `slr.corpora.imported.listed.scan_listed`."""
    return scan_listed(root, annotations, SUFFIXES, LAYOUT, workers)


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One recording; raises ClipError if the file can't be read or its array isn't (T, J, C)."""
    path = file_of(root, media)
    found = read_arrays(path)
    skeleton = joints(root, settings)
    parts = {name: array for name, array in found.items() if name in skeleton.parts}
    if len(found) == 1 and not (parts and len(skeleton.parts) > 1):
        values = _whole(next(iter(found.values())), skeleton, path.name)
    elif ARRAY in found:
        values = _whole(found[ARRAY], skeleton, path.name)
    elif parts:
        values = _joined(parts, skeleton, path.name)
    else:
        raise ClipError(f"{path.name} holds the arrays {', '.join(sorted(found)) or '(none)'}; keep one, or call the "
                        f"one with the landmarks '{ARRAY}', or those of the parts {', '.join(skeleton.parts)}")
    coordinates, size = to_store(values, skeleton, settings, y_up=settings.y_axis == "up")
    return ClipLandmarks(media, settings.fps, *size, coordinates)


def _whole(array: np.ndarray, skeleton: Skeleton, name: str) -> np.ndarray:
    """(T, J, C) of all joints."""
    channels = {part: 4 if part == "pose" else 3 for part in skeleton.parts}
    widths = [len(joints) * channels[part] for part, joints in skeleton.parts.items()]
    if array.ndim != 2 or len(set(channels.values())) == 1 or array.shape[1] != sum(widths):
        return frames_of(array, len(skeleton), f"the array in {name}")
    pieces = np.split(array, np.cumsum(widths)[:-1], axis=1)
    return _joined(dict(zip(skeleton.parts, pieces, strict=True)), skeleton, name)


def _joined(parts: dict[str, np.ndarray], skeleton: Skeleton, name: str) -> np.ndarray:
    """(T, J, C) of all joints from the parts' arrays; NaN for absent ones, and without what only some parts have."""
    arrays = {part: frames_of(array, len(skeleton.parts[part]), f"'{part}' in {name}") for part, array in parts.items()}
    if len({len(array) for array in arrays.values()}) > 1:
        raise ClipError(f"the arrays of {name} differ in length: " +
                        ", ".join(f"{part} {len(array)}" for part, array in arrays.items()))
    n_frames, n_channels = len(next(iter(arrays.values()))), min(array.shape[2] for array in arrays.values())
    values = np.full((n_frames, len(skeleton), n_channels), np.nan, np.float32)
    for part, array in arrays.items():
        values[:, skeleton.part_slices[part]] = array[..., :n_channels]
    return values
