"""Bidirectional LSTMs and GRUs for padded clips."""

from typing import Literal

import torch
from torch import Tensor, nn

from slr.preprocessing.batch import frame_mask


class Bidirectional(nn.Module):
    """A bidirectional LSTM or GRU over each clip's own frames, ignoring padding.

    Equivalent to torch's bidirectional networks on packed sequences. Each direction is a network of its own, the
    backward one on clips reversed within their length, so that no packing is needed: torch's fast LSTMs don't support
    it.

    Parameters
    ----------
    kind : {"lstm", "gru"}
    inputs, hidden : int
        `hidden` is the width of each direction.
    layers : int
    dropout : float
        Dropout between layers.
    """

    def __init__(self, kind: Literal["lstm", "gru"], inputs: int, hidden: int, layers: int, dropout: float):
        super().__init__()
        cell = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        widths = [inputs] + [2 * hidden] * (layers - 1)
        self.forward_layers = nn.ModuleList(cell(width, hidden, batch_first=True) for width in widths)
        self.backward_layers = nn.ModuleList(cell(width, hidden, batch_first=True) for width in widths)
        self.dropout = nn.Dropout(dropout)
        self.width = 2 * hidden

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x: (B, T, inputs), lengths: (B,) -> (B, T, 2 hidden), zero in padding."""
        for number, (forward, backward) in enumerate(zip(self.forward_layers, self.backward_layers, strict=True)):
            x = self.dropout(x) if number else x
            ahead, _ = forward(x)  # first: the order in which gradients add up decides their last digits
            behind, _ = backward(reversed_within_length(x, lengths))
            x = torch.cat([ahead, reversed_within_length(behind, lengths)], 2)
        own = frame_mask(lengths, x.shape[1])
        return x.masked_fill(~own[..., None], 0)


def reversed_within_length(x: Tensor, lengths: Tensor) -> Tensor:
    """Clips (B, T, D) reversed within their lengths (B,); padding is filled with their first frame."""
    steps = torch.arange(x.shape[1], device=x.device)
    return x.take_along_dim((lengths[:, None] - 1 - steps).clamp_min(0)[..., None], 1)
