"""Building blocks of sequence models: frame embedding, attention, positional encoding, a fast dropout.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, unless stated otherwise.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.preprocessing.batch import Batch


class FrameEmbedding(nn.Module):
    """Each frame's landmarks as one vector, with positional encoding.

    Parameters
    ----------
    inputs : int
        Values per frame: joints times channels.
    width : int or None
        Width after a linear projection and a norm, which scales the small coordinates to the range of the positional
        encoding; None uses the coordinates themselves.
    missing : {"learned", "zero", "outside"}
        Value of a missing joint: a learned point, or, as in published code, zero (SPOTER) or -2 (SiLT) before .5 is
        subtracted.
    positions : {"none", "published", "sinusoidal", "learned"}
        See `Positions`.
    weighted : bool, default False
        Multiply each coordinate by a learned weight first (SiLT: Luna-Jimenez et al., ICMI 2023), kept in `weights`
        (inputs,). The projection's columns then have length 1, so that the weight alone determines a coordinate's
        influence.
    """

    def __init__(self, inputs: int, width: int | None, missing: str, positions: str, weighted: bool = False):
        super().__init__()
        absent = torch.full((inputs,), {"learned": 0.0, "zero": -0.5, "outside": -2.5}[missing])
        if missing == "learned":
            self.absent = nn.Parameter(absent)
        else:
            self.register_buffer("absent", absent)
        self.weights = nn.Parameter(torch.ones(inputs)) if weighted else None
        self.project = nn.Linear(inputs, width) if width else None
        self.norm = nn.LayerNorm(width) if width else None
        self.positions = Positions(positions, width or inputs)

    def forward(self, batch: Batch) -> Tensor:
        """(B, T, J, C >= the model's) -> (B, T, D)"""
        channels = len(self.absent) // batch.landmarks.shape[2]
        found = batch.mask.repeat_interleave(channels, dim=2)
        x = torch.where(found, batch.landmarks[..., :channels].flatten(2), self.absent)  # (B, T, J * C)
        if self.weights is not None:
            x = x * self.weights
        if self.project is not None and self.norm is not None:
            matrix = self.project.weight
            matrix = matrix if self.weights is None else F.normalize(matrix, dim=0)
            x = self.norm(F.linear(x, matrix, self.project.bias))
        return self.positions(x)


class Attention(nn.Module):
    """Multi-head attention."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, source: Tensor, attend: Tensor) -> Tensor:
        """Attend from the queries `x` (B, Q, D) to `source` (B, T, D).

        `attend` (B, 1, 1, T) is bool, where it is allowed, or float, added to the scores.
        """
        query, key, value = (self._heads(t) for t in (self.query(x), *self.key_value(source).chunk(2, -1)))
        if attend.is_floating_point():
            attend = attend.to(query.dtype)
        if self.training and x.device.type == "cpu":
            # The CPU's fused kernel has no dropout, and takes six times as long as these products in bf16.
            scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)  # (B, H, Q, T)
            added = (attend if attend.is_floating_point() else
                     torch.zeros_like(attend, dtype=scores.dtype).masked_fill_(~attend, -torch.inf))
            found = self.dropout((scores + added).softmax(-1)) @ value
        else:
            found = F.scaled_dot_product_attention(query, key, value, attn_mask=attend,
                                                   dropout_p=self.dropout.p if self.training else 0)
        return self.out(found.transpose(1, 2).flatten(2))  # (B, H, Q, D / H) -> (B, Q, D)

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, T, D) -> (B, H, T, D / H)


class TransformerLayer(nn.Module):
    """Attention, then feed-forward, each with a residual and a norm.

    Parameters
    ----------
    width, heads, feedforward : int
    dropout : float
    norm_first : bool
        Normalise before each sublayer; False normalises the sums, as in the first Transformer.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float, norm_first: bool):
        super().__init__()
        self.norm_first = norm_first
        self.attention = Attention(width, heads, dropout)
        self.feedforward = nn.Sequential(nn.Linear(width, feedforward), nn.ReLU(), Dropout(dropout),
                                         nn.Linear(feedforward, width))
        self.attention_norm, self.feedforward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, source: Tensor | None, attend: Tensor) -> Tensor:
        """x: (B, Q, D); source: (B, T, D) to attend to, None for x itself; attend: as in `Attention.forward`."""
        if self.norm_first:
            h = self.attention_norm(x)
            x = x + self.dropout(self.attention(h, h if source is None else source, attend))
            return x + self.dropout(self.feedforward(self.feedforward_norm(x)))
        x = self.attention_norm(x + self.dropout(self.attention(x, x if source is None else source, attend)))
        return self.feedforward_norm(x + self.dropout(self.feedforward(x)))


