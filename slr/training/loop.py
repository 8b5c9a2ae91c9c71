"""Training: from a data set to a model folder. One loop for all models and tasks."""

import hashlib
import json
import math
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from slr.dataset.dataset import Dataset
from slr.dataset.model_folder import save_model
from slr.dataset.skeleton import skeleton
from slr.errors import ModelError
from slr.io.files import file_hash
from slr.io.progress import progress
from slr.models import build
from slr.models.device import choose_device
from slr.models.pretrained import read_weights
from slr.params import ModelParams, Params
from slr.preprocessing.inputs import Inputs, Store, inputs_of
from slr.preprocessing.normalise import Normalise, normaliser
from slr.tasks import Data, Task, task_of
from slr.training.batching import training_order
from slr.training.data import read_data
from slr.training.device import autocast, choose_precision, gradient_scaler, use_cores
from slr.training.optimisation import learning_rate, make_optimizer, peak_rate
from slr.training.parallel import Processes, join
from slr.training.resume import Checkpoint, RunState, copy_of
from slr.training.start import freeze, start_from

MOST_CLIPS = {"full": None, "smoke": 128}
"""Maximum number of training clips of each budget."""
OTHER_PROCESS = 1_000_000_007
"""Distance of the random seeds of two processes."""


class Pretrained(Protocol):
    """A network that supports pretrained weights."""

    def load_pretrained(self, state: dict[str, Tensor]) -> None: ...


class Reporting(Protocol):
    """Interface of a criterion (`Task.criterion`), besides being a module."""

    def report(self) -> dict[str, float | None]: ...


@dataclass(frozen=True)
class Run:
    """Everything a training run works with; its progress is a `RunState`. `facts` are about its initial weights."""

    name: str
    settings: ModelParams
    task: Task
    data: Data
    normalise: Normalise
    model: nn.Module
    criterion: nn.Module
    learner: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    batcher: Callable[[Tensor, torch.Generator], Any] | None
    inputs: Inputs
    device: torch.device
    precision: str
    seed: int
    processes: Processes
    frozen_norms: list[nn.Module]
    facts: dict[str, Any]


