"""Temporal layers: lift pooling beside a plain loop, edges, lengths, and what never reaches a clip from behind it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from slr.models.stfnet.alignment import Alignment, TemporalExcitation
from slr.models.stfnet.temporal import Classifier, LiftPooling, TemporalLayers, margin_and_stride, with_edges

LAYERS = ["K5", "P2", "K5", "P2"]


def stirred(module: torch.nn.Module) -> torch.nn.Module:
    """In float64, with weights that start at zero drawn at random."""
    torch.manual_seed(0)
    for weight in module.parameters():
        if not weight.any():
            weight.data.normal_(0, 0.2)
    return module.double()


def test_margin_and_stride_of_the_published_layers():
    assert margin_and_stride(LAYERS) == (6, 4)
    assert margin_and_stride(["K3"]) == (1, 1)
    assert margin_and_stride(["K5", "P2", "P3", "K3"]) == (2 + 6, 6)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4),
       st.lists(st.sampled_from(["K3", "K5", "P2", "P3"]), max_size=4))
def test_a_clip_gives_its_frames_over_the_stride_rounded_up(lengths, layers):
    model = TemporalLayers(2, 2, ["K3", *layers], "max").eval()
    x, pooled, _ = model(torch.randn(sum(lengths), 2), torch.tensor(lengths))
    stride = margin_and_stride(layers)[1]
    assert pooled.tolist() == [-(-length // stride) for length in lengths]
    assert x.shape == (len(lengths), max(pooled), 2)


def test_edges_repeat_a_clips_own_first_and_last_frames():
    x = torch.arange(8.)[:, None]
    edged, lengths = with_edges(x, torch.tensor([5, 3]), 2, 4)
    assert lengths.tolist() == [12, 8]
    assert edged[0, :, 0].tolist() == [0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4, 4]
    assert edged[1, :8, 0].tolist() == [5, 5, 5, 6, 7, 7, 7, 7]


def lift_by_hand(pool: LiftPooling, x: torch.Tensor) -> tuple[torch.Tensor, float, float]:
    """One clip (T, C), frame by frame."""
    pairs, channels = len(x) // 2, x.shape[1]

    def at(rows: list[torch.Tensor], t: int) -> torch.Tensor:
        return rows[t] if 0 <= t < pairs else torch.zeros(channels, dtype=torch.float64)

    def step(layers: torch.nn.Sequential, rows: list[torch.Tensor], t: int) -> torch.Tensor:
        depthwise, pointwise = layers[0], layers[2]
        h = sum(depthwise.weight[:, 0, k] * at(rows, t + k - 1) for k in range(3)) + depthwise.bias
        return torch.tanh(pointwise.weight[:, :, 0] @ h.relu() + pointwise.bias)

    def weighed(weighting, rows: list[torch.Tensor]) -> torch.Tensor:
        h = torch.stack([sum(weighting.conv.weight[:, :, k] @ at(rows, t + k - 2) for k in range(5))
                         + weighting.conv.bias for t in range(pairs)])
        h = (h - h.mean(0)) / (h.var(0, correction=0) + 1e-5).sqrt() * weighting.scale + weighting.shift
        return torch.stack(rows) * (1 + h.sigmoid() - 0.5)

    even, odd = list(x[0::2]), list(x[1::2])
    detail = [odd[t] - step(pool.predict, even, t) for t in range(pairs)]
    smooth = [even[t] + step(pool.update, detail, t) for t in range(pairs)]
    error = sum((d * d).sum().item() for d in detail) ** 0.5
    unlike = sum(((s - o) ** 2).sum().item() for s, o in zip(smooth, odd, strict=True)) ** 0.5
    return weighed(pool.weigh_smooth, smooth) + weighed(pool.weigh_detail, detail), error, unlike


def test_lift_pooling_is_the_plain_loop_for_each_clip_whatever_lies_behind_it():
    pool, lengths = stirred(LiftPooling(6)), [8, 2, 12]
    x = torch.randn(3, 13, 6, dtype=torch.float64)
    pooled, halved, norms = pool(x, torch.tensor(lengths))
    assert halved.tolist() == [4, 1, 6]
    for i, length in enumerate(lengths):
        expected, error, unlike = lift_by_hand(pool, x[i, :length])
        torch.testing.assert_close(pooled[i, :length // 2], expected)
        assert norms[i].tolist() == pytest.approx([error, unlike], rel=1e-6)


def test_lift_pooling_starts_as_the_sum_of_each_two_frames():
    x = torch.randn(2, 8, 6)
    pooled, _, _ = LiftPooling(6)(x, torch.tensor([8, 8]))
    torch.testing.assert_close(pooled, x[:, 0::2] + x[:, 1::2], atol=1e-5, rtol=0)


def test_gradients_of_lift_pooling_are_finite_where_all_frames_are_alike():
    pool, x = LiftPooling(4), torch.zeros(1, 6, 4, requires_grad=True)
    pooled, _, norms = pool(x, torch.tensor([6]))
    (pooled.sum() + norms.sum()).backward()
    assert x.grad.isfinite().all() and all(weight.grad.isfinite().all() for weight in pool.parameters())


@pytest.mark.parametrize("pooling", ["lift", "max"])
@pytest.mark.parametrize("source", [0, 1])
@pytest.mark.parametrize("training", [False, True])
def test_temporal_layers_are_plain_convolutions_and_norms_of_own_frames(pooling, training, source):
    """Beside torch's own layers, one clip at a time; the norms, in training, by what all clips give together."""
    model = stirred(TemporalLayers(3, 4, LAYERS, pooling, sources=2)).train(training)
    lengths = [9, 1, 14]
    rows = torch.randn(sum(lengths), 3, dtype=torch.float64)
    clips = [with_edges(clip, torch.tensor([len(clip)]), 6, 4)[0][0].T for clip in rows.split(lengths)]
    for layer in model.layers:
        if hasattr(layer, "conv"):
            clips = [F.conv1d(clip[None], layer.conv.weight, layer.conv.bias)[0] for clip in clips]
            sizes = [clip.shape[1] for clip in clips]
            norm = layer.norms[source]
            together = F.batch_norm(torch.cat(clips, 1).T, norm.running_mean.clone(), norm.running_var.clone(),
                                    norm.weight, norm.bias, training)
            clips = [part.T for part in together.relu().split(sizes)]
        elif pooling == "lift":
            clips = [lift_by_hand(layer, clip.T)[0].T for clip in clips]
        else:
            clips = [F.max_pool1d(clip[None], 2)[0] for clip in clips]
    others = {name: value.clone() for name, value in model.named_buffers() if f"norms.{source}." not in name}
    x, pooled, _ = model(rows, torch.tensor(lengths), source)
    assert all(torch.equal(value, model.get_buffer(name)) for name, value in others.items())
    for i, clip in enumerate(clips):
        torch.testing.assert_close(x[i, :pooled[i]], clip.T)


