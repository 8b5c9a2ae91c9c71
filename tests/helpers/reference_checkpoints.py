"""Checkpoints as the authors' code writes them, with the formula's weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from slr.models.checkpoints.tensors import Theirs
from tests.helpers.reference import formula


def state_dict(model: nn.Module, tensors: Sequence[Theirs], gain: float,
               shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The authors' state dict, with the shapes of our weights unless `shapes` has the authors' own."""
    ours = model.state_dict()
    state = {}
    for k, tensor in enumerate(tensors):
        own = [ours[name][tensor.rows] for name in tensor.ours]
        shape = shapes.get(tensor.name) or (sum(map(len, own)), *own[0].shape[1:])
        shape = shape[::-1] if tensor.transposed else shape
        state[tensor.name] = formula(tensor.kind, k, shape, gain)
    return state


def write_labels(path: Path, count: int) -> Path:
    """A gloss a line: gloss0, gloss1, ..."""
    path.write_text("".join(f"gloss{i}\n" for i in range(count)))
    return path


def write_checkpoint(path: Path, state: Mapping[str, Tensor], **beside: object) -> Path:
    """As `torch.save` writes it, alone or among other things."""
    torch.save({**beside, "state_dict": dict(state)} if beside else dict(state), path)
    return path
