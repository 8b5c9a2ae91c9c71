"""Conformer: self-attention for long-range context, convolution for local context.

Gulati et al., "Conformer: Convolution-augmented Transformer for Speech Recognition", Interspeech 2020; with absolute
instead of relative positions.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from slr.models.layers import sinusoids
from slr.preprocessing.batch import frame_mask


class Conformer(nn.Module):
    """Conformer layers over a sentence's output frames.

    Parameters
    ----------
    width, layers, heads : int
    dropout : float

    Attributes
    ----------
    width : int
        Output width.
    """

    def __init__(self, width: int, layers: int, heads: int, dropout: float):
        super().__init__()
        self.width = width
        self.layers = nn.ModuleList(ConformerLayer(width, heads, dropout) for _ in range(layers))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x: (B, T, width), lengths: (B,) -> (B, T, width)"""
        frames = frame_mask(lengths, x.shape[1])
        x = x + sinusoids(x.shape[1], self.width).to(x)
        for layer in self.layers:
            x = layer(x, frames)
        return x


class ConformerLayer(nn.Module):
    """Half a feed-forward layer, attention, convolution, half a feed-forward layer; each with norm and residual."""

    KERNEL, EXPANSION = 15, 4

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.before, self.after = (nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, self.EXPANSION * width), nn.SiLU(), nn.Dropout(dropout),
            nn.Linear(self.EXPANSION * width, width), nn.Dropout(dropout)) for _ in range(2))
        self.attention_norm = nn.LayerNorm(width)
        self.attend = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.convolution_norm = nn.LayerNorm(width)
        self.gate = nn.Linear(width, 2 * width)
        self.convolve = nn.Conv1d(width, width, self.KERNEL, padding=self.KERNEL // 2, groups=width)
        self.inner_norm = nn.LayerNorm(width)  # the paper's batch norm would include padding
        self.mix = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """x: (B, T, width), frames: (B, T) -> (B, T, width)"""
        x = x + self.before(x) / 2
        h = self.attention_norm(x)
        x = x + self.dropout(self.attend(h, h, h, key_padding_mask=~frames, need_weights=False)[0])
        h = F.glu(self.gate(self.convolution_norm(x)), -1).masked_fill(~frames[..., None], 0)
        h = self.convolve(h.transpose(1, 2)).transpose(1, 2)
        x = x + self.dropout(self.mix(F.silu(self.inner_norm(h))))
        return self.norm(x + self.after(x) / 2)
