"""SiLT: its published sizes and settings, and weights that say what was used. The rest: test_sequences.py."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from slr.dataset.skeleton import skeleton
from slr.errors import ParamsError
from slr.models import build
from slr.params import parse
from slr.params.families.silt import SiltParams
from tests.helpers.batches import CLASSES, batch_of

SMALL = {"joints": "right-hand-21", "normalise": "none", "heads": 2, "encoder_layers": 1, "decoder_layers": 1,
         "feedforward": 32, "dropout": 0, "positions": "none"}


@pytest.mark.parametrize(("joints", "width", "heads"), [("holistic-75", 150, 10), ("right-hand-21", 42, 7)])
def test_published_settings_are_the_papers(joints, width, heads):
    silt = SiltParams(published=True, joints=joints, lr=0.5, normalise="clip", augment={"mirror": 0.5})
    assert (build(silt, CLASSES).width, silt.heads) == (width, heads)
    assert (silt.optimizer, silt.lr, silt.batch_size, silt.weight_decay, silt.schedule) == ("sgd", 1e-3, 1, 0,
                                                                                            "constant")
    assert (silt.normalise, silt.units, silt.positions, silt.missing) == ("none", "frame", "none", "outside")
    assert (silt.augment.probability, silt.augment.mirror, silt.augment.noise_std) == (0, 0, 0.001)
    assert (silt.epochs, silt.patience) == (350, 350)
    assert SiltParams(**silt.model_dump()) == silt


def test_what_selects_among_the_published_forms_stays():
    silt = SiltParams(published=True, weights="sequence", missing="zero", epochs=3, patience=2)
    assert (silt.weights, silt.missing, silt.epochs, silt.patience) == ("sequence", "zero", 3, 2)
    assert SiltParams(published=True, missing="learned").missing == "outside"


@pytest.mark.parametrize(("weights", "size"), [("query", 8_511_376), ("sequence", 9_054_976)])
def test_published_sizes_are_the_papers(weights, size):
    model = build(SiltParams(published=True, weights=weights), 100)
    assert sum(weight.numel() for weight in model.parameters()) == size


def test_skeletons_that_the_paper_has_not_keep_the_heads_of_their_block():
    assert SiltParams(published=True, joints="holistic-67", heads=2).heads == 2
    with pytest.raises(ParamsError, match="8 heads don't divide the width of 134"):
        parse({"models": {"silt": {"family": "silt", "published": True, "joints": "holistic-67"}}})


def test_weights_start_at_one_and_are_told_by_where_they_stand():
    joints = len(skeleton("holistic-75"))
    query, sequence = (build(SiltParams(weights=weights), CLASSES) for weights in ("query", "sequence"))
    assert list(query.input_weights()) == ["encoder"] and list(sequence.input_weights()) == ["encoder", "decoder"]
    for weights in sequence.input_weights().values():
        assert torch.equal(weights, torch.ones(2 * joints))
    assert query.input_weights()["encoder"].data_ptr() == query.embed.weights.data_ptr()


@pytest.mark.parametrize("weights", ["query", "sequence"])
@pytest.mark.parametrize("width", [16, None], ids=["projected", "bare"])
def test_the_coordinate_that_alone_decides_gets_the_greatest_weight(weights, width):
    torch.manual_seed(0)
    model = build(SiltParams(**SMALL, weights=weights, d_model=width), 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    deciding = 7, 1  # joint, channel
    for step in range(40):
        batch = batch_of(32, 4, joints=21, seed=step)
        batch.landmarks[:, :, deciding[0], deciding[1]] += torch.where(torch.arange(32) % 2 == 0, 0.25, -0.25)[:, None]
        batch = replace(batch, targets=torch.arange(32) % 2, mask=torch.ones_like(batch.mask))
        loss = F.cross_entropy(model(batch)["logits"], batch.targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    before_encoder = model.input_weights()["encoder"].reshape(21, 2).abs()
    assert before_encoder.argmax() == deciding[0] * 2 + deciding[1] and before_encoder.max() > 1.05
