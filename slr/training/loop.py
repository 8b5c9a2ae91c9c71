"""Training: from landmarks or frames, and splits to a model's folder. One loop for every model."""

import hashlib
import json
import math
import shutil
import statistics
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from slr.data.augment import Augment
from slr.data.batches import Batch, by_sign, collate, similar_lengths
from slr.data.clips import Clips
from slr.data.images import RgbBatch, RgbClips
from slr.data.normalise import Normalise, normaliser
from slr.dataset.model_folder import save_model
from slr.dataset.skeleton import skeleton
from slr.errors import ModelError
from slr.io.files import file_hash
from slr.io.progress import progress, warn
from slr.io.workers import return_freed_memory
from slr.losses.classification import Criterion
from slr.losses.ctc import CtcCriterion
from slr.models import build
from slr.models.embedding import Embedded
from slr.models.outputs import outputs
from slr.models.pretrained import read_weights
from slr.params import ModelParams, Params, TrainingParams
from slr.training.collapse import FACTS, advice, collapse_facts, collapsed
from slr.training.data import Data, open_store, read_data, too_short_clips
from slr.training.device import autocast, choose_device, choose_precision, use_cores
from slr.training.grouping import hard_batches, thresholds
from slr.training.resume import Checkpoint, RunState
from slr.training.splice import Splicer
from slr.training.validation import threshold, validate


def train(name: str, params: Params, landmarks: Path, splits: Path, manifest: Path, signers: Path, out: Path,
          work: Path, on_epoch: Callable[[dict[str, Any]], None] | None = None, frames: Path | None = None) -> None:
    """Train the model `models.<name>` and write its folder.

    The weights kept are those of the epoch that is best on the validation clips (`slr.training.validation`); without
    validation clips, the last epoch's. A run that was killed goes on from its last whole epoch, and ends
    with the same weights, bit for bit, as if nothing had happened.

    Parameters
    ----------
    name : str
    params : Params
    landmarks, splits, manifest, signers : Path
        The landmark store, splits.parquet, manifest.parquet and (pseudo-signers) signers.parquet.
    out : Path
        The model's folder: weights.safetensors, config.json, history.csv.
    work : Path
        Where unfinished runs are kept, and weights that were fetched to start from.
    on_epoch : callable, optional
        Called with each epoch's row of history.csv; after a resumed start also with those of earlier epochs.
    frames : Path, optional
        The folder of frames, for a model that reads these in place of landmarks.

    Raises
    ------
    CorpusError
        If there are no training clips.
    ModelError
        If a loss isn't finite; says which term, when, and on which clips. If weights to start from can't be read.
    """
    settings = within_budget(params.models[name], params.train.budget)
    use_cores(params.compute.workers)
    if settings.reads == "frames":
        return_freed_memory()
    device = choose_device(params.train.device)
    precision = choose_precision(params.train.precision, device, settings.batch_size)
    store = open_store(settings, landmarks, frames)
    read = landmarks if settings.reads == "landmarks" else frames
    hashes = {path.name: file_hash(path) for path in (read, splits, manifest, signers)}
    data = read_data(store, splits, manifest, signers, settings, MOST_CLIPS[params.train.budget])
    short = find_too_short(name, data, settings)
    joints = skeleton(settings.joints)
    normalise = normaliser(settings.normalise, joints)

    torch.manual_seed(params.train.seed)
    model = build(settings, len(data.labels)).to(device)
    hashes |= start_from(model, settings, work / ".weights")
    criterion = make_criterion(settings, model, data).to(device)
    learner = nn.ModuleDict({"model": model, "criterion": criterion})
    optimizer = make_optimizer(learner, settings)

    identity = {"params": settings.model_dump(), "train": params.train.model_dump(include={"seed", "device", "budget"}),
                "precision": precision, "data": hashes, "slr": version("slr")}
    checkpoint = Checkpoint(work / name / hashlib.md5(json.dumps(identity, sort_keys=True).encode()).hexdigest())
    state = checkpoint.load(learner, optimizer) or RunState()
    for row in state.history if on_epoch else []:
        on_epoch(row)

    splicer = make_splicer(settings, data.train)
    with progress(f"train {name} ({device.type}, {precision})", settings.epochs, unit="epoch") as advance:
        advance(state.epoch)
        while state.epoch < settings.epochs and state.epoch - state.best_epoch < settings.patience:
            started, started_cpu = time.perf_counter(), time.process_time()
            # Everything random in an epoch follows from its number, so a resumed run needs no generator's state.
            torch.manual_seed(params.train.seed * 100_003 + state.epoch)
            generator = torch.Generator().manual_seed(params.train.seed * 100_003 + state.epoch)

            batches, steps = training_batches(model, data.train, normalise, settings, generator, state.history,
                                              splicer)
            learner.train()
            total, seen = 0.0, 0
            for step, batch in enumerate(batches):
                rate = learning_rate(settings, state.epoch + step / steps)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                batch = batch.to(device)
                with autocast(device, precision):
                    outputs = model(batch)
                terms = criterion(outputs, batch)
                loss = sum(terms.values())
                if not math.isfinite(loss.item()):
                    raise ModelError(_not_finite(name, terms, state.epoch + 1, batch.clip_ids))
                optimizer.zero_grad()
                loss.backward()
                if settings.gradient_clip:  # each by itself: an adversary's gradient isn't the model's to pay for
                    for part in (model, criterion):
                        nn.utils.clip_grad_norm_(list(part.parameters()), settings.gradient_clip)
                optimizer.step()
                total += loss.item() * len(batch)
                seen += len(batch)

            facts = remember(model, data.train, normalise, settings) if isinstance(model, Embedded) else {}
            row = {"epoch": state.epoch + 1, "train_loss": total / seen,
                   **validate(settings.task, model, data.val, normalise), "lr": rate, **criterion.report(), **facts}
            state = state.after(row, model, time.perf_counter() - started, time.process_time() - started_cpu)
            checkpoint.save(state, learner, optimizer)
            if on_epoch:
                on_epoch(row)
            known = {key: value for key, value in row.items() if "_" in key and value is not None}
            advance(note=" ".join(f"{key} {value:.3f}" for key, value in known.items()))

    best = state.history[state.best_epoch - 1]
    embedded = {fact: best[fact] for fact in FACTS if fact in best}
    if embedded and collapsed(**embedded, size=model.width, top1=best["val_top1"]):
        warn(advice(name, **embedded))
    config = {
        "name": name, "task": settings.task, "params": settings.model_dump(), "labels": data.labels,
        "skeleton": {"name": joints.name, "joints": joints.joints} if settings.reads == "landmarks" else None,
        "preprocessing": store.metadata, "fps": statistics.median(map(store.fps, set(data.train.clip_ids))),
        "training": {"device": device.type, "precision": precision, "seed": params.train.seed,
                     "train_clips": len(data.train), "val_clips": len(data.val), "epochs": state.epoch,
                     "best_epoch": state.best_epoch, "train_seconds": round(state.seconds, 2),
                     "train_cpu_seconds": round(state.cpu_seconds, 2),
                     **{key: value for key, value in best.items() if key.startswith("val_")},
                     **{f"embedding_{fact}": value for fact, value in embedded.items()}, **short,
                     **chosen_afterwards(settings, model, state.best, data, normalise)},
        "parameters": sum(weight.numel() for weight in model.parameters()), "data": hashes,
        "versions": {package: version(package) for package in ("slr", "torch", "numpy", "safetensors")},
    }
    save_model(out, state.best, config, state.history)
    shutil.rmtree(work / name, ignore_errors=True)


