"""STF-Net with the formula's weights: which of the authors' tensors is which of ours."""

import numpy as np
import torch
from torch import Tensor

from slr.models import build
from slr.models.stfnet.backbone import SIZES
from slr.models.stfnet.published import PublishedStfnet
from slr.params.families.stfnet import StfnetParams
from tests.helpers.reference import Theirs, batch_norm, below, fill, formula, linear, recurrent, sines


def convolution(theirs: str, ours: str) -> Theirs:
    """A convolution without a bias."""
    return Theirs(f"{theirs}.weight", "matrix", (f"{ours}.weight",))


FUSION = [
    Theirs("fusion_weights", "scale", ("weights",)),
    *(tensor for i, ours in enumerate(("short", "long")) for tensor in (
        convolution(f"t_conv.{i}.0", f"{ours}.0"), *batch_norm(f"t_conv.{i}.1", f"{ours}.1"))),
    *(convolution(f"cbam.0.fc.{i}", f"attend_channels.layers.{i}") for i in (0, 2)),
    convolution("cbam.1.conv", "attend_places.conv"),
    convolution("st_conv.0", "merge_time.0"), *batch_norm("st_conv.1", "merge_time.1"),
    convolution("st_conv.3", "merge_space.0"), *batch_norm("st_conv.4", "merge_space.1")]
EXCITATION = [convolution("temporal_att.0", "layers.0"), *batch_norm("temporal_att.1", "layers.1"),
              convolution("temporal_att.3", "layers.3")]
ALIGNMENT = [
    *(tensor for i, ours in enumerate(("unused", "heads.0.project", "heads.1.project"), 1) for tensor in (
        *linear(f"conv{i}.0", f"{ours}.0"), *batch_norm(f"conv{i}.1", f"{ours}.1"))),
    *(tensor for i in range(3) for tensor in below(f"stf{i + 1}.", f"heads.{i}.excite.", EXCITATION)),
    *(tensor for theirs, ours in ((0, 0), (4, 2)) for tensor in (
        *linear(f"tcn_layers.{theirs}", f"temporal.layers.{ours}.conv"),
        *batch_norm(f"tcn_layers.{theirs + 1}", f"temporal.layers.{ours}.norms.0"))),
    *linear("fc", "linear")]
LIFT = [*linear("predictor.0", "predict.0"), *linear("predictor.2", "predict.2"),
        *linear("updater.0", "update.0"), *linear("updater.2", "update.2"),
        *(tensor for theirs, ours in (("weight1", "weigh_smooth"), ("weight2", "weigh_detail")) for tensor in (
            *linear(f"{theirs}.conv", f"{ours}.conv"), Theirs(f"{theirs}.insnorm.weight", "scale", (f"{ours}.scale",)),
            Theirs(f"{theirs}.insnorm.bias", "bias", (f"{ours}.shift",))))]
TEMPORAL = [tensor for i in range(4) for tensor in below(f"temporal_conv.{i}.", f"layers.{i}.", LIFT if i % 2 else [
    *linear("0", "conv"), *batch_norm("1", "norms.0")])]
LSTM = [tensor for layer in range(2) for tensor in (
    *recurrent("rnn", f"forward_layers.{layer}", layer), *recurrent("rnn", f"backward_layers.{layer}", layer, True))]


def block(theirs: str, shortcut: bool) -> list[Theirs]:
    """A residual block of the backbone."""
    own = [tensor for i in (1, 2) for tensor in (convolution(f"conv{i}", f"conv{i}"), *batch_norm(f"bn{i}", f"bn{i}"))]
    if shortcut:
        own += [convolution("downsample.0", "downsample.0"), *batch_norm("downsample.1", "downsample.1")]
    return below(f"conv2d.{theirs}", f"backbone.{theirs}", own)


def tensors(backbone: str) -> list[Theirs]:
    """All of the authors' tensors, in the order of their numbers."""
    stages = [[tensor for i in range(count) for tensor in block(f"layer{stage}.{i}.", stage > 1 and i == 0)]
              for stage, count in enumerate(SIZES[backbone][1], 1)]
    fused = [below(f"conv2d.shift{i + 1}.", f"fusions.{i}.", FUSION) for i in range(3)]
    return [
        Theirs("conv2d.alpha", "free", ("alpha",)), convolution("conv2d.conv1", "backbone.conv1"),
        *batch_norm("conv2d.bn1", "backbone.bn1"), *stages[0],
        *(tensor for stage, fusion in zip(stages[1:], fused, strict=True) for tensor in (*stage, *fusion)),
        *below("conv1d.", "temporal.", TEMPORAL), convolution("conv1d.fc", "classifiers.0"),
        *below("temporal_model.", "lstm.", LSTM), *below("csa.", "alignment.", ALIGNMENT)]


def network(backbone: str, gain: float, classes: int = 12) -> PublishedStfnet:
    """The published network in evaluation mode; `classes` with the blank."""
    model = build(StfnetParams(published=True, backbone=backbone), classes - 1).eval()
    theirs = tensors(backbone)
    fill(model, theirs, gain)
    weight = model.classifiers[0].weight  # the authors' is (width, classes)
    k = [tensor.name for tensor in theirs].index("conv1d.fc.weight")
    weight.data.copy_(formula("matrix", k, weight.T.shape, gain).T)
    return model


LENGTHS = [16, 11]


def pictures() -> Tensor:
    """(2, 3, 16, 224, 224): the clips of the cases of whole networks, zero behind the second one."""
    clips = torch.zeros(2, 3, max(LENGTHS), 224, 224)
    for clip, length in enumerate(LENGTHS):
        t, c, h, w = np.ogrid[:length, :3, :224, :224]
        moving = 0.5 * np.sin(0.9 * t + 2.1 * c + 0.02 * h + 0.03 * w + clip)
        noise = 0.5 * sines(9000 + clip, length, 3, 224, 224)
        waves = (0.55 + 0.45 * np.sin(1.3 * t + clip)) * (moving + noise)
        clips[clip, :, :length] = torch.from_numpy(waves).float().transpose(0, 1)
    return clips
