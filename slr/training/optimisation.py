"""The optimiser, and the learning-rate schedule."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import torch
from torch import nn

from slr.params import ModelParams
from slr.tasks import Score

if TYPE_CHECKING:
    from slr.params.families.stfnet import StfnetParams


def make_optimizer(model: nn.Module, settings: ModelParams) -> torch.optim.Optimizer:
    """The configured optimiser; weight decay applies to weight matrices only."""
    weights = list(model.parameters())
    groups = [{"params": [w for w in weights if w.ndim > 1], "weight_decay": settings.weight_decay},
              {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0}]
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}[settings.optimizer]
    return kind(groups, lr=settings.lr)


def learning_rate(settings: ModelParams, epoch: float, peak: float | None = None) -> float:
    """The learning rate at a point of training, in epochs; `peak` is that of `peak_rate`, by default the settings'."""
    warm, end = settings.warmup_epochs, settings.epochs
    if epoch < warm:
        return settings.lr * (epoch + 1 / 8) / (warm + 1 / 8)
    if settings.schedule in ("constant", "plateau"):
        return settings.lr if peak is None else peak
    stepwise = cast("StfnetParams", settings)
    if stepwise.schedule == "steps":
        return settings.lr * stepwise.step_factor ** sum(epoch >= step for step in stepwise.steps)
    return settings.lr * (1 + math.cos(math.pi * (epoch - warm) / max(1, end - warm))) / 2


def peak_rate(settings: ModelParams, history: Sequence[dict[str, Any]], selection: Score) -> float:
    """The learning rate after the warm-up and these epochs, before any decay.

    With `schedule: plateau`, torch's scheduler is replayed over the history. So an interrupted run has no other state
    to save.
    """
    plateau, counted = settings.plateau, history[max(settings.warmup_epochs, settings.plateau.start_epoch):]
    if settings.schedule != "plateau" or not counted:
        return settings.lr
    column = selection.column if plateau.watch == "selection" else plateau.watch
    if counted[0][column] is None:
        column = "train_loss"
    mode: Literal["min", "max"] = "max" if column == selection.column and selection.higher_is_better else "min"
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=settings.lr)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, plateau.factor, plateau.patience)
    for row in counted:
        scheduler.step(row[column])
    return optimizer.param_groups[0]["lr"]
