"""Fine-tuning: training that starts from the weights of a trained or imported model."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.errors import ModelError
from slr.io.files import read_json
from slr.models import build
from slr.params import ModelParams


def start_from(folder: Path, model: nn.Module, settings: ModelParams, labels: list[str]) -> None:
    """Load a model folder's weights into a network, those of each gloss by its name.

    Which tensors depend on the glosses, and on which axis, is seen by building the network for one more. Glosses that
    the folder doesn't have keep their random weights.

    Parameters
    ----------
    folder : Path
    model : nn.Module
        Of these settings, for these labels.

    Raises
    ------
    ModelError
        If there is no model, or its network is another.
    """
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).exists()]
    if missing:
        raise ModelError(f"there is no model in {folder} to start from ({', '.join(missing)} missing); correct "
                         "start_from, or remove it")
    theirs, known = load_file(folder / WEIGHTS), read_json(folder / CONFIG)["labels"]
    ours, axes = model.state_dict(), _gloss_axes(settings, len(labels))
    common = [(i, known.index(label)) for i, label in enumerate(labels) if label in known]
    problems = [name for name in ours.keys() ^ theirs.keys() if not name.startswith("gallery")]
    for name in ours.keys() & theirs.keys():
        if name.startswith("gallery"):
            continue  # of an embedding: vectors of the clips that it was trained on
        if name in axes:
            theirs[name] = _by_gloss(ours[name], theirs[name], axes[name], common, len(labels), len(known))
        if theirs[name].shape == ours[name].shape:
            ours[name].copy_(theirs[name])
        else:
            problems.append(name)
    if problems:
        raise ModelError(f"the network in {folder} is another: {', '.join(sorted(problems)[:4])} differ"
                         f"{' and others' if len(problems) > 4 else ''}; give this model its settings (params in "
                         f"{folder / CONFIG}), or another start_from")


def _gloss_axes(settings: ModelParams, glosses: int) -> dict[str, int]:
    """The axis along which glosses lie, of each tensor that has one."""
    with torch.device("meta"):
        some, more = (build(settings, count).state_dict() for count in (glosses, glosses + 1))
    return {name: next(axis for axis, sizes in enumerate(zip(tensor.shape, more[name].shape, strict=True))
                       if sizes[0] != sizes[1])
            for name, tensor in some.items() if tensor.shape != more[name].shape}


def _by_gloss(ours: Tensor, theirs: Tensor, axis: int, common: list[tuple[int, int]], labels: int,
              known: int) -> Tensor:
    """Our tensor with theirs of the common glosses, and of the classes before all glosses (the blank)."""
    before = ours.shape[axis] - labels
    if theirs.shape[axis] - known != before:
        return theirs
    found = ours.clone().movedim(axis, 0)
    source = theirs.movedim(axis, 0)
    if found.shape[1:] != source.shape[1:]:
        return theirs
    found[:before] = source[:before]
    for i, j in common:
        found[before + i] = source[before + j]
    return found.movedim(0, axis)
