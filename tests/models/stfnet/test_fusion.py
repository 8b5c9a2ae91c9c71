"""Spatio-temporal fusion beside a plain re-computation, and frames in rows."""

import pytest
import torch
from torch.nn import functional as F

from slr.models.stfnet.fusion import ChannelAttention, Fusion, SpatialAttention
from slr.models.stfnet.packing import convolve_over_time, pack, unpack

CHANNELS = 16


def fusion() -> Fusion:
    torch.manual_seed(0)
    block = Fusion(CHANNELS).double()
    block.weights.data.copy_(torch.tensor([0.7, -0.4]))
    return block


def test_it_has_the_published_parts_and_no_more():
    sizes = {name: weight.numel() for name, weight in fusion().named_parameters()}
    assert sizes == {
        "short": 3 * CHANNELS, "long": 5 * CHANNELS, "weights": 2, "attend_channels.layers.0.weight": CHANNELS**2 // 8,
        "attend_channels.layers.2.weight": CHANNELS**2 // 8, "attend_places.conv.weight": 2 * 7 * 7,
        "merge_time": 2 * CHANNELS * 3, "merge_space": CHANNELS * 2 * 3 * 3, "alpha": 1}


def test_it_starts_as_nothing_and_alpha_can_learn():
    block, x = fusion(), torch.randn(6, CHANNELS, 5, 4, dtype=torch.float64)
    y = block(x, [6])
    assert torch.equal(y, x)
    y.square().sum().backward()
    assert block.alpha.grad.abs() > 1e-3


def by_hand(block: Fusion, clip: torch.Tensor) -> torch.Tensor:
    """One clip (T, C, H, W), channel by channel and frame by frame."""
    frames = len(clip)

    def over_time(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """x: (T, H, W); weight: (k,)"""
        half = len(weight) // 2
        return torch.stack([sum((weight[k] * x[t + k - half] for k in range(len(weight)) if 0 <= t + k - half < frames),
                                torch.zeros_like(x[0])) for t in range(frames)])

    h = torch.stack([block.weights[0] * over_time(clip[:, c], block.short[c])
                     + block.weights[1] * over_time(clip[:, c], block.long[c]) for c in range(CHANNELS)], 1)
    squeeze, excite = block.attend_channels.layers[0].weight, block.attend_channels.layers[2].weight
    attended = []
    for frame in h:
        pooled = frame.mean((1, 2)), frame.flatten(1).max(1).values
        frame = frame * torch.sigmoid(sum(excite @ (squeeze @ p).relu() for p in pooled))[:, None, None]
        maps = torch.stack([frame.mean(0), frame.max(0).values])
        attended.append(frame * F.conv2d(maps[None], block.attend_places.conv.weight, padding=3)[0].sigmoid())
    h = torch.stack(attended)
    merged = torch.stack([sum(F.conv2d(over_time(x[:, c], block.merge_time[c, i])[:, None],
                                       block.merge_space[c, i][None, None], padding=1)[:, 0]
                              for i, x in enumerate((clip, h))) for c in range(CHANNELS)], 1)
    return clip + block.alpha * merged


@pytest.mark.parametrize("lengths", [[4, 4], [5, 1, 3]])
def test_it_is_what_the_paper_says_for_each_clip_by_itself(lengths):
    block = fusion()
    block.alpha.data.fill_(0.3)
    x = torch.randn(sum(lengths), CHANNELS, 4, 3, dtype=torch.float64)
    expected = torch.cat([by_hand(block, clip) for clip in x.split(lengths)])
    for layout in (torch.channels_last, torch.contiguous_format):
        torch.testing.assert_close(block(x.contiguous(memory_format=layout), lengths), expected)


def test_depthwise_over_time_is_the_three_dimensional_convolution_with_its_gradients():
    torch.manual_seed(0)
    x = torch.randn(12, 4, 3, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    solid = F.conv3d(x.unflatten(0, (2, 6)).transpose(1, 2), weight[:, None, :, None, None], padding=(2, 0, 0),
                     groups=4)
    ours = convolve_over_time(x, weight, [6, 6]).unflatten(0, (2, 6)).transpose(1, 2)
    torch.testing.assert_close(ours, solid)
    for one, other in zip(torch.autograd.grad(ours.sin().sum(), (x, weight)),
                          torch.autograd.grad(solid.sin().sum(), (x, weight)), strict=True):
        torch.testing.assert_close(one, other)


def test_attention_weighs_by_mean_and_largest_and_keeps_between_0_and_1():
    torch.manual_seed(0)
    x = torch.randn(3, CHANNELS, 6, 6)
    peak = x.clone()
    peak[:, :, 2, 3] += 5  # moves the largest value far more than the mean
    for attend, shape in ((ChannelAttention(CHANNELS), (3, CHANNELS, 1, 1)), (SpatialAttention(), (3, 1, 6, 6))):
        weights = attend(x)
        assert weights.shape == shape and (weights > 0).all() and (weights < 1).all()
        assert (attend(peak) - weights).abs().max() > 1e-3


def test_packing_leaves_padding_out_and_unpacking_puts_zeros_there():
    x, lengths = torch.arange(24.).reshape(3, 4, 2) + 1, torch.tensor([2, 4, 1])
    rows = pack(x, lengths)
    assert torch.equal(rows, torch.cat([x[0, :2], x[1], x[2, :1]]))
    back = unpack(rows, lengths)
    assert torch.equal(pack(back, lengths), rows) and back[0, 2:].eq(0).all() and back[2, 1:].eq(0).all()
