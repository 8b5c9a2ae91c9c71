"""The installed MediaPipe: its version, its bundled models and graphs, and what it prints."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PRUNABLE = ("0.10.21", "9c5281caae9467664492002293828000")
"""Version and model hash of the MediaPipe whose graph is known: to `slr.extraction.pruned` and
`slr.extraction.persons`."""


@cache
def package() -> tuple[str, str]:
    """MediaPipe's version, and the MD5 of all its bundled models and graphs; without importing it."""
    from importlib.metadata import version
    from importlib.util import find_spec

    package = find_spec("mediapipe")
    assert package is not None and package.origin is not None
    modules = Path(package.origin).parent / "modules"
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(file for file in modules.rglob("*") if file.suffix in (".tflite", ".binarypb")):
        digest.update(file.relative_to(modules).as_posix().encode() + b"\0" + file.read_bytes())
    return version("mediapipe"), digest.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """Discard stderr, including that of native code."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
