"""SPOTER in its widths, with and without its encoding, SiLT that asks by a query, and SPOTER embeddings."""

from dataclasses import replace

import pytest
import torch

from slr.batches.batch import Batch
from slr.models import build
from slr.models.embedding import Embedded
from slr.models.layers import sinusoids
from slr.params.families.spoter import SpoterParams
from tests.helpers.reference import Theirs, batch_of, below, fill, given, linear, size, watched
from tests.helpers.reference_transformers import (
    BODY,
    CASES,
    ENCODERS,
    FRAMES,
    GAIN,
    POSITION,
    QUERY,
    encoder,
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
    theirs.sizes(case, {"transformer.encoder": size(model.encoder), "transformer.decoder": size(model.decoder),
                        "linear_class": size(model.classify), "class_query": model.class_query.numel()})


@pytest.mark.parametrize("case", CASES)
def test_the_tensors_are_told_in_the_authors_order(case, files):
    assert files.tensors(case) == [(tensor.name, tensor.kind) for tensor in tensors(case)]


@pytest.mark.parametrize("case", ENCODERS)
def test_encoders_of_sequences_are_their_authors(case, theirs):
    """Their decoders have self-attention, ours not: docs/published.md."""
    stack, found = encoder(case)
    theirs.agree(case, **found)
    theirs.sizes(case, {"transformer.encoder": size(stack)})


@pytest.mark.parametrize("width", [150, 42])
def test_sinusoidal_positions_are_their_authors(width, theirs):
    theirs.agree(f"silt_baseline_{width}", positions=sinusoids(FRAMES, width))


EMBEDDING = [*below("", "backbone.", [Theirs("pos_encoding", "free", POSITION), QUERY, *BODY]),
             *linear("linear_embed", "embed.1")]


LENGTHS = [9, 5, 7]


def embedding(**choices) -> Embedded:
    """The published network in evaluation mode, without dropout."""
    params = SpoterParams(published=True, embedding={"size": 32, **choices})
    model = build(params.model_copy(update={"dropout": 0}), 100).eval()
    fill(model, EMBEDDING, GAIN)
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
    assert files.tensors("spoter_embeddings") == [(tensor.name, tensor.kind) for tensor in EMBEDDING]
