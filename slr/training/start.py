"""Fine-tuning: a model starts from a trained one's weights, and parts of it may stay as they are."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.errors import ModelError
from slr.io.files import file_hash, read_json
from slr.io.progress import warn
from slr.models import build
from slr.params import ModelParams

READS = ("joints", "channels", "normalise")
"""Settings of the input that weights are about."""


def start_from(name: str, settings: ModelParams, model: nn.Module, labels: Sequence[str]) -> dict[str, Any]:
    """Load the weights of the model folder `settings.start_from` into a new model.

    If the labels differ, weights whose shape depends on the number of labels (the classifiers) stay new, which a
    warning says.

    Parameters
    ----------
    name : str
        The new model's name, for messages.
    settings : ModelParams
    model : nn.Module
        The new model, changed in place.
    labels : sequence of str
        Its labels.

    Returns
    -------
    dict
        Facts for config.json: `folder`, `md5` of its weights, the number of `weights` taken over, and the names of the
        `new` ones.

    Raises
    ------
    ModelError
        If there is no model in the folder, it reads other landmarks, or weights other than those of the classifiers
        differ in name or shape; the message lists the differences.
    """
    folder = Path(str(settings.start_from))
    if missing := [file for file in (WEIGHTS, CONFIG) if not (folder / file).exists()]:
        raise ModelError(f"models.{name}.start_from: there is no trained model in {folder} ({', '.join(missing)} "
                         "missing); train it first, or correct the folder")
    try:
        config, theirs = read_json(folder / CONFIG), load_file(folder / WEIGHTS)
        settings_there, labels_there = config["params"], config["labels"]
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"models.{name}.start_from: the model in {folder} can't be read: {error}; train it again, or "
                         "choose another") from None
    own = model.state_dict()
    untaken = {weight for weight, value in own.items() if not value.numel()}  # filled in training: a gallery
    if labels_there != list(labels):
        untaken |= by_labels(settings, own, len(labels))
    own, theirs = ({weight: value for weight, value in state.items() if weight not in untaken}
                   for state in (own, theirs))
    inputs = [f"{setting} {settings_there.get(setting)} there, {getattr(settings, setting)} here" for setting in READS
              if settings_there.get(setting) != getattr(settings, setting)]
    if found := inputs + differences(theirs, own):
        more = f"; and {len(found) - 4} more" if len(found) > 4 else ""
        raise ModelError(f"models.{name}.start_from: the model in {folder} doesn't fit ({'; '.join(found[:4])}{more}); "
                         f"give models.{name} that model's settings ({folder / CONFIG}: params), or leave it out")
    model.load_state_dict(theirs, strict=False)
    new = sorted(weight for weight in untaken if model.state_dict()[weight].numel())
    if new:
        warn(f"train {name}: starts from {folder}, whose labels are others; new are {', '.join(new)}")
    return {"folder": str(settings.start_from), "md5": file_hash(folder / WEIGHTS), "weights": len(theirs), "new": new}


def by_labels(settings: ModelParams, state: dict[str, Tensor], labels: int) -> set[str]:
    """The names of the weights whose shape depends on the number of labels."""
    with torch.random.fork_rng(devices=[]):
        other = build(settings, labels + 1).state_dict()
    return {name for name, value in state.items() if other[name].shape != value.shape}


def differences(theirs: dict[str, Tensor], own: dict[str, Tensor]) -> list[str]:
    """The differences in names and shapes between the weights of two models, `there` and `here`."""
    shapes = [{name: tuple(value.shape) for name, value in state.items()} for state in (theirs, own)]
    there, here = shapes
    return [f"{name} {there.get(name, 'missing')} there, {here.get(name, 'missing')} here"
            for name in {**here, **there} if there.get(name) != here.get(name)]


def freeze(name: str, model: nn.Module, prefixes: Iterable[str]) -> list[nn.Module]:
    """Exclude weights from training: those with a name that is a prefix, or begins with one and a dot.

    Returns
    -------
    list of nn.Module
        The frozen batch normalisations, whose statistics stay only in evaluation mode.

    Raises
    ------
    ModelError
        If no weight has such a name, or none is left to train.
    """
    prefixes, weights = list(prefixes), dict(model.named_parameters())
    frozen = {prefix: [weight for weight in weights if f"{weight}.".startswith(f"{prefix}.")] for prefix in prefixes}
    if unknown := [prefix for prefix, found in frozen.items() if not found]:
        parts = sorted({weight.partition(".")[0] for weight in weights})
        raise ModelError(f"models.{name}.freeze: no weight's name begins with '{unknown[0]}'; the model has "
                         f"{', '.join(parts)}")
    for found in frozen.values():
        for weight in found:
            weights[weight].requires_grad_(False)
    if not any(weight.requires_grad for weight in weights.values()):
        raise ModelError(f"models.{name}.freeze: nothing is left to train; leave a part out")
    return [module for place, module in model.named_modules() if isinstance(module, _BatchNorm)
            and any(f"{place}.".startswith(f"{prefix}.") for prefix in prefixes)]
