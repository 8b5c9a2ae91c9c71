"""Where the file of a list's line is: below the root, as it is spelt on disk."""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from slr.corpora.problems import Problem
from slr.corpora.reading import is_image_folder
from slr.errors import CorpusError
from slr.io.files import entries, inside, is_junk

_MOST_FOLDERS = 20
"""Folders below the root that a file is looked for in; with more they are glosses or signers, and a list names them."""


class LineError(Exception):
    """The error of one line: kind, reason, remedy."""

    def problem(self, where: str) -> Problem:
        kind, reason, way_out = self.args
        return Problem(where, kind, "error", reason, way_out)


def start_folders(root: Path, annotations: Path) -> tuple[str | None, list[str]]:
    """Where paths of a list that aren't in the root may start: in its own folder, or in one folder below the root."""
    beside = annotations.resolve().parent
    own = beside.relative_to(root.resolve()).as_posix() if beside.is_relative_to(root.resolve()) else None
    below = [entry.name for entry in entries(root) if entry.is_dir()]
    return own, below if len(below) <= _MOST_FOLDERS else []


def listed_media(root: Path, folders: tuple[str | None, Sequence[str]], path: str, frames: Sequence[str]) -> str:
    """The path below the root as spelt on disk: `é` may be one character or two, and a list from Windows has
    backslashes.

    Parameters
    ----------
    folders : (str or None, sequence of str)
        `start_folders`: a path that isn't in the root is looked for in the list's own, then in the others.
    path : str
        As listed.
    frames : sequence of str
        Suffixes of the files that make a folder a clip.

    Raises
    ------
    LineError
        If there is no such file, or one in several of the folders.
    CorpusError
        If it lies outside the root.
    """
    slashes = path.replace("\\", "/")
    spellings = (path, *(unicodedata.normalize(form, slashes) for form in ("NFC", "NFD")))
    own, below = folders
    outside: CorpusError | None = None
    found: set[str] = set()
    try:
        for places in ([""], [] if own is None else [own], below if ".." not in Path(slashes).parts else []):
            try:
                found = {media for place in places for spelling in spellings
                         if (media := _media(root, place, spelling, frames)) is not None}
            except CorpusError as error:
                outside = outside or error
            if found:
                break
        is_folder = outside is None and (root / slashes).is_dir()
        is_hidden = outside is None and is_junk(slashes) and (root / slashes).exists()
    except (OSError, ValueError) as error:  # an impossible file name: too long, a null character
        raise LineError("missing-file", f"there can't be a file '{path[:60]}...' ({type(error).__name__})",
                        "correct the path: the name is too long, or holds a null character") from None
    files = {(stat.st_dev, stat.st_ino) for stat in (os.stat(root / media) for media in found)}  # one by many names
    if len(files) == 1:
        return min(found)
    if found:
        raise LineError("missing-file", f"'{path}' may be any of {', '.join(sorted(found))}",
                        "write the path from the root on")
    if outside is not None:
        raise outside
    if is_hidden:
        raise LineError("missing-file", f"'{path}' is hidden, or put there by an operating system",
                        "remove the line, or rename the file if it is a clip")
    if is_folder:
        raise LineError("missing-file", f"folder '{path}' holds no frames ({', '.join(frames)})",
                        "give the path of a file, or of a folder of frames")
    raise LineError("missing-file", f"there is no file '{path}' in {root}",
                    "correct the path (upper and lower case count), or remove the line")


def _media(root: Path, place: str, path: str, frames: Sequence[str]) -> str | None:
    """The path below the root of a listed file or folder of frames, if it is there; `place` is where it starts."""
    if os.path.isabs(path) and place:
        return None
    (root / place / path).exists()  # raises OSError for a name that is too long
    media = inside(root, Path(place, path))
    if os.path.isabs(path):
        below = os.path.relpath(os.path.join(os.path.realpath(media.parent), media.name), os.path.realpath(root))
    else:
        below = os.path.normpath(os.path.join(place, path))
    return below if not is_junk(below) and (media.is_file() or is_image_folder(media, frames)) else None
