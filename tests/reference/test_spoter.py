"""SPOTER in its widths, with and without its encoding, SiLT that asks by a query, and SPOTER embeddings."""

import pytest
import torch

from slr.models import build
from slr.models.checkpoints.transformers import embedding_tensors
from slr.models.layers import sinusoids
from slr.params.families.spoter import SPOTER_AS_PUBLISHED, SpoterParams
from tests.helpers.reference import batch_of, fill, given, size
from tests.helpers.reference_transformers import (
    CASES,
    ENCODERS,
    FRAMES,
    GAIN,
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


def test_an_embedding_is_its_authors_of_each_clip_alone(theirs):
    """The authors' code gives it for single clips; in a batch theirs also reads the padding: docs/published.md."""
    published = SPOTER_AS_PUBLISHED | {"normalise": "none", "losses": {"classification": 0, "triplet": 1}}
    model = build(SpoterParams(**published, embedding={"size": 32}), 100).eval()
    fill(model, embedding_tensors(), GAIN)
    lengths = [9, 5, 7]
    clips = torch.zeros(3, 9, 54, 2)
    for i, length in enumerate(lengths):
        clips[i, :length] = given(3000 + i, length, 54, 2, scale=0.5)
    with torch.no_grad():
        theirs.agree("spoter_embeddings", embedding_alone=model(batch_of(clips, lengths))["features"])
    theirs.agree("spoter_embeddings", parameters=size(model))
    theirs.sizes("spoter_embeddings", {"transformer.encoder": size(model.backbone.encoder),
                                       "transformer.decoder": size(model.backbone.decoder),
                                       "linear_embed": size(model.embed)})


def test_the_tensors_of_an_embedding_are_told_in_the_authors_order(files):
    assert files.tensors("spoter_embeddings") == [(tensor.name, tensor.kind) for tensor in embedding_tensors()]