class DecoderLayer(TransformerLayer):
    """A whole decoder layer: self-attention among the queries, then what `TransformerLayer` does with a source.

    The queries are as many as the frames of the source, and the same of them are padding.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float, norm_first: bool = False):
        super().__init__(width, heads, feedforward, dropout, norm_first)
        self.self_attention = Attention(width, heads, dropout)
        self.query_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, source: Tensor | None, attend: Tensor) -> Tensor:
        """As `TransformerLayer.forward`, with Q = T."""
        if self.norm_first:
            h = self.query_norm(x)
            x = x + self.dropout(self.self_attention(h, h, attend))
        else:
            x = self.query_norm(x + self.dropout(self.self_attention(x, x, attend)))
        return super().forward(x, source, attend)


class TransformerStack(nn.Module):
    """A stack of layers and a final norm: an encoder (without a source) or a decoder.

    Matrices are initialised as by Glorot and Bengio (AISTATS 2010).
    """

    def __init__(self, layers: Iterable[TransformerLayer], width: int):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)
        for weight in (weight for weight in self.layers.parameters() if weight.ndim > 1):
            nn.init.xavier_uniform_(weight)

    def forward(self, x: Tensor, source: Tensor | None, attend: Tensor) -> Tensor:
        """As `TransformerLayer.forward`."""
        for layer in self.layers:
            x = layer(x, source, attend)
        return self.norm(x)


def start_attention_as_torch(module: nn.Module) -> None:
    """Start all attention of a module as torch's own does, of which the published networks are made.

    Queries, keys and values are drawn as one matrix (Glorot and Bengio, AISTATS 2010), and the biases are 0.
    """
    for attention in (part for part in module.modules() if isinstance(part, Attention)):
        bound = math.sqrt(6 / (4 * attention.query.in_features))
        for matrix in (attention.query.weight, attention.key_value.weight):
            nn.init.uniform_(matrix, -bound, bound)
        for linear in (attention.query, attention.key_value, attention.out):
            nn.init.zeros_(linear.bias)


class Positions(nn.Module):
    """Additive positional encoding of the frames.

    Parameters
    ----------
    kind : {"none", "published", "sinusoidal", "learned"}
        `published`: one learned vector, the same for every frame, so it doesn't encode order. `sinusoidal`: Vaswani et
        al. `learned`: a vector for each of the first `LEARNED` frames; later ones share the last.
    width : int
    """

    LEARNED = 256

    def __init__(self, kind: str, width: int):
        super().__init__()
        self.kind = kind
        if kind == "published":
            self.vector = nn.Parameter(torch.rand(width))
        elif kind == "learned":
            self.table = nn.Parameter(torch.randn(self.LEARNED, width) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, D) -> (B, T, D)"""
        if self.kind == "published":
            return x + self.vector
        if self.kind == "sinusoidal":
            return x + sinusoids(x.shape[1], x.shape[2]).to(x)
        if self.kind == "learned":
            return x + self.table[torch.arange(x.shape[1], device=x.device).clamp_max(self.LEARNED - 1)]
        return x


def sinusoids(length: int, width: int) -> Tensor:
    """(length, width): sines and cosines of the position at wavelengths from 2 pi to 20000 pi (Vaswani et al., 3.5)."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10000) / width))
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]


def mean_over_time(x: Tensor, frames: Tensor) -> Tensor:
    """(B, T, D) -> (B, D): masked mean over each clip's `frames` (B, T) bool."""
    return (x * frames[..., None]).sum(1) / frames.sum(1, keepdim=True)


class Dropout(nn.Module):
    """Dropout (Srivastava et al., JMLR 2014) with one random byte per element, on the CPU.

    Torch draws a full random number per element and multiplies by booleans, which together took half of the time of
    SPOTER's training. A byte rounds `p` to 1/256 (.1 is .1016); kept elements are scaled by the rounded value, so that
    the mean is preserved.
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if x.device.type == "cpu":
            return _ByteDropout.apply(x, self.p)  # type: ignore[no-untyped-call]  # untyped in torch
        return F.dropout(x, self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class _ByteDropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, p: float) -> Tensor:
        dropped = round(256 * p)
        ctx.scale = 256 / (256 - dropped)
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-2**63, None)  # all 64 bits are random
        drawn = words.view(torch.int8)[:x.numel()].view(x.shape).to(_INTEGERS[x.element_size()])
        # The sign of a difference, extended to all bits: -1 keeps an element's bits, 0 clears them. This is ten times
        # as fast as any operation on booleans.
        kept = drawn.neg_().add_(dropped - 129).bitwise_right_shift_(8 * x.element_size() - 1)
        ctx.save_for_backward(kept)
        return _keep(x, kept, ctx.scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (kept,) = ctx.saved_tensors
        return _keep(gradient, kept, ctx.scale), None


_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def _keep(x: Tensor, kept: Tensor, scale: float) -> Tensor:
    return (x.view(kept.dtype) & kept).view(x.dtype).mul_(scale)
