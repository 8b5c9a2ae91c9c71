"""ST-GCN with temporal attention: what its answers depend on, and what they don't."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from slr.errors import ParamsError
from slr.models import build
from slr.params import parse
from slr.params.families.stgcn import AttentionStgcnParams
from tests.helpers.batches import CLASSES, batch_of, padded, reordered, with_rubbish

VARIANTS = {"smaller": AttentionStgcnParams(widths=[16, 16, 16, 32], hidden=16),
            "published": AttentionStgcnParams(published=True)}


def batch(clips: int, frames: int):
    return batch_of(clips, frames, joints=67, channels=4)


@pytest.fixture(params=VARIANTS, scope="module")
def model(request):
    torch.manual_seed(0)
    return build(VARIANTS[request.param], CLASSES).eval()


def test_outputs_are_named_and_finite(model):
    outputs = model(batch(2, 19))
    assert outputs["logits"].shape == (2, CLASSES) and outputs["logits"].isfinite().all()
    torch.testing.assert_close(model.classify(outputs["features"]), outputs["logits"])
    assert outputs["features"].shape == (2, model.width)


@pytest.mark.parametrize("frames", [19, 16, 1])
def test_padding_never_changes_an_answer(model, frames):
    clips = batch(2, frames)
    assert (model(clips)["logits"] - model(padded(clips, 13))["logits"]).abs().max() <= 1e-5


def test_what_stands_in_a_missing_joint_never_changes_an_answer(model):
    clips = batch(2, 9)
    assert torch.equal(model(clips)["logits"], model(with_rubbish(clips))["logits"])


def test_all_four_channels_count_and_no_more(model):
    clips = batch(2, 9)
    for channel in range(4):
        other = clips.landmarks.clone()
        other[..., channel] += 1
        changed = model(replace(clips, landmarks=other))["logits"]
        assert (changed - model(clips)["logits"]).abs().max() > 1e-5
    more = torch.cat([clips.landmarks, torch.ones_like(clips.landmarks[..., :1])], -1)
    torch.testing.assert_close(model(replace(clips, landmarks=more))["logits"], model(clips)["logits"])  # other strides


def test_the_order_of_frames_counts(model):
    clips = batch(2, 20)
    backwards = reordered(clips, torch.arange(20).flip(0))
    assert (model(clips)["logits"] - model(backwards)["logits"]).abs().max() > 1e-4


def test_gradients_reach_every_parameter(model):
    model.zero_grad()
    F.cross_entropy(model(batch(6, 24))["logits"], torch.arange(6)).backward()
    assert [name for name, weight in model.named_parameters() if not weight.grad.abs().max() > 1e-8] == []


def test_the_published_sizes():
    params = AttentionStgcnParams(published=True, joints="spoter-54", widths=[16], epochs=3)
    assert (params.joints, params.channels, params.frames, params.epochs) == ("holistic-67", 4, 128, 3)
    assert params.widths == [64, 64, 128, 256] and params.hidden == 0
    assert (params.augment.probability, params.augment.noise_std, params.augment.mixup) == (0, 0, 0.2)
    assert AttentionStgcnParams(published=True, augment={"mixup": 0.4, "mirror": 1}).augment.mixup == 0.4
    assert AttentionStgcnParams(**params.model_dump()) == params


def test_one_linear_layer_classifies_as_published():
    network = build(AttentionStgcnParams(published=True), CLASSES)
    assert network.classify.weight.shape == (CLASSES, 256) and not list(network.hidden.parameters())


def test_a_stride_for_each_block():
    with pytest.raises(ParamsError, match="strides: 4 for 2 blocks"):
        parse({"models": {"m": {"family": "attention_stgcn", "widths": [16, 16]}},
               "train": {"model": "m", "models": ["m"]}})
