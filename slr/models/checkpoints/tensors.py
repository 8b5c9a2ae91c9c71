"""Tables of tensors: which tensor of a published checkpoint holds which weight of ours, and the conversion by them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from slr.errors import ModelError

MOST_PROBLEMS = 12
"""Tensors that an error names."""


class Theirs(NamedTuple):
    """One tensor of the authors' code.

    Attributes
    ----------
    name : str
    kind : str
        `matrix` (of linear, convolutional and recurrent layers), `scale` (of norms, and weights of inputs), `bias`,
        `mean` and `var` (running statistics), or `free` (queries, positions).
    ours : tuple of str
        Weights of our network that hold its rows, one below the other; none where nothing of ours needs it, and then a
        checkpoint may lack it.
    rows : slice
        Of each of ours.
    transposed : bool
        Whether theirs is a matrix (in, out), ours being (out, in).
    """

    name: str
    kind: str
    ours: tuple[str, ...] = ()
    rows: slice = slice(None)
    transposed: bool = False


def below(theirs: str, ours: str, tensors: Sequence[Theirs]) -> list[Theirs]:
    """The tensors of a module with the module's names put before theirs."""
    return [tensor._replace(name=f"{theirs}{tensor.name}", ours=tuple(f"{ours}{own}" for own in tensor.ours))
            for tensor in tensors]


def linear(theirs: str, ours: str) -> list[Theirs]:
    """A linear layer or a convolution with a bias."""
    return [Theirs(f"{theirs}.weight", "matrix", (f"{ours}.weight",)), Theirs(f"{theirs}.bias", "bias",
                                                                               (f"{ours}.bias",))]


def matrix(theirs: str, ours: str) -> list[Theirs]:
    """A linear layer or a convolution without a bias."""
    return linear(theirs, ours)[:1]


def norm(theirs: str, ours: str) -> list[Theirs]:
    """A norm's scale and bias."""
    return [Theirs(f"{theirs}.weight", "scale", (f"{ours}.weight",)), Theirs(f"{theirs}.bias", "bias",
                                                                              (f"{ours}.bias",))]


def batch_norm(theirs: str, ours: str) -> list[Theirs]:
    """A batch norm's scale, bias and running statistics."""
    return [*norm(theirs, ours), Theirs(f"{theirs}.running_mean", "mean", (f"{ours}.running_mean",)),
            Theirs(f"{theirs}.running_var", "var", (f"{ours}.running_var",))]


def recurrent(theirs: str, ours: str, layer: int = 0, reverse: bool = False) -> list[Theirs]:
    """One direction of one layer of an LSTM or a GRU; ours are networks of one layer each."""
    end = f"l{layer}{'_reverse' if reverse else ''}"
    return [Theirs(f"{theirs}.{name}_{end}", kind, (f"{ours}.{name}_l0",)) for name, kind in (
        ("weight_ih", "matrix"), ("weight_hh", "matrix"), ("bias_ih", "bias"), ("bias_hh", "bias"))]


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a published checkpoint, by name, and the file's name for messages."""

    tensors: Mapping[str, Tensor]
    source: str

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor that settings are read from; raises ModelError if it is absent."""
        if name not in self.tensors:
            raise ModelError(f"{self.source} has no tensor {name} (its first: {', '.join(list(self.tensors)[:3])}); "
                             "name the system that it is a checkpoint of")
        return tuple(self.tensors[name].shape)

    def numbered(self, prefix: str) -> int:
        """How many modules are numbered below a prefix, such as the layers of `transformer.encoder.layers.`."""
        return len({name.removeprefix(prefix).split(".")[0] for name in self.tensors if name.startswith(prefix)})


def convert(checkpoint: Checkpoint, table: Sequence[Theirs], model: nn.Module) -> dict[str, Tensor]:
    """The state dict of our network with the checkpoint's weights, in float32.

    Axes of length 1 may differ: a convolution over single frames may be stored with a time axis, a query with a batch
    axis.

    Parameters
    ----------
    checkpoint : Checkpoint
    table : sequence of Theirs
        All tensors that it may have.
    model : nn.Module
        Our network.

    Raises
    ------
    ModelError
        If tensors are missing, left over or misshapen; names each with theirs and ours.
    """
    state = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in model.state_dict().items()}
    problems = []
    for tensor in table:
        if not tensor.ours:
            continue
        found, ours = checkpoint.tensors.get(tensor.name), " and ".join(tensor.ours)
        if found is None or any(name not in state for name in tensor.ours):
            problems.append(f"{tensor.name} {'is missing' if found is None else 'has no place'} (ours: {ours})")
            continue
        parts = [state[name][tensor.rows] for name in tensor.ours]
        wanted = (sum(map(len, parts)), *parts[0].shape[1:])
        found = found.mT if tensor.transposed and found.ndim == 2 else found
        if _long_axes(found.shape) != _long_axes(wanted):
            problems.append(f"{tensor.name} is {_size(found.shape)}, not {_size(wanted)} (ours: {ours})")
            continue
        for part, rows in zip(parts, found.reshape(wanted).split([len(part) for part in parts]), strict=True):
            part.copy_(rows)
    listed = {tensor.name for tensor in table}
    problems += [f"{name} is left over ({_size(tensor.shape)}; ours has nothing of it)"
                 for name, tensor in checkpoint.tensors.items()
                 if name not in listed and not name.endswith("num_batches_tracked")]
    problems += [f"nothing of it is our {name}" for name in unfilled(table, model)]
    if problems:
        more = f"\n  and {len(problems) - MOST_PROBLEMS} more" if len(problems) > MOST_PROBLEMS else ""
        raise ModelError(f"{checkpoint.source} doesn't fit the network:\n  " + "\n  ".join(problems[:MOST_PROBLEMS])
                         + f"{more}\nName the system that it is a checkpoint of, and its settings by --set")
    return state


def unfilled(table: Sequence[Theirs], model: nn.Module) -> list[str]:
    """Weights and running statistics of our network that nothing in a table fills."""
    weights = [*dict(model.named_parameters()), *(name for name, _ in model.named_buffers() if "running_" in name)]
    return sorted(set(weights) - {name for tensor in table for name in tensor.ours})


def _long_axes(shape: Sequence[int]) -> list[int]:
    return [size for size in shape if size != 1]


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
