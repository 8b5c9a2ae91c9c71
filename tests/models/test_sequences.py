"""What holds for every transformer over frames: SPOTER, SiLT and the plain one."""

import pytest
import torch

from slr.dataset.skeleton import skeleton
from slr.models import build
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.transformer import TransformerParams
from tests.helpers.batches import CLASSES, batch_of, padded, reordered, with_rubbish

SMALL = {"d_model": 16, "heads": 2, "feedforward": 32}
VARIANTS = {
    "spoter": SpoterParams(),
    "spoter published": SpoterParams(published=True),
    "spoter learned positions": SpoterParams(positions="learned"),
    "spoter three channels": SpoterParams(**SMALL, channels=3),
    "spoter no projection": SpoterParams(d_model=None, heads=9, encoder_layers=1, decoder_layers=1, missing="zero"),
    "silt query": SiltParams(),
    "silt query published": SiltParams(published=True, weights="query"),
    "silt query of a hand": SiltParams(published=True, joints="right-hand-21"),
    "silt sequence": SiltParams(weights="sequence"),
    "silt sequence published": SiltParams(published=True, weights="sequence"),
    "transformer": TransformerParams(),
    "transformer with a decoder": TransformerParams(**SMALL, layers=1, decoder_layers=2),
    "transformer published": TransformerParams(published=True),
    "transformer no projection": TransformerParams(d_model=None, heads=9, missing="zero", norm_first=False, layers=1),
}
UNORDERED = {"spoter published", "silt query published", "silt query of a hand", "silt sequence published"}


@pytest.fixture(params=VARIANTS, scope="module")
def case(request):
    """(name, model in evaluation mode, its batches' joints)"""
    torch.manual_seed(0)
    params = VARIANTS[request.param]
    return request.param, build(params, CLASSES).eval(), len(skeleton(params.joints))


def test_outputs_are_named_and_finite(case):
    _, model, joints = case
    outputs = model(batch_of(3, 9, joints, channels=4))  # of more channels than it wants, a model takes the first
    assert outputs["logits"].shape == (3, CLASSES) and outputs["logits"].isfinite().all()
    assert outputs["features"].shape == (3, model.width)
    torch.testing.assert_close(model.classify(outputs["features"]), outputs["logits"])


def test_padding_never_changes_an_answer(case):
    _, model, joints = case
    batch = batch_of(3, 9, joints, channels=3)
    alone, beside = model(batch)["logits"], model(padded(batch, 30))["logits"]
    assert (alone - beside).abs().max() <= 1e-5


def test_what_stands_in_a_missing_joint_never_changes_an_answer(case):
    _, model, joints = case
    batch = batch_of(3, 9, joints, channels=3)
    assert torch.equal(model(batch)["logits"], model(with_rubbish(batch))["logits"])


def test_gradients_reach_every_parameter(case):
    _, model, joints = case
    model.zero_grad()
    outputs = model(batch_of(4, 300, joints, channels=3))  # longer than the table of learned positions
    torch.nn.functional.cross_entropy(outputs["logits"], torch.tensor([0, 1, 2, 3])).backward()
    dead = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.abs().sum() > 0]
    assert dead == []


def test_the_order_of_frames_counts_unless_published(case):
    name, model, joints = case
    batch = batch_of(2, 12, joints, channels=3)
    shuffle = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    difference = (model(batch)["logits"] - model(reordered(batch, shuffle))["logits"]).abs().max()
    assert difference <= 1e-5 if name in UNORDERED else difference > 1e-3
