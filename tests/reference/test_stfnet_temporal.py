"""STF-Net's temporal layers, lift pooling, BiLSTM and classifier."""

import torch
from torch import nn

from slr.models.checkpoints.stfnet import LIFT, LSTM, TEMPORAL
from slr.models.recurrent import Bidirectional
from slr.models.stfnet.temporal import Classifier, LiftPooling, PaddedTemporalLayers, over_batch
from tests.helpers.reference import below, fill, formula, given, linear, size, watched

GAIN = 2
LAYERS = ["K5", "P2", "K5", "P2"]


@torch.no_grad()
def test_lift_pooling_is_its_authors(theirs):
    pool = LiftPooling(8)
    fill(pool, LIFT, GAIN)
    with watched(predicted=pool.predict, updated=pool.update, weighted_s=pool.weigh_smooth,
                 weighted_d=pool.weigh_detail, weight1_conv=pool.weigh_smooth.conv) as found:
        pooled, _, norms = pool(given(4005, 2, 8, 10).transpose(1, 2), torch.tensor([10, 10]))
    predictor, updater = over_batch(norms)[0]
    theirs.agree("stf_lift", output=pooled.transpose(1, 2), **found, loss_p=predictor, loss_u=updater)
    theirs.sizes("stf_lift", {"predictor": size(pool.predict), "updater": size(pool.update),
                              "weight1": size(pool.weigh_smooth), "weight2": size(pool.weigh_detail)})


@torch.no_grad()
def test_temporal_layers_over_padding_are_their_authors(theirs):
    module = nn.ModuleDict({"layers": PaddedTemporalLayers(16, 24, LAYERS, "lift"), "fc": Classifier(24, 7, False)})
    fill(module.eval(), [*below("", "layers.", TEMPORAL), *linear("fc", "fc")], GAIN)
    layers, classify = module["layers"], module["fc"]
    x = given(4006, 2, 16, 28).transpose(1, 2)  # (B, T, C)
    with watched(**{f"layer{i}": layer for i, layer in enumerate(layers.layers)}) as found:
        features, lengths, regularisers = layers(x.flatten(0, 1), torch.tensor([28, 24]))
    predictor, updater = regularisers[0]
    features = features.transpose(0, 1)
    theirs.agree("stf_temporal", features=features, conv_logits=classify(features), out_lengths=lengths,
                 loss_p=predictor, loss_u=updater,
                 **{name: output[0].transpose(1, 2) for name, output in found.items()})
    theirs.sizes("stf_temporal", {"temporal_conv": size(layers), "fc": size(classify)})


@torch.no_grad()
def test_temporal_layers_over_padding_are_their_authors_in_training_too(theirs):
    layers = PaddedTemporalLayers(16, 24, LAYERS, "lift").train()
    fill(layers, TEMPORAL, GAIN)
    x = given(4006, 2, 16, 28).transpose(1, 2)
    features, _, regularisers = layers(x.flatten(0, 1), torch.tensor([28, 24]))
    predictor, updater = regularisers[0]
    theirs.agree("stf_temporal", train_features=features.transpose(0, 1), train_loss_p=predictor, train_loss_u=updater)


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
