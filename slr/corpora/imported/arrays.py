"""Plain arrays: a CSV that lists one `.npy` or `.npz` per clip, (T, J, C), and a skeleton that names the joints.

The CSV is that of recordings (`slr.corpora.folder`): `path` and `gloss`, optionally `signer`, `split`, `glosses`. An
`.npz` contains one array, or one named `landmarks`.
"""

from pathlib import Path

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
    array = found.get(ARRAY) if len(found) > 1 else next(iter(found.values()), None)
    if array is None:
        raise ClipError(f"{path.name} holds the arrays {', '.join(sorted(found)) or '(none)'}; keep one, or call the "
                        f"one with the landmarks '{ARRAY}'")
    skeleton = joints(root, settings)
    coordinates, size = to_store(frames_of(array, len(skeleton), f"the array in {path.name}"), skeleton, settings,
                                 y_up=settings.y_axis == "up")
    return ClipLandmarks(media, settings.fps, *size, coordinates)
