"""STF-Net's parts that are the authors': stages of the ResNet, temporal layers, BiLSTM, classifier, losses."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from slr.losses.ctc import CtcCriterion, ctc, distillation
from slr.models import build
from slr.models.recurrent import Bidirectional
from slr.models.stfnet.backbone import SIZES, ResNet
from slr.models.stfnet.temporal import Classifier, LiftPooling, TemporalConvolution, TemporalLayers, with_edges
from slr.params.families.ctc import CtcParams
from slr.params.families.stfnet import StfnetParams
from tests.helpers.reference import (
    Theirs,
    batch_norm,
    batch_of,
    below,
    fill,
    formula,
    given,
    linear,
    recurrent,
    sines,
    size,
    watched,
)

GAIN = 2
LAYERS = ["K5", "P2", "K5", "P2"]
LIFT = [*linear("predictor.0", "predict.0"), *linear("predictor.2", "predict.2"),
        *linear("updater.0", "update.0"), *linear("updater.2", "update.2"),
        *(tensor for theirs, ours in (("weight1", "weigh_smooth"), ("weight2", "weigh_detail")) for tensor in (
            *linear(f"{theirs}.conv", f"{ours}.conv"), Theirs(f"{theirs}.insnorm.weight", "scale", (f"{ours}.scale",)),
            Theirs(f"{theirs}.insnorm.bias", "bias", (f"{ours}.shift",))))]
TEMPORAL = [tensor for i in range(4) for tensor in below(f"temporal_conv.{i}.", f"layers.{i}.", LIFT if i % 2 else [
    *linear("0", "conv"), *batch_norm("1", "norms.0")])]


def over_clips(norms: Tensor) -> dict[str, Tensor]:
    """The authors' regularisers, norms over the whole batch, of those of each clip (B, 2)."""
    predictor, updater = norms.square().sum(0).sqrt()
    return {"loss_p": predictor, "loss_u": updater}


@torch.no_grad()
def test_lift_pooling_is_its_authors(theirs):
    pool = LiftPooling(8)
    fill(pool, LIFT, GAIN)
    with watched(predicted=pool.predict, updated=pool.update, weighted_s=pool.weigh_smooth,
                 weighted_d=pool.weigh_detail, weight1_conv=pool.weigh_smooth.conv) as found:
        pooled, _, norms = pool(given(4005, 2, 8, 10).transpose(1, 2), torch.tensor([10, 10]))
    theirs.agree("stf_lift", output=pooled.transpose(1, 2), **found, **over_clips(norms))
    theirs.sizes("stf_lift", {"predictor": size(pool.predict), "updater": size(pool.update),
                              "weight1": size(pool.weigh_smooth), "weight2": size(pool.weigh_detail)})


def through(layers: TemporalLayers, x: Tensor, lengths: list[int]) -> tuple[list[Tensor], Tensor, Tensor]:
    """What each layer makes of sequences (B, T, C), the lengths after all of them, and the regularisers (B, 2)."""
    found, regularisers, left = [], torch.zeros(len(x), 2), torch.tensor(lengths)
    for layer in layers.layers:
        if isinstance(layer, TemporalConvolution):
            x, left = layer(x, left, 0)
        else:
            x, left, norms = layer(x, left)
            regularisers = regularisers + norms
        found.append(x)
    return found, left, regularisers


@pytest.fixture(scope="module")
def temporal() -> nn.ModuleDict:
    module = nn.ModuleDict({"layers": TemporalLayers(16, 24, LAYERS, "lift"), "fc": Classifier(24, 7, False)}).eval()
    fill(module, [*below("", "layers.", TEMPORAL), *linear("fc", "fc")], GAIN)
    return module


@torch.no_grad()
def test_temporal_layers_are_their_authors_where_no_clip_is_padded(temporal, theirs):
    """The authors' also read what lies behind a shorter clip: here both clips are taken as long as the longer one."""
    x = given(4006, 2, 16, 28).transpose(1, 2)
    found, _, norms = through(temporal["layers"], x, [28, 28])
    features = found[-1].transpose(0, 1)
    theirs.agree("stf_temporal", features=features, conv_logits=temporal["fc"](features),
                 **{f"layer{i}": each.transpose(1, 2) for i, each in enumerate(found)})
    theirs.sizes("stf_temporal", {"temporal_conv": size(temporal["layers"]), "fc": size(temporal["fc"])})


