"""What an export costs and is worth: size, latency and accuracy, beside torch's."""

from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.model_folder import WEIGHTS
from slr.inference.export.check import Model, torch_model
from slr.inference.export.export import read
from slr.inference.export.formats import FORMATS
from slr.inference.export.samples import read_samples
from slr.inference.model import load_model

SECONDS, FPS = 4, 15
"""The clip of the latency."""
WARM_UP, RUNS = 3, 20


def report_of(folder: str | Path, kind: str, path: Path, dataset: Dataset) -> dict[str, float]:
    """Facts about an exported file, and the same ones about the folder that it was made from.

    Returns
    -------
    dict
        `torch_mb`, `<kind>_mb`: size of weights and file in megabytes. `torch_ms`, `<kind>_ms`: median time of an
        answer to raw landmarks of 4 s at 15 fps, on one thread; `<kind>_ratio`: of the second to the first.
        `torch_<score>`, `<kind>_<score>`: accuracy on the whole test split (`slr.tasks.base.Task.answer_score`).
    """
    trained = load_model(folder)
    samples, exported = read_samples(trained, dataset), read(trained, FORMATS[kind], path)
    reference = torch_model(trained, exported.source)
    clip = lasting(samples[0].landmarks, SECONDS * FPS)
    torch_ms, kind_ms = latencies_ms([reference, exported.answer], clip)
    found: dict[str, float] = {"torch_mb": _megabytes(Path(folder) / WEIGHTS),
                               f"{kind}_mb": _megabytes(path), "torch_ms": torch_ms, f"{kind}_ms": kind_ms,
                               f"{kind}_ratio": kind_ms / torch_ms}
    for name, model in (("torch", reference), (kind, exported.answer)):
        answers = [model(sample.landmarks) for sample in samples]
        if (score := trained.task.answer_score(answers, samples, trained.labels, trained.params)) is not None:
            found[f"{name}_{score[0]}"] = score[1]
    return found


def lasting(clip: ClipLandmarks, frames: int) -> ClipLandmarks:
    """A clip of this many frames: its own, forwards and backwards in turn."""
    there_and_back = np.concatenate([np.arange(len(clip)), np.arange(len(clip))[::-1]])
    return ClipLandmarks(clip.clip_id, FPS, clip.width, clip.height,
                         clip.coordinates[np.resize(there_and_back, frames)])


def latencies_ms(models: list[Model], clip: ClipLandmarks) -> list[float]:
    """Median time of each model's answer in milliseconds, in torch on one thread; asked in turns, so that all of them
    meet the same machine."""
    times: list[list[float]] = [[] for _ in models]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(WARM_UP + RUNS):
            for model, taken in zip(models, times, strict=True):
                start = perf_counter()
                model(clip)
                taken.append(perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return [1000 * median(taken[WARM_UP:]) for taken in times]


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6


def print_report(kind: str, found: dict[str, float]) -> None:
    """Print a table of the facts."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "torch", kind)
    for name in [name.removeprefix("torch_") for name in found if name.startswith("torch_")]:
        table.add_row(name, *(f"{found[f'{of}_{name}']:.4g}" for of in ("torch", kind)))
    Console().print(table)
