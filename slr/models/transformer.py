"""Transformer layers and positions, composed by the models of this package."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Multi-head attention (Vaswani et al., NeurIPS 2017)."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, source: Tensor, attend: Tensor) -> Tensor:
        """Answer `x` (B, Q, D) from `source` (B, T, D), of which `attend` (B, 1, 1, T) bool may be looked at."""
        query, key, value = (self._heads(t) for t in (self.query(x), *self.key_value(source).chunk(2, -1)))
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=attend,
                                               dropout_p=self.dropout if self.training else 0)
        return self.out(found.transpose(1, 2).flatten(2))  # (B, H, Q, D / H) -> (B, Q, D)

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, T, D) -> (B, H, T, D / H)


class Layer(nn.Module):
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
        self.feedforward = nn.Sequential(nn.Linear(width, feedforward), nn.ReLU(), nn.Dropout(dropout),
                                         nn.Linear(feedforward, width))
        self.attention_norm, self.feedforward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, source: Tensor | None, attend: Tensor) -> Tensor:
        """x: (B, Q, D); source: (B, T, D) to look at, None for x itself; attend: (B, 1, 1, T) bool."""
        if self.norm_first:
            h = self.attention_norm(x)
            x = x + self.dropout(self.attention(h, h if source is None else source, attend))
            return x + self.dropout(self.feedforward(self.feedforward_norm(x)))
        x = self.attention_norm(x + self.dropout(self.attention(x, x if source is None else source, attend)))
        return self.feedforward_norm(x + self.dropout(self.feedforward(x)))


class Positions(nn.Module):
    """Tells the order of the frames, by adding to each.

    Parameters
    ----------
    kind : {"none", "published", "sinusoidal", "learned"}
        `published`: one learned vector, the same for every frame, so the order isn't told. `sinusoidal`: Vaswani et al.
        `learned`: a vector for each of the first `LEARNED` frames; later ones share the last.
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
