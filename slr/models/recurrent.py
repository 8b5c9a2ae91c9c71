"""LSTMs and GRUs that read a clip both ways, to its own end."""

from typing import Literal

import torch
from torch import Tensor, nn


class BothWays(nn.Module):
    """A bidirectional LSTM or GRU over each clip's own frames.

    What torch's bidirectional ones say of packed sequences. Each way is a network of its own, the backward one on clips
    that are turned around within their length, so that nothing is packed: torch has fast LSTMs for such alone.

    Parameters
    ----------
    kind : {"lstm", "gru"}
    inputs, hidden : int
        `hidden` of each direction.
    layers : int
    dropout : float
        Between layers.
    """

    def __init__(self, kind: Literal["lstm", "gru"], inputs: int, hidden: int, layers: int, dropout: float):
        super().__init__()
        cell = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        widths = [inputs] + [2 * hidden] * (layers - 1)
        self.there = nn.ModuleList(cell(width, hidden, batch_first=True) for width in widths)
        self.back = nn.ModuleList(cell(width, hidden, batch_first=True) for width in widths)
        self.dropout = nn.Dropout(dropout)
        self.width = 2 * hidden

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x: (B, T, inputs), lengths: (B,) -> (B, T, 2 hidden), zero behind a clip's end."""
        for layer, (there, back) in enumerate(zip(self.there, self.back, strict=True)):
            x = self.dropout(x) if layer else x
            x = torch.cat([there(x)[0], turned(back(turned(x, lengths))[0], lengths)], 2)
        own = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        return x.masked_fill(~own[..., None], 0)


def turned(x: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, D) clips turned around within their lengths (B,); behind these their first frame is repeated."""
    steps = torch.arange(x.shape[1], device=x.device)
    return x.take_along_dim((lengths[:, None] - 1 - steps).clamp_min(0)[..., None], 1)
