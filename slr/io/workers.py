"""Parallel map of a function over many clips, on all cores of one machine."""

import ctypes
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple


class Done(NamedTuple):
    """Outcome of one item: `result`, or the `error` raised by the function."""

    item: Any
    result: Any
    error: Exception | None


def cores() -> int:
    """Number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def return_freed_memory() -> None:
    """Return the memory of large arrays to the system as soon as they are freed, for the rest of this process.

    By default glibc keeps freed blocks of up to 32 MB. Arrays freed in another order than allocated leave holes: a
    training step of STF-Net held 0.8 GB of those. With another C library nothing changes.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(-3, 4 << 20)  # M_MMAP_THRESHOLD: blocks from 4 MiB on are mapped, and unmapped when freed


def map_unordered(function: Callable[[Any], Any], items: Iterable[Any], workers: int = 0) -> Iterator[Done]:
    """Call `function` on each item in worker processes; yield each outcome as it completes.

    Parameters
    ----------
    function : callable
        A module-level function: workers are spawned, never forked (forking after MediaPipe has run breaks the pool).
    items : iterable
        Its arguments, one per call; they are pickled.
    workers : int, default 0
        Processes; 0 for one per core; 1 runs in this process.

    Yields
    ------
    Done
        In order of completion. An exception of the function is in `error`. If a worker dies (a crash in native code,
        out of memory), only the item that caused it fails: suspects are retried alone, each in its own worker.
    """
    items = list(items)
    workers = min(workers or cores(), max(1, len(items)))
    if workers == 1:
        for item in items:
            yield _call(function, item)
        return
    waiting = list(reversed(items))
    suspects: list[Any] = []
    while waiting:
        yield from _pool(function, waiting, suspects, workers)
    for item in suspects:
        yield _alone(function, item)


def _pool(function: Callable[[Any], Any], waiting: list[Any], suspects: list[Any], workers: int) -> Iterator[Done]:
    """Process `waiting` until it is empty or a worker dies; items then in progress go to `suspects`."""
    with _executor(workers) as executor:
        running: dict[Any, Any] = {}
        while waiting or running:
            while waiting and len(running) < 2 * workers:
                item = waiting.pop()
                running[executor.submit(_call, function, item)] = item
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                item = running.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    suspects.extend([item, *running.values()])
                    return


def _alone(function: Callable[[Any], Any], item: Any) -> Done:
    with _executor(1) as executor:
        try:
            return executor.submit(_call, function, item).result()
        except BrokenProcessPool:
            return Done(item, None, RuntimeError("its worker process died (a crash in native code, or out of memory)"))


def _executor(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin_worker)


def _begin_worker() -> None:
    """Restrict a worker to one thread (several slow each other down many times over), and to its parent's lifetime."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"
    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    """Otherwise the workers of a killed run would wait for ever, each with its models in memory."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a worker
    parent.join()
    os._exit(1)


def _call(function: Callable[[Any], Any], item: Any) -> Done:
    try:
        return Done(item, function(item), None)
    except Exception as error:  # the caller handles an item's failure
        return Done(item, None, error)
