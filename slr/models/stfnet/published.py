"""STF-Net as its authors publish it (`published: true`): fusion, alignment heads, and padding that is read as frames.

Zhang et al., STF-Net, https://github.com/zhanglong908/STFNet. What differs from the repaired form of the modules beside
this one is listed in docs/stfnet.md. All clips of a batch are as long as its longest, so packed frames (N, ...) are B
times the same number of frames.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from slr.models.stfnet import Stfnet
from slr.models.stfnet.fusion import ChannelAttention, SpatialAttention
from slr.models.stfnet.packing import pack
from slr.models.stfnet.temporal import PaddedTemporalLayers, with_edges
from slr.params.families.stfnet import StfnetParams
from slr.preprocessing.rgb import RgbBatch

ALIGNED = 1000
"""Width of the alignment heads' vectors."""


def by_clip(x: Tensor, clips: int) -> Tensor:
    """(B T, C, H, W) -> (B, C, T, H W): a clip as one picture, on which temporal convolutions are 2-D ones of (k, 1).

    Without copying if channels are last; a 3-D kernel of (k, 1, 1) is far slower on CPUs.
    """
    frames, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(clips, frames // clips, height * width, channels)
    return rows.permute(0, 3, 1, 2)


def by_frame(x: Tensor, like: Tensor) -> Tensor:
    """(B, C, T, H W) -> (B T, C, H, W), with the frames and sides of `like`."""
    frames, _, height, width = like.shape
    return x.permute(0, 2, 3, 1).reshape(frames, height, width, x.shape[1]).permute(0, 3, 1, 2)


def over_time(inputs: int, outputs: int, kernel: int, groups: int) -> nn.Conv2d:
    """A grouped temporal convolution of clips as `by_clip` gives them, zero-padded, without bias."""
    return nn.Conv2d(inputs, outputs, (kernel, 1), padding=(kernel // 2, 0), groups=groups, bias=False)


class PublishedFusion(nn.Module):
    """x + f(x), of which `PublishedStfnet` adds alpha times to x.

    f: depthwise temporal convolutions of 3 and 5 frames, each with norm and ReLU, summed with learned weights; channel
    attention of the whole clip; spatial attention; concatenation behind the input; a depthwise temporal convolution of
    3 frames with norm and ReLU; a spatial one of 3x3 with norm, whose groups are neighbouring channels. So the first
    half of the outputs reads the input alone, and the second half the attended features alone.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.short, self.long = (
            nn.Sequential(over_time(channels, channels, kernel, channels), nn.BatchNorm2d(channels), nn.ReLU())
            for kernel in (3, 5))
        self.weights = nn.Parameter(torch.ones(2))
        self.attend_channels = ChannelAttention(channels)
        self.attend_places = SpatialAttention()
        self.merge_time = nn.Sequential(over_time(2 * channels, 2 * channels, 3, 2 * channels),
                                        nn.BatchNorm2d(2 * channels), nn.ReLU())
        self.merge_space = nn.Sequential(nn.Conv2d(2 * channels, channels, 3, padding=1, groups=channels, bias=False),
                                         nn.BatchNorm2d(channels))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor, clips: int) -> Tensor:
        """(N, C, H, W) -> the same shape; packed frames of so many clips."""
        h = by_clip(x, clips)
        h = self.weights[0] * self.short(h) + self.weights[1] * self.long(h)
        h = by_frame(h * self.attend_channels(h), x)
        h = h * self.attend_places(h)
        h = self.merge_time(by_clip(torch.cat([x, h], 1), clips))
        return x + self.merge_space(by_frame(h, x))


class PublishedExcitation(nn.Module):
    """Channel attention of each place of each frame, from the neighbouring frames, through a quarter of the channels.

    Parameters
    ----------
    channels : int
    groups : int
        Of both convolutions; must divide a quarter of the channels.
    """

    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.layers = nn.Sequential(over_time(channels, channels // 4, 3, groups), nn.BatchNorm2d(channels // 4),
                                    nn.ReLU(), over_time(channels // 4, channels, 3, groups), nn.Sigmoid())

    def forward(self, x: Tensor, clips: int) -> Tensor:
        """(N, C, H, W) packed -> the same shape."""
        return x * by_frame(self.layers(by_clip(x, clips)), x)


def projection(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU())


class PublishedAlignment(nn.Module):
    """A stage's features before their fusion -> one vector per frame: projection, excitation, mean.

    Parameters
    ----------
    inputs, width : int
        Channels of the stage, and of the vectors; there is a projection where they differ.
    groups : int
        Groups of the excitation.
    attention : bool
        Whether there is an excitation.
    """

    def __init__(self, inputs: int, width: int, groups: int, attention: bool):
        super().__init__()
        self.project = projection(inputs, width) if inputs != width else None
        self.excite = PublishedExcitation(width, groups) if attention else None

    def forward(self, x: Tensor, clips: int) -> Tensor:
        """(N, inputs, H, W) packed -> (N, width)"""
        x = x if self.project is None else self.project(x)
        return (x if self.excite is None else self.excite(x, clips)).mean((2, 3))


class PublishedAlignments(nn.Module):
    """The three alignment heads, of the stages 2, 3 and 4: a linear layer and temporal layers that they share.

    Parameters
    ----------
    widths : sequence of 4 int
        Channels of the stages.
    outputs : int
    temporal : sequence of str
        As of `TemporalLayers`; pooling is by the maximum.
    attention : bool
        Whether there are excitations.
    """

    def __init__(self, widths: Sequence[int], outputs: int, temporal: Sequence[str], attention: bool):
        super().__init__()
        width = widths[-1]
        # Of stage 1, in no output: the authors' network has these weights, and so their checkpoints have.
        self.unused = projection(widths[0], width)
        self.heads = nn.ModuleList(PublishedAlignment(inputs, width, width // reduction, attention)
                                   for inputs, reduction in zip(widths[1:], (4, 8, 16), strict=True))
        self.linear = nn.Linear(width, ALIGNED)
        self.temporal = PaddedTemporalLayers(ALIGNED, outputs, temporal, "max")

    def forward(self, level: int, x: Tensor, clips: int) -> Tensor:
        """(N, C, H, W), the packed output of the stage of a head -> (N, ALIGNED), for the temporal layers."""
        vectors: Tensor = self.linear(self.heads[level](x, clips))
        return vectors


class PublishedStfnet(Stfnet):
    """STF-Net as published; interface and parameters are those of `Stfnet`.

    Clips are padded as images, by their first and last frame, to the length of the longest. All that is read as frames
    of the clip up to the BiLSTM: a clip's answer depends on the others in its batch.
    """

    def _build_levels(self, params: StfnetParams) -> int:
        widths = self.backbone.widths
        self.fusions = nn.ModuleList(PublishedFusion(width) for width in widths[1:])
        self.alpha = nn.Parameter(torch.zeros(len(self.fusions)))
        self.alignment = PublishedAlignments(widths, self.width, params.temporal, params.alignment_attention)
        self.temporal = PaddedTemporalLayers(widths[-1], self.width, params.temporal, params.pooling)
        self.repeats = self.temporal.margin
        return len(self.alignment.heads)

    def frames_of(self, batch: RgbBatch) -> tuple[Tensor, Tensor]:
        clips = pack(batch.images.transpose(1, 2), batch.lengths)
        frames, lengths = with_edges(clips, batch.lengths, self.temporal.margin, self.temporal.stride)
        return frames.flatten(0, 1), lengths

    def _fused(self, i: int, x: Tensor, heads: list[Tensor], lengths: Tensor) -> tuple[Tensor, list[Tensor]]:
        clips = len(lengths)
        heads = [*heads, self._segment(self.alignment, i, x, clips)]
        return x + self.alpha[i] * self._segment(self.fusions[i], x, clips), heads

    def _aligned(self, heads: list[Tensor], lengths: Tensor) -> list[Tensor]:
        return [self.alignment.temporal(head, lengths)[0] for head in heads]