@torch.no_grad()
def test_lengths_after_the_temporal_layers_are_their_authors(temporal, theirs):
    _, lengths, _ = through(temporal["layers"], given(4006, 2, 16, 28).transpose(1, 2), [28, 24])
    theirs.agree("stf_temporal", out_lengths=lengths)


@torch.no_grad()
def test_temporal_layers_are_their_authors_in_training_too(theirs):
    layers = TemporalLayers(16, 24, LAYERS, "lift").train()
    fill(layers, TEMPORAL, GAIN)
    found, _, _ = through(layers, given(4006, 2, 16, 28).transpose(1, 2), [28, 28])
    theirs.agree("stf_temporal", train_features=found[-1].transpose(0, 1))


def test_the_tensors_are_told_in_the_authors_order(files):
    assert files.tensors("stf_lift") == [(tensor.name, tensor.kind) for tensor in LIFT]
    assert files.tensors("stf_temporal") == [(tensor.name, tensor.kind) for tensor in [*TEMPORAL, *linear("fc", "fc")]]
    assert files.tensors("stf_bilstm") == [(tensor.name, tensor.kind) for tensor in LSTM]


LSTM = [tensor for layer in range(2) for tensor in (
    *recurrent("rnn", f"forward_layers.{layer}", layer), *recurrent("rnn", f"backward_layers.{layer}", layer, True))]


@torch.no_grad()
def test_the_bilstm_is_its_authors_on_clips_of_several_lengths(theirs):
    lstm = Bidirectional("lstm", 24, 12, 2, 0.3).eval()
    fill(lstm, LSTM, GAIN)
    output = lstm(given(4007, 6, 3, 24).transpose(0, 1), torch.tensor([6, 5, 3]))
    theirs.agree("stf_bilstm", output=output.transpose(0, 1))
    theirs.sizes("stf_bilstm", {"rnn": size(lstm)})


@torch.no_grad()
def test_the_normalised_classifier_is_its_authors(theirs):
    classify = Classifier(24, 7, True)
    classify.weight.copy_(formula("matrix", 0, (24, 7), GAIN).T)
    theirs.agree("stf_classifier", logits=classify(given(4008, 6, 3, 24)))
    theirs.sizes("stf_classifier", {"weight": size(classify)})


STEPS, CLIPS, CLASSES = 6, 2, 9
LABELS = [[3, 5, 5], [2, 8]]


def logits(k: int) -> Tensor:
    """(clips, steps, classes), of the authors' (steps, clips, classes)."""
    return given(k, STEPS, CLIPS, CLASSES, scale=3).transpose(0, 1).detach().requires_grad_()


def targets() -> Tensor:
    return torch.tensor([[3, 5, 5], [2, 8, -1]])


def test_losses_of_sentences_are_their_authors_where_no_clip_is_padded(theirs):
    """The distillation is of all steps, as theirs; of a clip's own ones, as ours: docs/published.md."""
    conv, sequence, *heads = map(logits, range(4010, 4015))
    lengths = torch.tensor([6, 5])
    batch = batch_of(torch.zeros(CLIPS, 1, 1, 2))
    object.__setattr__(batch, "targets", targets())
    terms = CtcCriterion(CtcParams(distillation=0))({
        "sequence_logits": sequence, "conv_logits": conv, "alignment_logits": heads, "lengths": lengths,
        "lift_losses": torch.tensor([40.25, 12.5])}, batch)
    distilled = 25 * distillation(conv, sequence, torch.tensor([6, 6]), 8)
    total = sum(terms.values()) + distilled
    total.backward()
    theirs.agree("stf_losses", term_ConvCTC=terms["conv_ctc"], total=total, term_Dist=distilled,
                 term_SeqCTC=terms["sequence_ctc"] + terms["alignment_ctc"],
                 grad_conv_logits=conv.grad.transpose(0, 1), grad_sequence_logits=sequence.grad.transpose(0, 1),
                 grad_alignment0=heads[0].grad.transpose(0, 1))
    assert math.isclose(terms["lift"], 0.0005 * (12.5 + 40.25), rel_tol=1e-6)


def test_ctc_of_each_clip_is_its_authors(theirs):
    each = {name: torch.stack([ctc(x[i:i + 1], torch.tensor([length]), targets()[i:i + 1])
                               for i, length in enumerate([6, 5])])
            for name, x in (("conv", logits(4010)), ("sequence", logits(4011)))}
    theirs.agree("stf_losses", ctc_each_conv=each["conv"], ctc_each_sequence=each["sequence"])