def test_normalised_classes_have_weights_of_length_1_and_no_bias():
    torch.manual_seed(0)
    x, plain, normalised = torch.randn(5, 8), Classifier(8, 6, False), Classifier(8, 6, True)
    normalised.weight.data.copy_(3 * plain.weight)
    assert normalised.bias is None and plain.bias is not None
    expected = plain(x) / plain.weight.norm(dim=1)
    torch.testing.assert_close(normalised(x), expected)


@pytest.mark.parametrize("groups", [4, 2, 1])
def test_temporal_excitation_is_grouped_and_keeps_to_the_clip(groups):
    excite = stirred(TemporalExcitation(16, groups))
    assert sum(weight.numel() for weight in excite.parameters()) == 2 * (16 * 4 * 3 // groups) + 4 + 16
    x, lengths = torch.randn(9, 16, dtype=torch.float64), [5, 1, 3]
    weights = excite(x, torch.tensor(lengths))
    for clip, of_clip in zip(x.split(lengths), weights.split(lengths), strict=True):
        expected = excite.excite(excite.squeeze(clip.T[None]).relu()).sigmoid()[0].T
        torch.testing.assert_close(of_clip, expected)


@pytest.mark.parametrize("attention", [True, False])
def test_alignment_weighs_whole_frames_before_their_mean(attention):
    """The published order: the weights multiply the features at every place, then their mean is taken."""
    head = stirred(Alignment(6, 16, 4, attention)).eval()
    assert (head.excite is not None) == attention
    x = torch.randn(7, 6, 3, 5, dtype=torch.float64)
    h = head.norm(head.project(x)).relu()
    if attention:
        h = h * head.excite(h.mean((2, 3)), torch.tensor([4, 3]))[..., None, None]
    torch.testing.assert_close(head(x, torch.tensor([4, 3])), head.linear(h.mean((2, 3))))
