"""A corpus folder in one of the layouts that people have, and how it has to be read."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from slr.io.video import write_video

VIDEO = b"a video"
"""Stands for a video of eight seconds, ten frames a second."""


class Clip(NamedTuple):
    """What the manifest has to say of a clip: its glosses separated by `|`, and its frames if it is part of a file."""

    glosses: str
    signer: str | None = None
    split: str | None = None
    frames: tuple[int, int | None] | None = None


@dataclass(frozen=True)
class Case:
    """A folder, how `slr use` is told to read it, and the right answer.

    Attributes
    ----------
    kind : str
        What is peculiar about it.
    files : dict of str to str, bytes or None
        Content by path: None for an empty file, which is enough where nothing is decoded, or VIDEO.
    clips : dict of str to Clip
        By id; all of them.
    problems : tuple of str
        The kinds of problems that reading it names, sorted.
    told, error : str
        Regular expressions for what `slr use` says, or for the message with which it refuses the folder.
    checked : dict of str to str
        Regular expressions for the reasons of some kinds of problems that `slr check` finds.
    corpus : str
        The reader.
    options : dict
        Further arguments of `use_folder` or `use_published`; paths are below the project's folder, the corpus is in
        `rec`.
    """

    kind: str
    files: Mapping[str, str | bytes | None]
    clips: Mapping[str, Clip] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    told: str = ""
    error: str = ""
    checked: Mapping[str, str] = field(default_factory=dict)
    corpus: str = "folder"
    options: Mapping[str, Any] = field(default_factory=dict)
    root: str = "rec"


@lru_cache(maxsize=1)
def video() -> bytes:
    """What VIDEO stands for."""
    with tempfile.TemporaryDirectory() as folder:
        frames = [np.full((32, 32, 3), number, np.uint8) for number in range(80)]
        write_video(Path(folder) / "a.mp4", frames, fps=10)
        return (Path(folder) / "a.mp4").read_bytes()