MOST_CLIPS = {"full": None, "smoke": 128}
"""Training clips that a budget allows."""


def within_budget(settings: ModelParams, budget: str) -> ModelParams:
    """The settings as `train.budget` allows them."""
    return settings if budget == "full" else settings.model_copy(update={"epochs": min(2, settings.epochs)})


def find_too_short(name: str, data: Data, settings: ModelParams) -> dict[str, dict[str, list[str]]]:
    """`too_short`: ids of the training and validation sentences that are; a warning tells of those of training."""
    if settings.task != "continuous":
        return {}
    found = {split: too_short_clips(clips, settings.frames_a_moment)
             for split, clips in (("train", data.train), ("val", data.val))}
    if short := found["train"]:
        warn(f"train {name}: {len(short)} of {len(data.train)} sentences have fewer moments than glosses and repeats "
             f"and count in no loss ({', '.join(short[:4])}{', ...' if len(short) > 4 else ''}; config.json has all); "
             "pool less in time, or look at their glosses")
    return {"too_short": found}


def start_from(model: nn.Module, settings: ModelParams, folder: Path) -> dict[str, str]:
    """Give a model's backbone the weights that its settings name, if any; returns the hash of what they are.

    Weights from an address are fetched into `folder`.
    """
    if settings.reads != "frames" or settings.weights is None:
        return {}
    model.backbone.load_pretrained(read_weights(settings.weights, settings.weights_sha256, folder))
    return {"weights": settings.weights_sha256 or file_hash(settings.weights)}


def chosen_afterwards(settings: TrainingParams, model: nn.Module, best: dict[str, Tensor], data: Data,
                      normalise: Normalise) -> dict[str, float]:
    """What the best weights are used with, chosen on the validation clips: `threshold` of detection."""
    if settings.task != "detection":
        return {}
    model.load_state_dict(best)
    return {"threshold": threshold(model, data.val, normalise, data.labels.index(settings.windows.positive))}


