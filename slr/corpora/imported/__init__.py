"""Corpora that come as landmarks, without video: one module per format.

Besides `scan` and `LAYOUT`, which every reader has (`slr.corpora.reading`), each module has:

- `joints(root, settings) -> Skeleton`: of all its recordings.
- `load(root, media, settings) -> ClipLandmarks`: one recording, whole; its `clip_id` is the media. Raises ClipError or
  CorpusError with the reason if it can't be used.

`media` in the manifest is a landmark file below the corpus root; where one file holds many recordings, `#` and the
recording's number follow: `clips.parquet#12`. `slr.landmarks.importing` cuts clips out of recordings and writes them to
the landmark store.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from slr.errors import ClipError, CorpusError
from slr.files import inside

FORMATS = ("isl_kinect",)
"""The formats, as `corpus.name` gives them, and the modules here."""


def is_imported(name: str) -> bool:
    """Whether the corpus of that name comes as landmarks."""
    return name in FORMATS


def landmark_format(name: str) -> ModuleType:
    """The module of a format; raises CorpusError for a name that isn't one."""
    if not is_imported(name):
        raise CorpusError(f"corpus '{name}' doesn't come as landmarks; those that do: {', '.join(FORMATS)}")
    return import_module(f"{__name__}.{name}")


def place(root: str | Path, media: str) -> tuple[Path, int]:
    """The file of a `media` like `clips.parquet#12`, and the number of the recording in it.

    Raises
    ------
    ClipError
        If there is no number, or no such file.
    CorpusError
        If the path leaves the root.
    """
    name, _, number = media.rpartition("#")
    path = inside(root, name)
    if not (name and number.isdecimal() and path.is_file()):
        raise ClipError(f"there is no file '{name or media}' in {root}")
    return path, int(number)


def same_file(path: Path) -> tuple[str, int, int]:
    """What stays the same as long as a file does: the key under which its content may be kept in memory."""
    status = path.stat()
    return str(path), status.st_mtime_ns, status.st_size
