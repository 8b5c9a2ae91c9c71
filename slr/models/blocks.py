"""Blocks shared by several networks: masked normalisation, temporal convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FrameNorm(nn.BatchNorm1d):
    """Batch norm (Ioffe and Szegedy, ICML 2015) whose statistics exclude padded frames.

    Parameters
    ----------
    features : int
    time_last : bool, default False
        The input is (B, features, T) rather than (B, T, ..., features).
    """

    def __init__(self, features: int, time_last: bool = False):
        super().__init__(features)
        self.time_last = time_last

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:  # type: ignore[override]  # never used as its base class
        """`frames` (B, T) bool is False for padding, which in training becomes zero."""
        if not self.training or frames.all():
            return super().forward(x) if self.time_last else super().forward(x.flatten(0, -2)).view(x.shape)
        x = x.transpose(1, 2) if self.time_last else x
        own = super().forward(x[frames].flatten(0, -2))  # (frames of all clips, features)
        filled = torch.zeros_like(x, dtype=own.dtype).index_put((frames,), own.view(-1, *x.shape[2:]))
        return filled.transpose(1, 2) if self.time_last else filled


class TemporalBlock(nn.Module):
    """Temporal convolution -> norm -> ReLU -> dropout, with a residual connection if the width stays the same.

    All ensemble members at once, each with its own weights, as one grouped convolution.
    """

    def __init__(self, members: int, inputs: int, outputs: int, kernel: int, stride: int, dropout: float):
        super().__init__()
        self.convolve = nn.Conv1d(members * inputs, members * outputs, kernel, stride, kernel // 2, groups=members,
                                  bias=False)
        self.norm = FrameNorm(members * outputs, time_last=True)
        self.dropout = ChannelDropout(dropout)
        self.stride, self.residual = stride, inputs == outputs

    def forward(self, x: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """x: (B, members * inputs, T), frames: (B, T) -> (B, members * outputs, T'), (B, T')"""
        x = x.masked_fill(~frames[:, None], 0)  # padding must be zero for the convolution at the clip's end
        kept = frames[:, ::self.stride]
        h = self.dropout(F.relu(self.norm(self.convolve(x), kept)))
        return h + x[:, :, ::self.stride] if self.residual else h, kept


class ChannelDropout(nn.Module):
    """Dropout of whole channels of a clip (Tompson et al., CVPR 2015): one random number for all frames."""

    def __init__(self, share: float):
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, T) -> (B, D, T)"""
        if not self.training or not self.share:
            return x
        kept = torch.rand(*x.shape[:2], 1, device=x.device) >= self.share
        return x * (kept / (1 - self.share)).to(x.dtype)
