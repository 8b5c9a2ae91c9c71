"""SPOTER: its positions, its published form, its settings. What it shares with others: test_sequences.py."""

import pytest
import torch
from torch import nn

from slr.errors import ParamsError
from slr.models import build
from slr.models.checkpoints.transformers import DECODER, WHOLE_DECODER, body
from slr.params import parse
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.transformer import TransformerParams
from tests.helpers.batches import CLASSES, batch_of, reordered
from tests.helpers.reference import Theirs


@pytest.mark.parametrize(("positions", "ordered"),
                         [("none", False), ("published", False), ("sinusoidal", True), ("learned", True)])
def test_the_order_of_frames_counts_with_positions_that_tell_it(positions, ordered):
    torch.manual_seed(0)
    model = build(SpoterParams(positions=positions), CLASSES).eval()
    batch = batch_of(2, 12)
    backwards = reordered(batch, torch.arange(12).flip(0))
    difference = (model(batch)["logits"] - model(backwards)["logits"]).abs().max()
    assert difference > 1e-3 if ordered else difference < 1e-5


def test_the_published_network_has_the_papers_size():
    width, hidden, layers, classes = 54 * 2, 2048, 6, 100
    attention = 4 * (width * width + width)  # query, key, value, output
    feedforward = width * hidden + hidden + hidden * width + width
    norm = 2 * width
    encoder = layers * (attention + feedforward + 2 * norm) + norm
    decoder = layers * (attention + feedforward + 3 * norm) + norm  # the norm of the self-attention stays
    both_vectors, head = 2 * width, width * classes + classes
    count = sum(weight.numel() for weight in build(SpoterParams(published=True), classes).parameters())
    assert count == encoder + decoder + both_vectors + head


def test_published_replaces_the_whole_block_but_joints_epochs_and_patience():
    params = SpoterParams(published=True, epochs=3, patience=2, lr=0.5, d_model=64)
    assert (params.epochs, params.patience, params.joints) == (3, 2, "spoter-54")
    assert (params.lr, params.d_model, params.heads, params.batch_size, params.optimizer) == (0.001, None, 9, 1, "sgd")
    assert (params.positions, params.normalise, params.missing) == ("published", "published", "zero")
    assert (params.augment.one_at_a_time, params.augment.noise_std) == (True, 0.001)
    assert SpoterParams(**params.model_dump()) == params
    assert (SpoterParams(published=True).epochs, SpoterParams(published=True).patience) == (350, 350)


@pytest.mark.parametrize(("block", "heads", "missing"), [
    ({"joints": "holistic-75"}, 10, "outside"), ({"joints": "right-hand-21"}, 7, "outside"),
    ({"normalise": "none"}, 9, "zero")])
def test_published_is_silts_spoter_with_mediapipes_joints_or_without_boxes(block, heads, missing):
    params = SpoterParams(published=True, **block)
    assert (params.heads, params.normalise, params.units, params.missing) == (heads, "none", "frame", missing)
    assert (params.augment.probability, params.augment.noise_std, params.positions) == (0, 0.001, "published")
    assert SpoterParams(published=True, positions="none", **block).positions == "none"
    assert SpoterParams(**params.model_dump()) == params


def test_published_decoder_layers_begin_as_copies_of_one_and_the_encoders_apart():
    model = build(SpoterParams(published=True, joints="right-hand-21"), 2)
    first, *others = (layer.state_dict() for layer in model.decoder.layers)
    assert all(torch.equal(first[name], layer[name]) for layer in others for name in first)
    ours, theirs = spread(first, DECODER), spread(nn.TransformerDecoderLayer(42, 7).state_dict(), DECODER, own=False)
    assert ours == pytest.approx(theirs, rel=0.1)
    encoder = [layer.attention.query.weight for layer in model.encoder.layers]
    assert not torch.equal(encoder[0], encoder[1])


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("params", [SiltParams(published=True, joints="right-hand-21", weights="sequence"),
                                    TransformerParams(published=True, joints="right-hand-21")], ids=["silt", "plain"])
def test_other_published_layers_begin_as_torchs(params):
    ours, torchs = build(params, 2).state_dict(), nn.ModuleDict({"transformer": nn.Transformer(42, 7, 6, 6)})
    theirs = spread(torchs.state_dict(), body(decoder=WHOLE_DECODER), own=False)
    assert spread(ours, body(decoder=WHOLE_DECODER)) == pytest.approx(theirs, rel=0.1)


def spread(weights: dict[str, torch.Tensor], tensors: list[Theirs], own: bool = True) -> list[float]:
    """The largest number in each of these tensors, of our network or of torch's."""
    return [max(weights[name].abs().max().item() for name in (tensor.ours if own else [tensor.name]))
            for tensor in tensors]


def test_heads_that_do_not_divide_the_width_are_refused_at_once():
    with pytest.raises(ParamsError, match="7 heads don't divide the width of 128"):
        parse({"models": {"spoter": {"family": "spoter", "heads": 7}}})


def test_as_published_an_embedding_has_its_own_settings_and_length_of_training():
    chosen = SpoterParams(published=True, embedding={"size": 16}, dropout=0.5, batching={"clips_per_sign": 4})
    assert (chosen.epochs, chosen.patience, chosen.dropout, chosen.batch_size) == (1300, 1300, 0.2, 32)
    assert (chosen.augment.probability, chosen.batching.hard_from_epoch, chosen.batching.pool) == (0.75, 200, 1)
    assert chosen.batching.clips_per_sign == 0
    assert (chosen.embedding.size, chosen.losses.triplet, chosen.losses.classification) == (16, 1, 0)
    assert SpoterParams(**chosen.model_dump()) == chosen
    assert SpoterParams(published=True, embedding={}, epochs=7).patience == 7
    assert (SpoterParams(published=True).batch_size, SpoterParams(published=True).padding) == (1, "hidden")
