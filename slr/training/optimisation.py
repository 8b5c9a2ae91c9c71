"""The optimiser, and the learning-rate schedule."""

import math
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from slr.params import ModelParams

if TYPE_CHECKING:
    from slr.params.families.stfnet import StfnetParams


def make_optimizer(model: nn.Module, settings: ModelParams) -> torch.optim.Optimizer:
    """The configured optimiser; weight decay applies to weight matrices only."""
    weights = list(model.parameters())
    groups = [{"params": [w for w in weights if w.ndim > 1], "weight_decay": settings.weight_decay},
              {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0}]
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}[settings.optimizer]
    return kind(groups, lr=settings.lr)


def learning_rate(settings: ModelParams, epoch: float) -> float:
    """The learning rate at a point of training, in epochs."""
    warm, end = settings.warmup_epochs, settings.epochs
    if epoch < warm:
        return settings.lr * (epoch + 1 / 8) / (warm + 1 / 8)
    if settings.schedule == "constant":
        return settings.lr
    stepwise = cast("StfnetParams", settings)
    if stepwise.schedule == "steps":
        return settings.lr * stepwise.step_factor ** sum(epoch >= step for step in stepwise.steps)
    return settings.lr * (1 + math.cos(math.pi * (epoch - warm) / max(1, end - warm))) / 2
