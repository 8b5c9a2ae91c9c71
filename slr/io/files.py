"""Files that a user names: the one place that opens them, that refuses impossible outputs, and that writes atomically.

Also what counts as a file of a corpus, and paths that can't leave their root.
"""

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from slr.errors import CorpusError, SlrError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MOST_NESTED = 100
"""Blocks within blocks of a YAML file."""


def read_named(path: str | Path, error: type[SlrError] = SlrError, way_out: str = "correct the path",
               size: int | None = None) -> bytes:
    """The bytes of a file that a user names.

    Parameters
    ----------
    path : path
    error : type
        Error to raise.
    way_out : str
        End of its message.
    size : int, optional
        Only the first so many bytes.

    Raises
    ------
    SlrError
        Of the type `error`, if there is no such file, it is a folder or a device, or it can't be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise error(f"{path} is {'a folder' if Path(path).is_dir() else 'a device'}, not a file; {way_out}")
        with open(path, "rb") as file:
            return file.read(size)
    except (OSError, ValueError) as problem:  # ValueError: a name with a null byte
        raise error(f"{path} can't be read ({reason(problem)}); {way_out}") from None


def read_named_text(path: str | Path, error: type[SlrError] = SlrError, way_out: str = "correct the path") -> str:
    """The text (UTF-8, with or without a BOM) of a file that a user names; raises as `read_named`, also for other
    encodings."""
    try:
        return read_named(path, error, way_out).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"{path} can't be read (it is not UTF-8 text: byte {problem.start}); save it as UTF-8, or "
                    f"{way_out}") from None


def parse_json(text: str | bytes) -> Any:
    """The content of a JSON text; raises ValueError also if it is nested too deep, or isn't UTF-8."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def parse_yaml(text: str) -> Any:
    """The content of a YAML text.

    Raises
    ------
    ValueError
        If it isn't valid YAML, or has more than `MOST_NESTED` blocks within each other.
    """
    import yaml

    depth = 0
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):  # libyaml's composer has no limit, and crashes
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MOST_NESTED:
                raise ValueError(f"nested more than {MOST_NESTED} times")
        return yaml.load(text, yaml.CSafeLoader)
    except (yaml.YAMLError, LookupError, TypeError, AttributeError) as error:  # of a tag that doesn't fit: !!bool x
        raise ValueError(str(error)) from None


def reason(problem: Exception) -> str:
    """Why the system refused something, in words."""
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem) or type(problem).__name__


def output_file(path: str | Path, suffixes: Collection[str] = (), what: str = "the output") -> Path:
    """The path of a file that a user asks for, if it can be written: to be called before the work.

    Parameters
    ----------
    path : path
    suffixes : collection of str
        The possible endings, in lower case; by default any.
    what : str
        What is to be written, for messages.

    Raises
    ------
    SlrError
        If its name has another suffix, it is a folder or a device, or no file can be made in its folder.
    """
    path = Path(path)
    if suffixes and path.suffix.lower() not in suffixes:
        raise SlrError(f"{path}: can't write '{path.suffix}'; choose {' or '.join(suffixes)} for {what}")
    try:
        kind = os.stat(path).st_mode if os.path.exists(path) else stat.S_IFREG
        if not stat.S_ISREG(kind):
            raise SlrError(f"{path} is {'a folder' if stat.S_ISDIR(kind) else 'a device'}, where {what} is to be a "
                           "file; choose another name")
        _try_writing(path)
    except (OSError, ValueError) as problem:
        raise SlrError(f"{path} can't be written ({reason(problem)}); choose another place, or make room") from None
    return path


def output_folder(path: str | Path, replaced: Collection[str] = ()) -> Path:
    """The path of a folder that a user asks for, if it can be made: to be called before the work.

    Parameters
    ----------
    path : path
    replaced : collection of str
        Names of files by which an earlier output of the same kind is known: such a folder may be there already.

    Raises
    ------
    CorpusError
        If something else is there already, other than an empty folder.
    SlrError
        If it can't be made.
    """
    path = Path(path)
    try:
        if os.path.lexists(path) and not (path.is_dir() and (not any(path.iterdir()) or replaced and all(
                (path / name).is_file() for name in replaced))):
            raise CorpusError(f"{path} is there already; choose a new folder, or empty it")
        _try_writing(path)
    except (OSError, ValueError) as problem:
        raise SlrError(f"{path} can't be written ({reason(problem)}); choose another place, or make room") from None
    return path


def _try_writing(path: Path) -> None:
    """Make and remove a file of this name in the nearest folder that exists; raises OSError where that can't be."""
    folder = next(parent for parent in Path(os.path.abspath(path)).parents if os.path.lexists(parent))
    holder = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=folder))
    try:
        (holder / path.name).touch()
    finally:
        shutil.rmtree(holder, ignore_errors=True)


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
    """The content of a JSON file; raises OSError, or ValueError for anything else."""
    return parse_json(Path(path).read_text(encoding="utf-8"))


def read_parquet(path: str | Path, schema: "pa.Schema", missing: str) -> "pa.Table":
    """The table in a file of the pipeline.

    Parameters
    ----------
    path : path
    schema : pyarrow.Schema
        The columns.
    missing : str
        Message if there is no such file.

    Raises
    ------
    CorpusError
        If there is no such file, or something else in its place.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not Path(path).exists():
        raise CorpusError(missing)
    if not Path(path).is_file():
        raise CorpusError(f"{path} is not a file; remove it, and run `dvc repro`")
    try:
        return pq.read_table(path, schema=schema)
    except (pa.ArrowException, OSError, ValueError) as problem:
        why = (str(problem) or type(problem).__name__).splitlines()[0][:120]
        raise CorpusError(f"{path} can't be read as a table of slr ({why}); run `dvc repro` again") from None


def inside(root: str | Path, relative: str | Path) -> Path:
    """Join `relative` to `root`, refusing a path that leaves it (absolute, `..`, or through a link).

    Raises
    ------
    CorpusError
        If the path isn't inside `root`, or no file can have this name.
    """
    joined = Path(root) / relative
    try:
        stays = Path(os.path.realpath(joined)).is_relative_to(os.path.realpath(root))
        joined.exists()  # raises OSError for a name that is too long
    except (OSError, ValueError) as problem:
        raise CorpusError(f"path {str(relative)[:80]!r} is impossible ({reason(problem)}); correct it") from None
    if not stays:
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
