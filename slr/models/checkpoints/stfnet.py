"""Checkpoints of STF-Net."""

from collections.abc import Mapping
from typing import Any

import torch

from slr.errors import ModelError
from slr.models.checkpoints.tensors import Checkpoint, Theirs, batch_norm, below, linear, matrix, recurrent

CLASSES, SHARED = "conv1d.fc.weight", "classifier.weight"
"""One classifier under two names."""
STAGES = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}
"""Residual blocks of each stage."""
FUSION = [
    Theirs("fusion_weights", "scale", ("weights",)),
    *(tensor for i, ours in enumerate(("short", "long")) for tensor in (
        *matrix(f"t_conv.{i}.0", f"{ours}.0"), *batch_norm(f"t_conv.{i}.1", f"{ours}.1"))),
    *(tensor for i in (0, 2) for tensor in matrix(f"cbam.0.fc.{i}", f"attend_channels.layers.{i}")),
    *matrix("cbam.1.conv", "attend_places.conv"),
    *matrix("st_conv.0", "merge_time.0"), *batch_norm("st_conv.1", "merge_time.1"),
    *matrix("st_conv.3", "merge_space.0"), *batch_norm("st_conv.4", "merge_space.1")]
EXCITATION = [*matrix("temporal_att.0", "layers.0"), *batch_norm("temporal_att.1", "layers.1"),
              *matrix("temporal_att.3", "layers.3")]
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
    own = [tensor for i in (1, 2) for tensor in (*matrix(f"conv{i}", f"conv{i}"), *batch_norm(f"bn{i}", f"bn{i}"))]
    if shortcut:
        own += [*matrix("downsample.0", "downsample.0"), *batch_norm("downsample.1", "downsample.1")]
    return below(f"conv2d.{theirs}", f"backbone.{theirs}", own)


def network(backbone: str) -> list[Theirs]:
    """All tensors of a network with this backbone."""
    stages = [[tensor for i in range(count) for tensor in block(f"layer{stage}.{i}.", stage > 1 and i == 0)]
              for stage, count in enumerate(STAGES[backbone], 1)]
    fused = [below(f"conv2d.shift{i + 1}.", f"fusions.{i}.", FUSION) for i in range(3)]
    return [
        Theirs("conv2d.alpha", "free", ("alpha",)), *matrix("conv2d.conv1", "backbone.conv1"),
        *batch_norm("conv2d.bn1", "backbone.bn1"), *stages[0],
        *(tensor for stage, fusion in zip(stages[1:], fused, strict=True) for tensor in (*stage, *fusion)),
        *below("conv1d.", "temporal.", TEMPORAL),
        Theirs(CLASSES, "matrix", ("classifiers.0.weight",), transposed=True),
        *below("temporal_model.", "lstm.", LSTM), *below("csa.", "alignment.", ALIGNMENT)]


def backbone_of(checkpoint: Checkpoint) -> str:
    """The backbone with as many blocks in its first stage."""
    blocks = checkpoint.numbered("conv2d.layer1.")
    return next((name for name, (first, *_) in STAGES.items() if first == blocks), "resnet34")


def tensors(checkpoint: Checkpoint) -> list[Theirs]:
    """All tensors, the shared classifier under both of its names."""
    return [*network(backbone_of(checkpoint)), Theirs(SHARED, "matrix")]


def settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """As published; raises ModelError for two classifiers, which the published network doesn't have."""
    if SHARED in checkpoint and CLASSES in checkpoint and not torch.equal(
            checkpoint.tensors[SHARED], checkpoint.tensors[CLASSES]):
        raise ModelError(f"{checkpoint.source}: {SHARED} and {CLASSES} differ, so it was trained with share_classifier "
                         "off; the published network, with one for both, is imported")
    return {"family": "stfnet", "published": True, "backbone": backbone_of(checkpoint)}
