"""Resumable clip-wise processing: intermediate parts that a killed run leaves for the next, and failed clips.

A part is a small Parquet file in the work folder, named by a hash of everything it depends on. An existing part is
never recomputed; a clip whose content or settings changed has another part.
"""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from slr.errors import ClipError, CorpusError, SlrError
from slr.io.files import atomic_path, write_text
from slr.io.progress import progress
from slr.io.workers import map_unordered

FAILURES = "failures.csv"
_NAMED_IN_ERROR = 10


class Job(NamedTuple):
    """The work for one clip: `argument` is passed to the stage's function, `size` is its share of the progress bar."""

    clip_id: str
    key: str
    argument: Any
    size: float = 1


class Failure(NamedTuple):
    """A clip that could not be used, and the stage at which it failed."""

    clip: str
    stage: str
    reason: str


Batch = Callable[[list[Any]], Iterable[tuple[int, pa.Table | Exception]]]
"""A function of the arguments of several jobs; yields the index of each with its clip's rows or failure, as soon as it
has them."""


class _Task(NamedTuple):
    function: Batch
    jobs: list[Job]
    parts: list[Path]


def content_key(*contents: Any) -> str:
    """Hash of JSON-ready values, as a file name."""
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:40]


def make_parts(stage: str, jobs: Iterable[Job], function: Callable[[Any], pa.Table], work: Path, *,
               workers: int, unit: str) -> tuple[dict[str, Path], list[Failure]]:
    """Compute the missing parts of all jobs, one by one, on all cores, with a progress bar.

    Parameters
    ----------
    function : callable
        Module-level; maps a job's argument to the clip's rows. Its exceptions become the clip's failure, except
        OSError, since a full disk isn't specific to the clip.
    work : Path
        Folder of the parts.

    Returns
    -------
    parts : dict of str to Path
        By clip id, in the order of the jobs.
    failures : list of Failure

    Raises
    ------
    OSError
        If a file can't be written or read. Parts made so far stay.
    """
    return make_parts_in_batches(stage, jobs, partial(_one_by_one, function), work, _singly, workers=workers, unit=unit)


def make_parts_in_batches(stage: str, jobs: Iterable[Job], function: Batch, work: Path,
                          batches: Callable[[list[Job]], list[list[Job]]], *, workers: int,
                          unit: str) -> tuple[dict[str, Path], list[Failure]]:
    """As `make_parts`, for jobs that take less time together than alone.

    Parameters
    ----------
    function : callable
        Module-level; see `Batch`. A job is finished when it yields it: its part is kept if the others of the batch
        fail. What it raises is a failure of all jobs that it hasn't yielded.
    batches : callable
        Divides the jobs whose parts are missing; each batch is one process's.
    """
    parts = {job.clip_id: (job, work / f"{job.key}.parquet") for job in jobs}
    missing = [job for job, part in parts.values() if not part.exists()]
    # Longest batches first, so that no core is left with a long one at the end.
    tasks = sorted((_Task(function, batch, [parts[job.clip_id][1] for job in batch]) for batch in batches(missing)),
                   key=lambda task: -sum(job.size for job in task.jobs))
    work.mkdir(parents=True, exist_ok=True)
    failures = {}
    with progress(stage, sum(job.size for job, _ in parts.values()), unit) as advance:
        advance(sum(job.size for job, part in parts.values() if part.exists()))
        for done in map_unordered(_make_parts, tasks, workers):
            if isinstance(done.error, OSError):
                raise done.error
            for job, part in zip(done.item.jobs, done.item.parts, strict=True):
                error = done.error or done.result.get(job.clip_id)
                if error is not None and not part.exists():
                    failures[job.clip_id] = Failure(job.clip_id, stage, reason(error))
            advance(sum(job.size for job in done.item.jobs), note=f"{len(failures)} failed" if failures else None)
    return ({clip_id: part for clip_id, (_, part) in parts.items() if clip_id not in failures},
            [failures[clip_id] for clip_id in parts if clip_id in failures])


def read_parts(parts: dict[str, Path]) -> Iterable[pa.Table]:
    """The clips' rows, one clip at a time."""
    return (pq.read_table(part) for part in parts.values())


def prune(work: Path, parts: Iterable[Path]) -> None:
    """Delete everything else from the work folder: changed or removed clips, interrupted writes."""
    keep = set(parts)
    for path in work.iterdir():
        if path not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def apply_failure_policy(stage: str, failures: Sequence[Failure], n_clips: int, out: Path, *, on_error: str,
          max_failures: float) -> None:
    """Continue a stage without its failed clips, or stop it with an error that names them.

    If it stops, `out` contains only the list of failures, so that an incomplete corpus isn't mistaken for a complete
    one.

    Raises
    ------
    SlrError
        If clips failed and `on_error` is "fail", a share larger than `max_failures` failed, or none is left.
    """
    share = len(failures) / max(1, n_clips)
    if not failures or (on_error == "skip" and share <= max_failures and len(failures) < n_clips):
        return
    with atomic_path(out) as temporary:
        temporary.mkdir()
        write_failures(temporary, failures)
    named = [f"  clip '{failure.clip}': {failure.reason}" for failure in failures[:_NAMED_IN_ERROR]]
    if len(failures) > _NAMED_IN_ERROR:
        named.append(f"  and {len(failures) - _NAMED_IN_ERROR} more")
    way_out = (f"more than corpus.max_failures = {max_failures:g} allows; repair or remove them, or raise it"
               if on_error == "skip" else "repair or remove them, or set corpus.on_error: skip")
    raise SlrError(f"{stage}: {len(failures)} of {n_clips} clips can't be used:\n" + "\n".join(named) +
                   f"\n{way_out}. All are listed in {out / FAILURES}; the clips that worked are kept for the next run")


def write_failures(folder: Path, failures: Iterable[Failure]) -> None:
    """Write failures.csv (clip, stage, reason), sorted by clip."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([Failure._fields, *sorted(failures)])
    write_text(folder / FAILURES, text.getvalue())


def read_failures(folder: str | Path) -> list[Failure]:
    """The failures recorded in a stage's output folder; none if there is no list."""
    path = Path(folder) / FAILURES
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [Failure(**row) for row in csv.DictReader(file)]


def _one_by_one(function: Callable[[Any], pa.Table], arguments: list[Any]) -> Iterator[tuple[int, pa.Table]]:
    yield from enumerate(map(function, arguments))


def _singly(jobs: list[Job]) -> list[list[Job]]:
    return [[job] for job in jobs]


def _make_parts(task: _Task) -> dict[str, Exception]:
    """Write the parts of a task's jobs; returns the errors of those that have none, by clip id."""
    # A batch is tried again if another one's crash took its process along.
    missing = [(job, part) for job, part in zip(task.jobs, task.parts, strict=True) if not part.exists()]
    errors: dict[str, Exception] = {}
    try:
        for index, rows in task.function([job.argument for job, _ in missing]) if missing else ():
            job, part = missing[index]
            if isinstance(rows, OSError):
                raise rows
            if isinstance(rows, Exception):
                errors[job.clip_id] = rows
                continue
            with atomic_path(part) as temporary:
                pq.write_table(rows, temporary, compression="none", use_dictionary=False, write_statistics=False)
    except OSError:
        raise
    except Exception as error:  # of those that it hasn't come to
        errors = {job.clip_id: error for job, part in missing if not part.exists()} | errors
    return errors


def reason(error: Exception) -> str:
    """The reason of a clip's failure, with the type of an unexpected error."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ClipError | CorpusError) else f"{type(error).__name__}: {text}"
