"""STF-Net's temporal layers, lift pooling, BiLSTM and classifier."""

import pytest
import torch
from torch import Tensor, nn

from slr.models.recurrent import Bidirectional
from slr.models.stfnet.temporal import Classifier, LiftPooling, TemporalConvolution, TemporalLayers
from tests.helpers.reference import below, fill, formula, given, linear, size, watched
from tests.helpers.reference_stfnet import LIFT, LSTM, TEMPORAL

GAIN = 2
LAYERS = ["K5", "P2", "K5", "P2"]


def over_the_batch(norms: Tensor) -> Tensor:
    """(2,): the authors' regularisers, of predictor and updater, of those of each clip (B, 2)."""
    return norms.square().sum(0).sqrt()


@torch.no_grad()
def test_lift_pooling_is_its_authors(theirs):
    pool = LiftPooling(8)
    fill(pool, LIFT, GAIN)
    with watched(predicted=pool.predict, updated=pool.update, weighted_s=pool.weigh_smooth,
                 weighted_d=pool.weigh_detail, weight1_conv=pool.weigh_smooth.conv) as found:
        pooled, _, norms = pool(given(4005, 2, 8, 10).transpose(1, 2), torch.tensor([10, 10]))
    predictor, updater = over_the_batch(norms)
    theirs.agree("stf_lift", output=pooled.transpose(1, 2), **found, loss_p=predictor, loss_u=updater)
    theirs.sizes("stf_lift", {"predictor": size(pool.predict), "updater": size(pool.update),
                              "weight1": size(pool.weigh_smooth), "weight2": size(pool.weigh_detail)})


def through(layers: TemporalLayers, lengths: list[int]) -> tuple[list[Tensor], Tensor, Tensor]:
    """What each layer makes of the case's sequences (B, T, C), the lengths after all, and the authors' regularisers."""
    x, left = given(4006, 2, 16, 28).transpose(1, 2), torch.tensor(lengths)
    found, regularisers = [], torch.zeros(2)
    for layer in layers.layers:
        if isinstance(layer, TemporalConvolution):
            x, left = layer(x, left, 0)
        else:
            x, left, norms = layer(x, left)
            regularisers = regularisers + over_the_batch(norms)
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
    found, _, (predictor, updater) = through(temporal["layers"], [28, 28])
    features = found[-1].transpose(0, 1)
    theirs.agree("stf_temporal", features=features, conv_logits=temporal["fc"](features), loss_p=predictor,
                 loss_u=updater, **{f"layer{i}": each.transpose(1, 2) for i, each in enumerate(found)})
    theirs.sizes("stf_temporal", {"temporal_conv": size(temporal["layers"]), "fc": size(temporal["fc"])})


@torch.no_grad()
def test_lengths_after_the_temporal_layers_are_their_authors(temporal, theirs):
    _, lengths, _ = through(temporal["layers"], [28, 24])
    theirs.agree("stf_temporal", out_lengths=lengths)


@torch.no_grad()
def test_temporal_layers_are_their_authors_in_training_too(theirs):
    layers = TemporalLayers(16, 24, LAYERS, "lift").train()
    fill(layers, TEMPORAL, GAIN)
    found, _, (predictor, updater) = through(layers, [28, 28])
    theirs.agree("stf_temporal", train_features=found[-1].transpose(0, 1), train_loss_p=predictor, train_loss_u=updater)


def test_the_tensors_are_told_in_the_authors_order(files):
    assert files.tensors("stf_lift") == [(tensor.name, tensor.kind) for tensor in LIFT]
    assert files.tensors("stf_temporal") == [(tensor.name, tensor.kind) for tensor in [*TEMPORAL, *linear("fc", "fc")]]
    assert files.tensors("stf_bilstm") == [(tensor.name, tensor.kind) for tensor in LSTM]


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
