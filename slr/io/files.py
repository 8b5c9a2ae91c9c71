"""Atomic writing of files, what counts as a file of a corpus, and paths that can't leave their root."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from slr.errors import CorpusError, SlrError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`; on success it is renamed to `path`, on failure it is removed.

    Works for a file and for a folder (which then replaces an existing folder).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent))
    temporary = holder / path.name
    try:
        yield temporary
        if temporary.is_dir() and path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(holder, ignore_errors=True)


@contextmanager
def temp_file_errors(what: str) -> Iterator[None]:
    """Turn an error of a temporary file into one with a remedy; raises SlrError for OSError."""
    try:
        yield
    except OSError as error:
        raise SlrError(f"the {what} can't be kept in {tempfile.gettempdir()} ({error.strerror}); make room, or set "
                       "TMPDIR to another folder") from None


@contextmanager
def disk_errors(stage: str, out: Path) -> Iterator[None]:
    """Turn a disk error into one with a remedy; raises SlrError for OSError."""
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else f"a file can't be used ({error})"
        raise SlrError(f"{stage}: {why} while making {out}; make room or repair it, and run again: finished clips are "
                       "kept") from error


def write_parquet(path: str | Path, rows: "pd.DataFrame", schema: "pa.Schema") -> None:
    """Write a table atomically; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(rows, schema, preserve_index=False).replace_schema_metadata(None)
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` to `path` as indented JSON with sorted keys, atomically.

    Raises
    ------
    ValueError
        If a number in it is not finite: NaN is neither valid JSON nor a metric.
    """
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def inside(root: str | Path, relative: str | Path) -> Path:
    """Join `relative` to `root`, refusing a path that leaves it (absolute, `..`, or through a link).

    Raises
    ------
    CorpusError
        If the path isn't inside `root`.
    """
    joined = Path(root) / relative
    if not joined.resolve().is_relative_to(Path(root).resolve()):
        raise CorpusError(f"path '{relative}' leaves the corpus root {root}; use a path below it")
    return joined


_JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information"})


def is_junk(path: str | PurePath) -> bool:
    """Whether a file, or a folder above it in `path`, is none of a corpus's: hidden (its name starts with `.`), put
    there by an operating system (`__MACOSX`, `Thumbs.db`, `desktop.ini`, `@eaDir`, ...), or Excel's lock (`~$`).

    `path` has to be relative to the corpus root, whose own folder may well be hidden.
    """
    return any((name.startswith((".", "~$")) and name != "..") or name.casefold() in _JUNK
               for name in PurePath(path).parts)


def entries(folder: str | Path, pattern: str = "*") -> list[Path]:
    """The files and folders below a folder that match a pattern (`*` for those in it, `**/*` for all), sorted.

    Those that `is_junk` are left out: no reader of a corpus sees them.
    """
    folder = Path(folder)
    return sorted(path for path in folder.glob(pattern) if not is_junk(path.relative_to(folder)))


def file_hash(path: str | Path) -> str:
    """MD5 of a file's bytes, or of the names and bytes of all files in a folder, as 32 hex digits.

    MD5 because it is DVC's hash: it identifies content and isn't meant for security.
    """
    path = Path(path)
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode() + b"\0")
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