@pytest.mark.parametrize("temperature", [1, 8])
def test_distillation_without_the_blank_is_its_authors(temperature, theirs):
    found = distillation(logits(4010), logits(4011), torch.tensor([6, 6]), temperature)
    theirs.agree("stf_losses", **{f"distillation_T{temperature}_no_blank": found})


NETWORKS = {"stf_resnet18": ("resnet18", 1.5), "stf_resnet34": ("resnet34", 1.25)}
LENGTHS = [16, 11]


def block(theirs: str, shortcut: bool) -> list[Theirs]:
    own = [tensor for i in (1, 2) for tensor in (
        Theirs(f"conv{i}.weight", "matrix", (f"conv{i}.weight",)), *batch_norm(f"bn{i}", f"bn{i}"))]
    if shortcut:
        own += [Theirs("downsample.0.weight", "matrix", ("downsample.0.weight",)),
                *batch_norm("downsample.1", "downsample.1")]
    return below(theirs, theirs, own)


def first_stages(name: str) -> list[Theirs]:
    """The backbone's tensors up to stage 2; the first one has number 1."""
    counts = SIZES[name][1]
    return [Theirs("conv1.weight", "matrix", ("conv1.weight",)), *batch_norm("bn1", "bn1"),
            *(tensor for stage in (1, 2) for i in range(counts[stage - 1])
              for tensor in block(f"layer{stage}.{i}.", stage == 2 and i == 0))]


def pictures() -> Tensor:
    """(frames of both clips, 3, 224, 224)"""
    clips = []
    for clip, length in enumerate(LENGTHS):
        t, c, h, w = np.ogrid[:length, :3, :224, :224]
        moving = 0.5 * np.sin(0.9 * t + 2.1 * c + 0.02 * h + 0.03 * w + clip)
        noise = 0.5 * sines(9000 + clip, length, 3, 224, 224)
        clips.append((0.55 + 0.45 * np.sin(1.3 * t + clip)) * (moving + noise))
    return torch.from_numpy(np.concatenate(clips)).float()


@pytest.fixture(scope="module", params=NETWORKS)
def stages(request) -> tuple[str, dict[str, Tensor]]:
    """A backbone's first two stages: means over the pictures, and the first norm's statistics after one training pass.

    Frames are repeated behind the backbone, as `Stfnet` does; in training before it, as the authors do.
    """
    name, gain = NETWORKS[request.param]
    model = ResNet(name).eval()
    del model.layer3, model.layer4
    fill(model, first_stages(name), gain, first=1)
    frames, lengths = pictures(), torch.tensor(LENGTHS)
    found = {}
    with torch.no_grad():
        first = torch.cat([model.layer1(model.stem(part)) for part in frames.split(4)])
        second = torch.cat([model.layer2(part) for part in first.split(4)])
        for stage, x in (("1", first), ("2", second)):
            vectors = x.mean((2, 3))[:, ::x.shape[1] // 64]
            found[f"mean_stage{stage}"] = with_edges(vectors, lengths, 6, 4)[0].transpose(1, 2)
        if request.param == "stf_resnet18":
            repeated = with_edges(torch.arange(len(frames))[:, None], lengths, 6, 4)[0].flatten()
            model.bn1.train()(model.conv1(frames[repeated]))
            found |= {"train_running_mean_first": model.bn1.running_mean, "train_running_var_first":
                      model.bn1.running_var}
    return request.param, found


def test_the_resnet_up_to_the_first_fusion_is_its_authors(stages, theirs):
    case, found = stages
    theirs.agree(case, **found)


@pytest.mark.parametrize("case", NETWORKS)
def test_modules_without_fusion_and_alignment_have_their_authors_sizes(case, theirs):
    with torch.device("meta"):
        model = build(StfnetParams(backbone=NETWORKS[case][0]), 11)
    backbone = model.backbone
    theirs.sizes(case, {"conv2d.conv1": size(backbone.conv1), "conv2d.bn1": size(backbone.bn1),
                        **{f"conv2d.layer{i}": size(stage) for i, stage in enumerate(backbone.stages, 1)},
                        "temporal_model": size(model.lstm), "conv1d.fc": size(model.classifiers)})
