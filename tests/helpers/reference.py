"""Networks of ours with the weights that a formula gives the authors' networks, tensor by tensor.

The authors' tensors are numbered from 0; tensor k with n elements is made of s(i, k) = sin(2 pi q / 65521), where
q = (1009 i^2 + 7919 i + 104729 (k + 1)) mod 65521 for i = 0 ... n - 1. Inputs have numbers from 1001 on.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from slr.models.checkpoints.tensors import Theirs, batch_norm, below, linear, matrix, norm, recurrent
from slr.preprocessing.batch import Batch

__all__ = ["Theirs", "batch_norm", "batch_of", "below", "fill", "formula", "given", "linear", "matrix", "norm",
           "recurrent", "sines", "size", "watched"]

MODULUS = 65521
KINDS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "matrix": lambda s, size: size * s, "scale": lambda s, _: 1 + 0.1 * s, "bias": lambda s, _: 0.1 * s,
    "mean": lambda s, _: 0.1 * s, "var": lambda s, _: 1 + 0.1 * np.abs(s), "free": lambda s, _: 0.5 * s}
"""What a tensor is made of: from s, and for matrices the gain over the square root of the fan-in."""


def sines(k: int, *shape: int) -> np.ndarray:
    """s(i, k) as float64, the last axis fastest."""
    i = np.arange(math.prod(shape), dtype=np.int64)
    return np.sin(2 * np.pi * ((1009 * i * i + 7919 * i + 104729 * (k + 1)) % MODULUS) / MODULUS).reshape(shape)


def given(k: int, *shape: int, scale: float = 1) -> Tensor:
    """The input with number k, float32."""
    return torch.from_numpy(scale * sines(k, *shape)).float()


def formula(kind: str, k: int, shape: Sequence[int], gain: float = 1) -> Tensor:
    """The tensor with number k of one of `KINDS`, float32."""
    fan_in = math.prod(shape) / shape[0]
    return torch.from_numpy(KINDS[kind](sines(k, *shape), gain * fan_in ** -0.5)).float()


@torch.no_grad()
def fill(module: nn.Module, tensors: Sequence[Theirs], gain: float, first: int = 0, zero: Sequence[str] = ()) -> None:
    """Fill a module's weights and running statistics by the formula; all of them have to be told.

    Parameters
    ----------
    first : int, default 0
        Number of the first tensor.
    zero : sequence of str
        Weights that the authors' module lacks, and that do nothing as zeros.
    """
    state = dict(module.named_parameters()) | {
        name: buffer for name, buffer in module.named_buffers() if "running_" in name}
    told = set(zero) | {name for tensor in tensors for name in tensor.ours}
    assert told == set(state), f"not told: {sorted(set(state) - told)}; not there: {sorted(told - set(state))}"
    for name in zero:
        state[name].zero_()
    for k, tensor in enumerate(tensors, first):
        own = [state[name][tensor.rows] for name in tensor.ours]
        if own:
            rows, each = sum(map(len, own)), own[0].numel() // len(own[0])
            shape = (each, rows) if tensor.transposed else (rows, each)
            values = formula(tensor.kind, k, shape, gain)
            values = values.mT if tensor.transposed else values
            for weight, part in zip(own, values.split([len(weight) for weight in own]), strict=True):
                weight.copy_(part.reshape(weight.shape))


def size(*modules: nn.Module) -> int:
    """Numbers in the weights of modules."""
    return sum(weight.numel() for module in modules for weight in module.parameters())


@contextmanager
def watched(**modules: nn.Module) -> Iterator[dict[str, Tensor]]:
    """What each of these modules gives while the block runs, by name."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: found.__setitem__(name, output)

    hooks = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def batch_of(landmarks: Tensor, lengths: Sequence[int] | None = None, targets: Sequence[int] | None = None) -> Batch:
    """Clips (B, T, J, C) in which every joint was found, as long as they are or of these lengths."""
    clips, frames, joints, _ = landmarks.shape
    own = torch.tensor(lengths or [frames] * clips)
    labels = torch.tensor(targets or [0] * clips)
    mask = (torch.arange(frames) < own[:, None])[..., None].expand(-1, -1, joints)
    return Batch(landmarks, mask, own, labels, labels, tuple(map(str, range(clips))))