def make_criterion(settings: TrainingParams, model: nn.Module, data: Data) -> nn.Module:
    """What training minimises, by what the model answers."""
    if settings.task == "continuous":
        return CtcCriterion(settings.ctc, settings.label_smoothing)
    counts = data.train.targets.bincount(minlength=len(data.labels))
    return Criterion(settings, model.width, counts, int(data.train.signers.max()) + 1)


def training_batches(model: nn.Module, clips: Clips | RgbClips, normalise: Normalise, settings: TrainingParams,
                     generator: torch.Generator, history: list[dict[str, Any]],
                     splicer: Splicer | None) -> tuple[Iterable[Batch | RgbBatch], int]:
    """The batches of the next epoch as the model is to read them, made as they are asked for, and how many."""
    order, steps = training_order(model, clips, normalise, settings, generator, history)
    if isinstance(clips, RgbClips):
        return clips.batches(order, generator), steps
    augment = Augment(settings.augment, skeleton(settings.joints), generator, settings.frames)
    if splicer is None:
        read = (collate(clips, indices) for indices in order)
    else:
        read = (splicer.batch(indices, settings.splice, generator) for indices in order)
    return (augment(batch, normalise) for batch in read), steps


def make_splicer(settings: TrainingParams, clips: Clips | RgbClips) -> Splicer | None:
    """What puts sentences together anew, where the settings ask for that."""
    splices = settings.task == "continuous" and not isinstance(clips, RgbClips) and settings.splice
    return Splicer(clips) if splices else None


def training_order(model: nn.Module, clips: Clips | RgbClips, normalise: Normalise, settings: TrainingParams,
                   generator: torch.Generator, history: list[dict[str, Any]]) -> tuple[Iterable[Tensor], int]:
    """The clips' numbers in each batch of the next epoch, and how many batches: `settings.batching`.

    Batches grouped by hardness are made as they are asked for, by the model as it is then.
    """
    batching = settings.batching
    if batching.clips_per_sign:
        batches = by_sign(clips, settings.batch_size, batching.clips_per_sign, batching.signers_per_sign, generator)
    else:
        batches = similar_lengths(clips, settings.batch_size, generator)
    if not 0 < batching.hard_from_epoch <= len(history) + 1:
        return batches, len(batches)

    def embed(indices: Tensor) -> Tensor:
        features = outputs(model, clips.pick(indices), normalise)["features"]
        model.train()
        return features

    used = [row["triplets_used"] or 0 for row in history[batching.hard_from_epoch - 1:]]
    limits = thresholds(used, batching.hard_fewest_triplets)
    hard = hard_batches(batches, clips.targets, embed, settings.batch_size, batching, limits)
    return hard, len(batches) * batching.hard_loops


def make_optimizer(model: nn.Module, settings: TrainingParams) -> torch.optim.Optimizer:
    """The optimiser of the settings; only weight matrices decay."""
    weights = list(model.parameters())
    groups = [{"params": [w for w in weights if w.ndim > 1], "weight_decay": settings.weight_decay},
              {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0}]
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}[settings.optimizer]
    return kind(groups, lr=settings.lr)


def learning_rate(settings: TrainingParams, epoch: float) -> float:
    """The learning rate at a moment of training, counted in epochs."""
    warm, end = settings.warmup_epochs, settings.epochs
    if epoch < warm:
        return settings.lr * (epoch + 1 / 8) / (warm + 1 / 8)
    if settings.schedule == "constant":
        return settings.lr
    if settings.schedule == "steps":
        return settings.lr * settings.step_factor ** sum(epoch >= step for step in settings.steps)
    return settings.lr * (1 + math.cos(math.pi * (epoch - warm) / max(1, end - warm))) / 2


def remember(model: Embedded, clips: Clips, normalise: Normalise, settings: TrainingParams) -> dict[str, float]:
    """Let an embedding compare clips to the training clips, as it sees them now; returns `collapse_facts`."""
    vectors = outputs(model, clips, normalise)["features"]
    model.remember(vectors, clips.targets)
    return collapse_facts(vectors, settings.losses)


def _not_finite(name: str, terms: dict[str, Tensor], epoch: int, clip_ids: tuple[str, ...]) -> str:
    bad = ", ".join(f"{term} is {value.item()}" for term, value in terms.items() if not value.isfinite())
    return (f"training of '{name}' stopped in epoch {epoch}: {bad or 'the sum of the losses is too large'} "
            f"(clips {', '.join(clip_ids[:4])}{', ...' if len(clip_ids) > 4 else ''}); "
            f"lower models.{name}.lr, or set train.precision: fp32")
