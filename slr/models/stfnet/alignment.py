"""Hierarchical semantic alignment: vectors of an earlier stage's frames for the temporal layers."""

from torch import Tensor, nn
from torch.nn import functional as F

from slr.models.stfnet.packing import pack, unpack
from slr.preprocessing.batch import frame_mask


class TemporalExcitation(nn.Module):
    """Channel attention of each frame, from its neighbouring frames.

    Squeeze-and-excite (Hu et al., CVPR 2018) with grouped convolutions over 3 frames instead of linear layers, through
    a quarter of the channels.

    Parameters
    ----------
    channels : int
    groups : int
        Must divide a quarter of the channels.
    """

    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.squeeze = nn.Conv1d(channels, channels // 4, 3, padding=1, groups=groups)
        self.excite = nn.Conv1d(channels // 4, channels, 3, padding=1, groups=groups)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(N, C) packed -> (N, C), between 0 and 1; clips are zero-padded at their ends."""
        sequences = unpack(x, lengths)  # (B, T, C)
        own = frame_mask(lengths, sequences.shape[1])[:, None]  # (B, 1, T)
        h = F.relu(self.squeeze(sequences.transpose(1, 2))) * own
        return pack(self.excite(h).sigmoid().transpose(1, 2), lengths)


class Alignment(nn.Module):
    """A stage's features -> one vector per frame: 1x1 convolution, norm, ReLU, temporal excitation, mean, linear.

    The excitation's weights are constant within a frame, so the mean is taken first, with the same result.

    Parameters
    ----------
    inputs, width : int
        Channels of the stage, and of the vectors.
    groups : int
        Groups of the temporal excitation.
    attention : bool
        Whether there is a temporal excitation.
    """

    def __init__(self, inputs: int, width: int, groups: int, attention: bool):
        super().__init__()
        self.project = nn.Conv2d(inputs, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.excite = TemporalExcitation(width, groups) if attention else None
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(N, inputs, H, W) packed -> (N, width)"""
        h = F.relu(self.norm(self.project(x)), inplace=True).mean((2, 3))
        return self.linear(h if self.excite is None else h * self.excite(h, lengths))
