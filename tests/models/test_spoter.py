"""SPOTER: what its answers depend on, and what they don't."""

import pytest
import torch

from slr.errors import ParamsError
from slr.models import build
from slr.models.layers import Positions, sinusoids
from slr.params import SpoterParams, parse
from tests.models.batches import CLASSES, batch_of, padded, reordered, with_rubbish

VARIANTS = {
    "repaired": SpoterParams(),
    "published": SpoterParams(published=True),
    "learned positions": SpoterParams(positions="learned"),
    "no projection": SpoterParams(d_model=None, heads=9, encoder_layers=1, decoder_layers=1, missing="zero"),
}


@pytest.fixture(params=VARIANTS, scope="module")
def model(request):
    torch.manual_seed(0)
    return build(VARIANTS[request.param], CLASSES).eval()


def published(classes: int):
    return build(VARIANTS["published"], classes)


def test_outputs_are_named_and_finite(model):
    outputs = model(batch_of(3, 9))
    assert outputs["logits"].shape == (3, CLASSES) and outputs["logits"].isfinite().all()
    torch.testing.assert_close(model.classify(outputs["features"]), outputs["logits"])


def test_padding_never_changes_an_answer(model):
    batch = batch_of(3, 9)
    alone, beside = model(batch)["logits"], model(padded(batch, 30))["logits"]
    assert (alone - beside).abs().max() <= 1e-5


def test_what_stands_in_a_missing_joint_never_changes_an_answer(model):
    batch = batch_of(3, 9)
    assert torch.equal(model(batch)["logits"], model(with_rubbish(batch))["logits"])


def test_gradients_reach_every_parameter(model):
    model.zero_grad()
    outputs = model(batch_of(4, 300))  # longer than the table of learned positions
    torch.nn.functional.cross_entropy(outputs["logits"], torch.tensor([0, 1, 2, 3])).backward()
    dead = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.abs().sum() > 0]
    assert dead == []


@pytest.mark.parametrize(("positions", "ordered"),
                         [("none", False), ("published", False), ("sinusoidal", True), ("learned", True)])
def test_the_order_of_frames_counts_in_the_repaired_network_only(positions, ordered):
    torch.manual_seed(0)
    model = build(SpoterParams(positions=positions), CLASSES).eval()
    batch = batch_of(2, 12)
    backwards = reordered(batch, torch.arange(12).flip(0))
    difference = (model(batch)["logits"] - model(backwards)["logits"]).abs().max()
    assert difference > 1e-3 if ordered else difference < 1e-5


def test_the_published_network_does_not_see_the_order():
    model, batch = published(CLASSES).eval(), batch_of(2, 12)
    shuffle = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(batch)["logits"], model(reordered(batch, shuffle))["logits"], atol=1e-5, rtol=0)


def test_the_published_network_has_the_papers_size():
    width, hidden, layers, classes = 54 * 2, 2048, 6, 100
    attention = 4 * (width * width + width)  # query, key, value, output
    feedforward = width * hidden + hidden + hidden * width + width
    norm = 2 * width
    encoder = layers * (attention + feedforward + 2 * norm) + norm
    decoder = layers * (attention + feedforward + 3 * norm) + norm  # the norm of the self-attention stays
    both_vectors, head = 2 * width, width * classes + classes
    count = sum(weight.numel() for weight in published(classes).parameters())
    assert count == encoder + decoder + both_vectors + head


def test_published_replaces_the_whole_block_but_joints_epochs_and_patience():
    params = SpoterParams(published=True, epochs=3, patience=2, lr=0.5, d_model=64)
    assert (params.epochs, params.patience, params.joints) == (3, 2, "spoter-54")
    assert (params.lr, params.d_model, params.heads, params.batch_size, params.optimizer) == (0.001, None, 9, 1, "sgd")
    assert (params.positions, params.normalise, params.augment.noise_std) == ("published", "frame", 0.001)
    assert SpoterParams(**params.model_dump()) == params


def test_heads_that_do_not_divide_the_width_are_refused_at_once():
    with pytest.raises(ParamsError, match="7 heads don't divide the width of 128"):
        parse({"models": {"spoter": {"family": "spoter", "heads": 7}}})


def test_sinusoids_are_vaswanis():
    table = sinusoids(50, 10)
    assert table.shape == (50, 10) and sinusoids(3, 7).shape == (3, 7)
    assert table[3, 4] == pytest.approx(torch.sin(torch.tensor(3 / 10000 ** (4 / 10))).item(), abs=1e-6)
    assert table[3, 5] == pytest.approx(torch.cos(torch.tensor(3 / 10000 ** (4 / 10))).item(), abs=1e-6)


def test_learned_positions_repeat_the_last_beyond_their_table():
    positions = Positions("learned", 4)
    added = positions(torch.zeros(1, Positions.LEARNED + 5, 4))[0]
    assert torch.equal(added[-1], positions.table[-1]) and torch.equal(added[0], positions.table[0])
