"""SPOTER in its widths, with and without its encoding, SiLT and its baseline, and SPOTER embeddings."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from slr.models import build
from slr.models.checkpoints.transformers import embedding_tensors
from slr.models.embedding import Embedded
from slr.models.layers import Dropout, sinusoids
from slr.params.families.spoter import SpoterParams
from slr.preprocessing.batch import Batch
from tests.helpers.reference import batch_of, fill, formula, given, size, watched
from tests.helpers.reference_files import TOLERANCE
from tests.helpers.reference_transformers import (
    CASES,
    FRAMES,
    GAIN,
    SEQUENCES,
    clip,
    network,
    outputs,
    tensors,
)

UNUSED = {"spoter_108": 50 * 108, "spoter_mediapipe_150": 50 * 150, "spoter_mediapipe_42": 50 * 42}
"""Numbers of the published table of positions, of which no network uses more than the first row."""


@pytest.mark.parametrize("case", CASES)
def test_published_transformers_give_their_authors_numbers_layer_by_layer(case, theirs):
    theirs.agree(case, **outputs(network(case), CASES[case]))


@pytest.mark.parametrize("case", CASES)
def test_published_transformers_have_their_authors_sizes_less_the_unused_table(case, theirs):
    model = network(case)
    theirs.agree(case, parameters=size(model) + UNUSED.get(case, 0))
    query = {} if case in SEQUENCES else {"class_query": model.class_query.numel()}
    theirs.sizes(case, query | {"transformer.encoder": size(model.encoder), "transformer.decoder": size(model.decoder),
                                "linear_class": size(model.classify)})


@pytest.mark.parametrize("case", CASES)
def test_the_tensors_are_told_in_the_authors_order(case, files):
    assert files.tensors(case) == [(tensor.name, tensor.kind) for tensor in tensors(case)]


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("case", [case for case in SEQUENCES if case.endswith("42")])
def test_gradients_are_those_of_torchs_transformer_which_the_authors_use(case):
    model = network(case).train()
    for dropout in (part for part in model.modules() if isinstance(part, Dropout)):
        dropout.p = 0
    torchs = nn.ModuleDict({"transformer": nn.Transformer(42, 7, 6, 6, dropout=0), "linear_class": nn.Linear(42, 13)})
    theirs = dict(torchs.named_parameters()) | {
        name: nn.Parameter(torch.empty(1, 1, 42)) for name in ("wEnc", "wDec") if "sequence" in case}
    for k, tensor in enumerate(tensors(case)):
        theirs[tensor.name].data = formula(tensor.kind, k, theirs[tensor.name].shape, GAIN)
    frames = clip(42).landmarks.flatten(2).transpose(0, 1)  # (T, 1, 42)
    encoded, asked = ((frames * theirs["wEnc"], frames * theirs["wDec"]) if "sequence" in case else
                      [frames + sinusoids(FRAMES, 42)[:, None]] * 2)
    logits = torchs["linear_class"](torchs["transformer"](encoded, asked).mean(0))
    target = torch.tensor([3])
    F.cross_entropy(logits, target).backward()
    F.cross_entropy(model(clip(42))["logits"], target).backward()
    own = dict(model.named_parameters())
    for tensor in tensors(case):
        expected = theirs[tensor.name].grad.flatten()
        found = torch.cat([own[name].grad.flatten() for name in tensor.ours])
        assert (found - expected).abs().max() <= TOLERANCE * expected.abs().max(), tensor.name


@pytest.mark.parametrize("width", [150, 42])
def test_sinusoidal_positions_are_their_authors(width, theirs):
    theirs.agree(f"silt_baseline_{width}", positions=sinusoids(FRAMES, width))


LENGTHS = [9, 5, 7]


def embedding(**choices) -> Embedded:
    """The published network in evaluation mode, without dropout."""
    params = SpoterParams(published=True, embedding={"size": 32, **choices})
    model = build(params.model_copy(update={"dropout": 0}), 100).eval()
    fill(model, embedding_tensors(), GAIN)
    return model


@pytest.fixture
def padded() -> Batch:
    clips = torch.zeros(3, 9, 54, 2)
    for i, length in enumerate(LENGTHS):
        clips[i, :length] = given(3000 + i, length, 54, 2, scale=0.5)
    return batch_of(clips, LENGTHS)


@torch.no_grad()
def test_an_embedding_is_its_authors_of_each_clip_alone(padded, theirs):
    model = embedding()
    theirs.agree("spoter_embeddings", embedding_alone=model(padded)["features"])
    theirs.agree("spoter_embeddings", parameters=size(model))
    theirs.sizes("spoter_embeddings", {"transformer.encoder": size(model.backbone.encoder),
                                       "transformer.decoder": size(model.backbone.decoder),
                                       "linear_embed": size(model.embed)})


@torch.no_grad()
def test_in_training_padding_is_read_as_by_the_authors(padded, theirs):
    model = embedding().train()
    spoter = model.backbone
    with watched(encoder1=spoter.encoder.layers[0], memory=spoter.encoder, decoder1=spoter.decoder.layers[0],
                 decoded=spoter.decoder) as found:
        found["embedding_as_run"] = model(padded)["features"][:, None]
    theirs.agree("spoter_embeddings", **{name: value if name == "embedding_as_run" else value.transpose(0, 1)
                                         for name, value in found.items()})
    theirs.agree("spoter_embeddings", embedding_unit=embedding(normalise=True).train()(padded)["features"])


@torch.no_grad()
def test_padding_that_the_decoder_alone_reads_is_the_authors_with_a_boolean_mask(padded, theirs):
    model = embedding()
    frames = padded.frames[:, None, None]
    embedded = model.backbone.embed(replace(padded, mask=torch.ones_like(padded.mask)))
    decoded = model.backbone.decoder(model.backbone.class_query.expand(3, 1, -1),
                                     model.backbone.encoder(embedded, None, frames), torch.ones_like(frames))
    theirs.agree("spoter_embeddings", embedding_boolean_mask=model.embed(decoded))


def test_the_tensors_of_an_embedding_are_told_in_the_authors_order(files):
    assert files.tensors("spoter_embeddings") == [(tensor.name, tensor.kind) for tensor in embedding_tensors()]
