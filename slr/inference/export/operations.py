"""Operations of the landmark models that other runtimes lack, or that can't be traced for every number of frames, in
terms of operations that they have."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class Extreme(NamedTuple):
    """Values along an axis, and their indices."""

    values: Tensor
    indices: Tensor


def nanmedian(x: Tensor, dim: int, keepdim: bool = False) -> Extreme:
    """The lower median of the numbers along an axis; NaN if there are none."""
    ordered, indices = x.masked_fill(x.isnan(), torch.inf).sort(dim)
    count = (~x.isnan()).sum(dim, keepdim=True)
    middle = (count - 1).clamp_min(0) // 2
    median = ordered.gather(dim, middle).masked_fill(count == 0, torch.nan)
    index = indices.gather(dim, middle)
    return Extreme(median, index) if keepdim else Extreme(median.squeeze(dim), index.squeeze(dim))


def cummax(x: Tensor, dim: int) -> Extreme:
    """The largest of the integers (B, T) up to each; compares every one with every other."""
    assert x.ndim == 2 and dim == 1
    steps = torch.arange(x.shape[1], device=x.device)
    candidates = x[:, None].masked_fill(steps > steps[:, None], -1)  # (B, T, T)
    return Extreme(candidates.amax(2), candidates.argmax(2))


def cdist(x: Tensor, y: Tensor, p: float = 2, compute_mode: str | None = None) -> Tensor:
    """Euclidean distances (N, D), (M, D) -> (N, M)."""
    assert p == 2
    return (x[:, None] - y).square().sum(-1).sqrt()


def take_along_dim(x: Tensor, indices: Tensor, dim: int) -> Tensor:
    """`gather`, with indices that have length 1 in the other axes."""
    shape = [-1 if axis == dim else size for axis, size in enumerate(x.shape)]
    return x.gather(dim, indices.expand(shape))


def multi_head_attention(query: Tensor, key: Tensor, value: Tensor, width: int, heads: int, in_weight: Tensor,
                         in_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero: bool,
                         dropout: float, out_weight: Tensor, out_bias: Tensor | None, training: bool = True,
                         key_padding_mask: Tensor | None = None, need_weights: bool = True,
                         **others: Any) -> tuple[Tensor, None]:
    """Self-attention of (T, B, D); torch's own writes the number of frames into the trace."""
    assert query is key is value and key_padding_mask is not None and not (training or need_weights or add_zero)

    def of_heads(x: Tensor) -> Tensor:
        return x.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3)  # (T, B, D) -> (B, H, T, D / H)

    q, k, v = (of_heads(part) for part in F.linear(query, in_weight, in_bias).chunk(3, -1))
    found = F.scaled_dot_product_attention(q, k, v, attn_mask=key_padding_mask[:, None, None])
    return F.linear(found.permute(2, 0, 1, 3).flatten(2), out_weight, out_bias), None


def masked_fill(x: Tensor, mask: Tensor, value: float) -> Tensor:
    """Missing joints (B, T, J, C) are zeroed by a product, which onnxruntime computes several times as fast. Joints are
    finite; what has fewer axes, such as the box of a hand that isn't there, needn't be."""
    return x * ~mask if x.ndim == 4 and value == 0 else x.masked_fill(mask, value)


TABLE: dict[Any, Callable[..., Any]] = {
    Tensor.nanmedian: nanmedian, Tensor.cummax: cummax, torch.cdist: cdist, Tensor.take_along_dim: take_along_dim,
    Tensor.masked_fill: masked_fill,
    F.multi_head_attention_forward: multi_head_attention}
"""Replacements by function."""


class Portable(TorchFunctionMode):
    """Inside this context the functions of `TABLE` are computed by their replacements, with the same result."""

    def __torch_function__(self, function: Any, types: Iterable[type], args: tuple[Any, ...] = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        return TABLE.get(function, function)(*args, **(kwargs or {}))
