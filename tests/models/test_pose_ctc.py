"""Sentences from landmarks: padding, pooling, gradients, and what each front and sequence model gives."""

import pytest
import torch
from pydantic import ValidationError

from slr.dataset.skeleton import skeleton
from slr.models import build
from slr.params.families.pose_ctc import PoseCtcParams
from tests.helpers.batches import CLASSES, batch_of, padded, with_rubbish

SMALL = {"width": 32, "heads": 2, "layers": 1}
VARIANTS = {
    "default": PoseCtcParams(),
    "gru": PoseCtcParams(**SMALL, sequence="gru", strides=[2, 2]),
    "conformer": PoseCtcParams(**SMALL, sequence="conformer"),
    "graph": PoseCtcParams(**SMALL, front="graph", strides=[1]),
    "three joints": PoseCtcParams(**SMALL, joints="boston-3", normalise="none", streams=["reaches", "reach_motions"]),
}


@pytest.fixture(params=VARIANTS, scope="module")
def case(request):
    """A model whose norms have seen a few batches, and a batch that it reads."""
    params = VARIANTS[request.param]
    torch.manual_seed(0)
    model, joints = build(params, CLASSES), len(skeleton(params.joints))
    for seed in range(3):
        model(batch_of(4, 20, joints, seed=seed))
    return model.eval(), batch_of(3, 21, joints), params


def test_every_moment_has_every_gloss_and_the_blank(case):
    model, batch, params = case
    found = model(batch)
    moments = -(-21 // params.temporal_stride)
    for name in ("sequence_logits", "conv_logits", "frame_logits"):
        assert found[name].shape == (3, moments, CLASSES + 1)
    assert found["features"].shape == (3, moments, model.width)
    assert found["lengths"].tolist() == [moments] * 3


def test_neither_padding_nor_what_is_missing_changes_an_answer(case):
    model, batch, _ = case
    with torch.no_grad():
        found, with_padding, changed = model(batch), model(padded(batch, 9)), model(with_rubbish(batch))
    moments = found["sequence_logits"].shape[1]
    for name in ("sequence_logits", "conv_logits", "frame_logits"):
        torch.testing.assert_close(with_padding[name][:, :moments], found[name], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(changed[name], found[name], atol=1e-5, rtol=1e-5)
    assert torch.equal(with_padding["lengths"], found["lengths"])


def test_every_weight_learns(case):
    model, batch, _ = case
    found = model.train()(batch)
    sum(found[name].square().mean() for name in ("sequence_logits", "conv_logits", "frame_logits")).backward()
    without = [name for name, weight in model.named_parameters() if weight.grad is None]
    model.eval()
    assert without == []


@pytest.mark.parametrize("settings, message", [
    ({"kernel": 4}, "kernel"), ({"heads": 3}, "heads"),
    ({"frames": 32, "augment": {}}, "frames: a sentence is read whole"),
    ({"augment": {"crop": 0.2}}, "augment.crop"), ({"augment": {"mixup": 1}}, "augment.mixup"),
    ({"ctc": {"sequence": 0}}, "ctc.sequence")])
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        PoseCtcParams(**settings)
