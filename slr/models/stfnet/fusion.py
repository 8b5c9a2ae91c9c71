"""Spatio-temporal fusion: motion between frames, with spatial and channel attention, added to a stage's features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.models.stfnet.packing import convolve_over_time


class ChannelAttention(nn.Module):
    """Channel attention of a frame, from its spatial mean and maximum.

    Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018.
    """

    def __init__(self, channels: int, reduction: int = 8):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(channels, channels // reduction, bias=False), nn.ReLU(),
                                    nn.Linear(channels // reduction, channels, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1), between 0 and 1"""
        weights = self.layers(x.mean((2, 3))) + self.layers(x.amax((2, 3)))
        return weights.sigmoid()[..., None, None]


class SpatialAttention(nn.Module):
    """Spatial attention of a frame, from the mean and maximum of its channels (CBAM)."""

    def __init__(self, kernel: int = 7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 1, H, W), between 0 and 1"""
        return self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)).sigmoid()


class Fusion(nn.Module):
    """x + alpha f(x), where alpha is learned and starts at 0, so that the block is initially the identity.

    f: depthwise temporal convolutions of 3 and 5 frames, summed with learned weights; channel attention; spatial
    attention; concatenation with the input; a depthwise temporal convolution of 3 frames; a spatial one of 3x3 whose
    groups pair a channel of the input with the same channel after attention.

    The first two are linear, so they are computed as one of 5 frames. The two halves don't interact before the last
    convolution, so each passes through both separately, and they are summed.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.short = nn.Parameter(_uniform(channels, 3))
        self.long = nn.Parameter(_uniform(channels, 5))
        self.weights = nn.Parameter(torch.full((2,), 0.5))
        self.attend_channels = ChannelAttention(channels)
        self.attend_places = SpatialAttention()
        self.merge_time = nn.Parameter(_uniform(channels, 2, 3))
        self.merge_space = nn.Parameter(_uniform(channels, 2, 3, 3))
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, lengths: Sequence[int]) -> Tensor:
        """(N, C, H, W) -> the same shape; packed frames of clips of these lengths, channels last."""
        kernel = self.weights[0] * F.pad(self.short, (1, 1)) + self.weights[1] * self.long  # (C, 5)
        h = convolve_over_time(x, kernel, lengths)
        h = h * self.attend_channels(h)
        h = h * self.attend_places(h)
        return x + self.alpha * (self._merge(x, 0, lengths) + self._merge(h, 1, lengths))

    def _merge(self, x: Tensor, half: int, lengths: Sequence[int]) -> Tensor:
        x = convolve_over_time(x, self.merge_time[:, half], lengths)
        return F.conv2d(x, self.merge_space[:, half, None], padding=1, groups=x.shape[1])


def _uniform(*shape: int) -> Tensor:
    """A convolution's weights (channels, ...) with torch's default initialisation: uniform within 1 / sqrt(fan-in)."""
    weight = torch.empty(shape)
    bound = weight[0].numel() ** -0.5
    return weight.uniform_(-bound, bound)
