"""From frame features to gloss logits: temporal convolutions and pooling, and the classifier.

Min et al., "Visual Alignment Constraint for Continuous Sign Language Recognition", ICCV 2021 (VAC). Sequences are (B,
T, C) with the lengths (B,) of the clips; padding never influences a clip, except in `PaddedTemporalLayers`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.models.blocks import FrameNorm
from slr.preprocessing.batch import frame_mask


def margin_and_stride(layers: Sequence[str]) -> tuple[int, int]:
    """The margin in frames that layers such as K5, P2, K5, P2 consume at each end, and their temporal stride."""
    margin, stride = 0, 1
    for kind, size in ((layer[0], int(layer[1:])) for layer in layers):
        if kind == "K":
            margin += size // 2 * stride
        else:
            stride *= size
    return margin, stride


def with_edges(x: Tensor, lengths: Tensor, margin: int, stride: int) -> tuple[Tensor, Tensor]:
    """Repeat each clip's first and last frame, to a multiple of the stride with a margin at both ends.

    Parameters
    ----------
    x : Tensor (N, C)
        Packed.
    lengths : Tensor (B,)
    margin, stride : int
        See `margin_and_stride`.

    Returns
    -------
    Tensor (B, T, C), and lengths (B,): those of the clips, rounded up to the stride, plus twice the margin.
    """
    longer = -(-lengths // stride) * stride + 2 * margin
    steps = torch.arange(int(longer.max()), device=x.device) - margin
    inside = torch.minimum(steps.clamp_min(0), lengths[:, None] - 1)  # (B, T)
    return x[inside + (lengths.cumsum(0) - lengths)[:, None]], longer


class TemporalConvolution(nn.Module):
    """Unpadded convolution, batch norm excluding padding, ReLU; a separate norm for each source of frames."""

    def __init__(self, inputs: int, outputs: int, kernel: int, sources: int):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel)
        self.norms = nn.ModuleList(FrameNorm(outputs) for _ in range(sources))

    def forward(self, x: Tensor, lengths: Tensor, source: int) -> tuple[Tensor, Tensor]:
        """x: (B, T, inputs) -> (B, T - kernel + 1, outputs), and the lengths."""
        x = self.conv(x.transpose(1, 2)).transpose(1, 2)
        lengths = lengths - self.conv.kernel_size[0] + 1
        return F.relu(self.norms[source](x, frame_mask(lengths, x.shape[1]))), lengths


class LiftPooling(nn.Module):
    """Pools pairs of frames by a lifting scheme: the odd frame's detail over its even neighbours, a smoothed even
    frame.

    Hu et al., "Temporal Lift Pooling for Continuous Sign Language Recognition", ECCV 2022. Initialised as the sum of
    the two frames.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.predict, self.update = _step(channels), _step(channels)
        self.weigh_smooth, self.weigh_detail = LocalWeighting(channels), LocalWeighting(channels)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pool sequences of even lengths.

        Parameters
        ----------
        x : Tensor (B, T, C)
        lengths : Tensor (B,)

        Returns
        -------
        Tensor (B, T / 2, C), the lengths (B,), and the regularisers (B, 2): the Euclidean norms of the detail, which
        should be predictable, and of the difference between smooth and odd frames, which should be similar.
        """
        lengths = lengths // 2
        x = x[:, :x.shape[1] // 2 * 2].transpose(1, 2)  # (B, C, T)
        own = frame_mask(lengths, x.shape[2] // 2)[:, None]  # (B, 1, T / 2)
        even, odd = x[..., 0::2] * own, x[..., 1::2] * own
        detail = (odd - self.predict(even)) * own
        smooth = (even + self.update(detail)) * own
        pooled = self.weigh_smooth(smooth, own) + self.weigh_detail(detail, own)
        norms = torch.stack([part.float().flatten(1).norm(dim=1) for part in (detail, smooth - odd)], 1)
        return pooled.transpose(1, 2), lengths, norms


def _step(channels: int) -> nn.Sequential:
    last = nn.Conv1d(channels, channels, 1)
    assert last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Conv1d(channels, channels, 3, padding=1, groups=channels), nn.ReLU(), last, nn.Tanh())


class LocalWeighting(nn.Module):
    """Scales each element by .5 to 1.5, depending on its temporal context; initialised as the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 5, padding=2)
        nn.init.zeros_(self.conv.weight)
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        """x: (B, C, T), zero where `own` (B, 1, T) is False -> the same shape."""
        h = self.conv(x)
        # Instance norm excluding padding.
        count = own.sum(2, keepdim=True)
        h = (h - (h * own).sum(2, keepdim=True) / count) * own
        h = h * ((h * h).sum(2, keepdim=True) / count + 1e-5).rsqrt()
        return x * (0.5 + (h * self.scale[:, None] + self.shift[:, None]).sigmoid())