def train(name: str, params: Params, dataset: Dataset, out: Path, work: Path,
          on_epoch: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Train the model `models.<name>` and write its folder.

    The checkpoint with the best validation score (`Task.selection`) is kept; without validation clips, the last
    epoch's. A killed run resumes after its last complete epoch and ends with bit-identical weights. Of processes that
    `torchrun` started, each trains on its part of every batch, and the first one writes.

    Parameters
    ----------
    name : str
    params : Params
    dataset : Dataset
    out : Path
        The model folder: weights.safetensors, config.json, history.csv; with `keep_last`, last.safetensors.
    work : Path
        Folder of unfinished runs and of downloaded pretrained weights.
    on_epoch : callable, optional
        Called with each epoch's row of history.csv; in a resumed run also with those of earlier epochs.

    Raises
    ------
    CorpusError
        If there are no training clips.
    ModelError
        If a loss isn't finite (the message names the term, the epoch and the clips), if `selection` isn't defined for
        the validation clips, or if initial weights can't be read or don't fit.
    """
    settings = within_budget(params.models[name], params.train.budget)
    use_cores(params.compute.workers)
    processes = join()
    if processes.count > 1 and settings.batching.hard_from_epoch:
        raise ModelError(f"models.{name}.batching.hard_from_epoch: several processes can't agree on hard batches; set "
                         "it to 0, or train in one process")
    device = processes.device(choose_device(params.train.device))
    precision = choose_precision(params.train.precision, device, settings.batch_size)
    task, inputs = task_of(settings), inputs_of(settings)
    store = inputs.open(dataset)
    hashes = {path.name: file_hash(path) for path in (inputs.path(dataset), dataset.splits, dataset.manifest,
                                                      dataset.signers)}
    data = read_data(dataset, store, task, settings, params.train.seed, MOST_CLIPS[params.train.budget])
    facts = task.facts(name, data, settings)
    run, weights = prepare(name, settings, task, inputs, data, device, precision, params.train.seed, processes,
                           work / ".weights")
    hashes |= weights
    identity = {"params": settings.model_dump(), "train": params.train.model_dump(include={"seed", "device", "budget"}),
                "precision": run.precision, "data": hashes, "slr": version("slr"), "processes": processes.count}
    checkpoint = Checkpoint(work / name / hashlib.md5(json.dumps(identity, sort_keys=True).encode()).hexdigest())
    state = fit(run, checkpoint, on_epoch if processes.first else None)
    if processes.first:
        finish(run, state, store, hashes, facts, out)
        shutil.rmtree(work / name, ignore_errors=True)
    processes.wait()


def finish(run: Run, state: RunState, store: Store, hashes: dict[str, str], facts: dict[str, Any], out: Path) -> None:
    """Calibrate the best weights and write the model folder."""
    settings, data = run.settings, run.data
    last = copy_of(run.model) if settings.keep_last else None
    run.model.load_state_dict(state.best)
    calibration = run.task.calibrate(run.name, run.model, state.history[state.best_epoch - 1], data, run.normalise,
                                     settings)
    config = config_of(run, state, store, hashes, run.facts | facts | calibration)
    save_model(out, state.best, config, state.history, last)


def within_budget(settings: ModelParams, budget: str) -> ModelParams:
    """The settings with the limits of `train.budget` applied."""
    return settings if budget == "full" else settings.model_copy(update={"epochs": min(2, settings.epochs)})


def prepare(name: str, settings: ModelParams, task: Task, inputs: Inputs, data: Data, device: torch.device,
            precision: str, seed: int, processes: Processes, fetched: Path) -> tuple[Run, dict[str, str]]:
    """Network, criterion and optimiser before the first epoch, and the hashes of its initial weights.

    Weights from a URL are kept in the folder `fetched`.
    """
    torch.manual_seed(seed)
    model = build(settings, len(data.labels)).to(device)
    weights, facts = {}, {}
    if settings.start_from is not None:
        facts = {"start_from": start_from(name, settings, model, data.labels)}
        weights = {"start_from": facts["start_from"]["md5"]}
    if settings.initial_weights is not None:
        source, sha256 = settings.initial_weights
        cast(Pretrained, model).load_pretrained(read_weights(source, sha256, fetched))
        weights = {"weights": sha256 or file_hash(source)}
    frozen_norms = freeze(name, model, settings.freeze)
    criterion = task.criterion(model, data, settings).to(device)
    learner = nn.ModuleDict({"model": model, "criterion": criterion})
    run = Run(name, settings, task, data, normaliser(settings.normalise, skeleton(settings.joints)), model, criterion,
              learner, make_optimizer(learner, settings), gradient_scaler(device, precision),
              task.batcher(data.train, settings), inputs, device, precision, seed, processes, frozen_norms,
              facts)
    return run, weights


def fit(run: Run, checkpoint: Checkpoint, on_epoch: Callable[[dict[str, Any]], None] | None = None) -> RunState:
    """Train for the configured number of epochs, or until early stopping."""
    score = run.task.selection(run.settings)
    state = checkpoint.load(run.learner, run.optimizer, run.scaler, score) or RunState(score)
    run.processes.same(run.learner)
    if on_epoch:
        for row in state.history:
            on_epoch(row)
    settings, task = run.settings, run.task
    with progress(f"train {run.name} ({run.device.type}, {run.precision})", settings.epochs, unit="epoch",
                  shown=run.processes.first) as advance:
        advance(state.epoch)
        while state.epoch < settings.epochs and state.epoch - state.best_epoch < settings.patience:
            started, started_cpu = time.perf_counter(), time.process_time()
            trained, rate = train_epoch(run, state)
            facts = task.after_epoch(run.model, run.data.train, run.normalise, settings)
            row = run.processes.of_first({"epoch": state.epoch + 1, **trained, **validate(run), "lr": rate,
                                          **cast(Reporting, run.criterion).report(), **facts})
            state = state.after(row, run.model, time.perf_counter() - started, time.process_time() - started_cpu)
            if run.processes.first:
                checkpoint.save(state, run.learner, run.optimizer, run.scaler)
            if on_epoch:
                on_epoch(row)
            known = {key: value for key, value in row.items() if "_" in key and value is not None}
            advance(note=" ".join(f"{key} {value:.3f}" for key, value in known.items()))
    return state


def train_epoch(run: Run, state: RunState) -> tuple[dict[str, float | None], float]:
    """One pass over the training clips; returns its mean loss and metrics as columns of the history, and the last
    learning rate."""
    settings = run.settings
    # All randomness in an epoch is seeded by its number, so a resumed run needs no generator state.
    torch.manual_seed(run.seed * 100_003 + state.epoch)
    generator = torch.Generator().manual_seed(run.seed * 100_003 + state.epoch)
    order, steps = training_order(run.model, run.data.train, run.normalise, settings, generator, state.history)
    made = run.batcher
    batcher = None if made is None else lambda indices: made(indices, generator)
    if run.processes.count > 1:  # other clips, so other random numbers for their augmentation and for dropout
        torch.manual_seed(torch.initial_seed() + OTHER_PROCESS * run.processes.rank)
        generator.manual_seed(torch.initial_seed())
        order = (run.processes.part(indices) for indices in order)
    batches = run.inputs.training_batches(run.data.train, order, settings, run.normalise, generator, batcher)
    run.learner.train()
    for norm in run.frozen_norms:
        norm.eval()
    peak = peak_rate(settings, state.history, state.score)
    total, seen, rate = 0.0, 0.0, 0.0
    counted: list[Tensor] = []
    for step, batch in enumerate(batches):
        rate = learning_rate(settings, state.epoch + step / steps, peak)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        batch = batch.to(run.device)
        with autocast(run.device, run.precision):
            outputs = run.model(batch)
        terms = run.criterion(outputs, batch)
        loss = sum(terms.values())
        if not math.isfinite(loss.item()):
            raise ModelError(_not_finite(run.name, terms, state.epoch + 1, batch.clip_ids))
        run.optimizer.zero_grad()
        run.scaler.scale(loss).backward()
        run.processes.average(run.learner.parameters())
        run.scaler.unscale_(run.optimizer)
        if settings.gradient_clip:  # clipped separately: an adversary's gradient must not scale down the model's
            for part in (run.model, run.criterion):
                nn.utils.clip_grad_norm_(list(part.parameters()), settings.gradient_clip)
        run.scaler.step(run.optimizer)
        run.scaler.update()
        total += loss.item() * len(batch)
        seen += len(batch)
        with torch.no_grad():
            counts = run.task.training_counts(outputs, batch, run.data, settings)
        counted += [] if counts is None else [counts]
    total, seen = run.processes.sums(total, seen)
    columns: dict[str, float | None] = {"train_loss": total / seen}
    if counted:
        found = run.task.training_metrics(list(run.processes.sums(*torch.stack(counted).sum(0).tolist())))
        columns |= {f"train_{name}": value for name, value in found.items()}
    return columns, rate


def validate(run: Run) -> dict[str, float | None]:
    """The metrics of the validation clips as columns of the history; None without such clips."""
    task, settings = run.task, run.settings
    selection = task.selection(settings).name
    if not len(run.data.val):
        return dict.fromkeys(("val_loss", task.score.column, f"val_{selection}"))
    found = task.validate(run.model, run.data, run.normalise, settings)
    if found.get(selection) is None:
        others = [name for name in task.scores(settings) if found.get(name) is not None]
        raise ModelError(f"models.{run.name}.selection: {selection} isn't defined for these validation clips (of "
                         f"{len(run.data.labels)} labels); use one of {', '.join(others)}")
    return {f"val_{name}": value for name, value in found.items()}


def config_of(run: Run, state: RunState, store: Store, hashes: dict[str, str], facts: dict[str, Any]) -> dict[str, Any]:
    """Content of config.json: everything needed for inference, and how the model was trained.

    `clip_seconds` are the 1st percentile, the median and the 99th percentile of the training clips' durations.
    """
    settings, best = run.settings, state.history[state.best_epoch - 1]
    n_frames, rates = store.n_frames, {clip_id: store.fps(clip_id) for clip_id in set(run.data.train.clip_ids)}
    seconds = np.quantile([n_frames[clip_id] / fps for clip_id, fps in rates.items()], (0.01, 0.5, 0.99))
    return {
        "name": run.name, "task": settings.task, "params": settings.model_dump(), "labels": run.data.labels,
        **run.inputs.facts(settings), "preprocessing": store.metadata,
        "fps": statistics.median(rates.values()), "clip_seconds": seconds.round(3).tolist(),
        "training": {"device": run.device.type, "precision": run.precision, "seed": run.seed,
                     "train_clips": len(run.data.train), "val_clips": len(run.data.val), "epochs": state.epoch,
                     "best_epoch": state.best_epoch, "train_seconds": round(state.seconds, 2),
                     "train_cpu_seconds": round(state.cpu_seconds, 2),
                     **({"processes": run.processes.count} if run.processes.count > 1 else {}),
                     **{key: value for key, value in best.items() if key.startswith("val_")}, **facts},
        "parameters": sum(weight.numel() for weight in run.model.parameters()), "data": hashes,
        "versions": {package: version(package) for package in ("slr", "torch", "numpy", "safetensors")},
    }


def _not_finite(name: str, terms: dict[str, Tensor], epoch: int, clip_ids: tuple[str, ...]) -> str:
    bad = ", ".join(f"{term} is {value.item()}" for term, value in terms.items() if not value.isfinite())
    return (f"training of '{name}' stopped in epoch {epoch}: {bad or 'the sum of the losses is too large'} "
            f"(clips {', '.join(clip_ids[:4])}{', ...' if len(clip_ids) > 4 else ''}); "
            f"lower models.{name}.lr, or set train.precision: fp32")