class TemporalLayers(nn.Module):
    """Convolutions (K) and pooling (P) over time, as a list such as K5, P2, K5, P2.

    Parameters
    ----------
    inputs, outputs : int
    layers : sequence of str
        Odd kernels; the first layer is a convolution.
    pooling : {"lift", "max"}
        Lift pooling has size 2.
    sources : int, default 1
        Number of networks whose features share these weights. Each has its own batch norms, since their statistics
        differ.
    """

    def __init__(self, inputs: int, outputs: int, layers: Sequence[str], pooling: str, sources: int = 1):
        super().__init__()
        self.margin, self.stride = margin_and_stride(layers)
        self.layers = nn.ModuleList()
        for kind, size in ((layer[0], int(layer[1:])) for layer in layers):
            if kind == "K":
                self.layers.append(TemporalConvolution(inputs, outputs, size, sources))
                inputs = outputs
            else:
                self.layers.append(LiftPooling(outputs) if pooling == "lift" else MaxPooling(size))

    def forward(self, x: Tensor, lengths: Tensor, source: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Temporal layers on packed frames of clips.

        Parameters
        ----------
        x : Tensor (N, inputs)
        lengths : Tensor (B,)
        source : int, default 0
            Index of the network that the features come from.

        Returns
        -------
        Tensor (B, T', outputs), its lengths (B,), the clips' divided by the stride and rounded up, and the sums of the
        pooling's regularisers (B, 2), zero for max pooling.
        """
        regularisers = x.new_zeros(len(lengths), 2, dtype=torch.float32)
        x, lengths, norms = self.through(*with_edges(x, lengths, self.margin, self.stride), source)
        return x, lengths, sum(norms, regularisers)

    def through(self, x: Tensor, lengths: Tensor, source: int = 0) -> tuple[Tensor, Tensor, list[Tensor]]:
        """The layers on clips (B, T, inputs) with their edges -> (B, T', outputs), the lengths, and the regularisers
        (B, 2) of each lift pooling."""
        regularisers: list[Tensor] = []
        for layer in self.layers:
            if isinstance(layer, TemporalConvolution):
                x, lengths = layer(x, lengths, source)
            else:
                x, lengths, *norms = layer(x, lengths)
                regularisers += norms
        return x, lengths, regularisers


class PaddedTemporalLayers(TemporalLayers):
    """Temporal layers that read the padding of shorter clips as frames, as published.

    Padding counts in the norms' statistics and in the regularisers, which are norms of the whole batch: a clip's output
    depends on the clips beside it, and the regularisers grow with their number.
    """

    def forward(self, x: Tensor, lengths: Tensor, source: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Temporal layers on the frames of a padded batch.

        Parameters
        ----------
        x : Tensor (N, inputs)
            Features of B clips with their edges, each with its last frame repeated up to the end of the longest.
        lengths : Tensor (B,)
            Those of `with_edges`.
        source : int, default 0

        Returns
        -------
        Tensor (B, T', outputs), the clips' own lengths (B,) in it, and the regularisers (1, 2) of the batch.
        """
        clips = x.unflatten(0, (len(lengths), -1))
        features, _, norms = self.through(clips, torch.full_like(lengths, clips.shape[1]), source)
        regularisers = x.new_zeros(1, 2, dtype=torch.float32)
        return features, (lengths - 2 * self.margin) // self.stride, sum(map(over_batch, norms), regularisers)


def over_batch(norms: Tensor) -> Tensor:
    """Norms of each clip (B, 2) -> those of the whole batch (1, 2)."""
    return norms.norm(dim=0, keepdim=True)


class MaxPooling(nn.Module):
    """Maximum over each `size` frames."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """x: (B, T, C) -> (B, T / size, C), and the lengths."""
        return F.max_pool1d(x.transpose(1, 2), self.size).transpose(1, 2), lengths // self.size


class Classifier(nn.Module):
    """A linear layer; if `normalised`, as published, each gloss's weight vector has length 1, and there is no bias."""

    def __init__(self, width: int, classes: int, normalised: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, width))
        nn.init.xavier_uniform_(self.weight, nn.init.calculate_gain("relu"))
        self.bias = None if normalised else nn.Parameter(torch.zeros(classes))

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., classes)"""
        return F.linear(x, F.normalize(self.weight) if self.bias is None else self.weight, self.bias)
