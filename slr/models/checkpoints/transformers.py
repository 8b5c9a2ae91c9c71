"""Checkpoints of SPOTER, of SiLT and its baseline, and of SPOTER embeddings: torch's transformer."""

from collections.abc import Mapping
from typing import Any

from slr.errors import ModelError
from slr.models.checkpoints.tensors import Checkpoint, Theirs, below, linear, norm
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.transformer import TransformerParams

JOINTS = {108: "spoter-54", 150: "holistic-75", 84: "hands-42", 42: "right-hand-21"}
"""The published skeleton with so many coordinates a frame."""
SPOTER_WIDTH = 108
HEADS = {108: 9, 150: 10, 42: 7}
"""The published number of attention heads, by width; no tensor shows it."""


def attention(theirs: str, ours: str) -> list[Theirs]:
    """Multi-head attention: queries, keys and values in one matrix, and an output layer."""
    return [*below("", ours, [
        Theirs(f"{theirs}.in_proj_weight", "matrix", (".query.weight", ".key_value.weight")),
        Theirs(f"{theirs}.in_proj_bias", "bias", (".query.bias", ".key_value.bias"))]),
        *linear(f"{theirs}.out_proj", f"{ours}.out")]


FEEDFORWARD = [*linear("linear1", "feedforward.0"), *linear("linear2", "feedforward.3")]
ENCODER = [*attention("self_attn", "attention"), *FEEDFORWARD, *norm("norm1", "attention_norm"),
           *norm("norm2", "feedforward_norm")]
DECODER = [*attention("multihead_attn", "attention"), *FEEDFORWARD, *norm("norm1", "query_norm"),
           *norm("norm2", "attention_norm"), *norm("norm3", "feedforward_norm")]
"""A decoder layer without self-attention, as SPOTER's."""
WHOLE_DECODER = [*attention("self_attn", "self_attention"), *DECODER]


def stack(name: str, layer: list[Theirs], layers: int = 6) -> list[Theirs]:
    """The `encoder` or the `decoder`."""
    return [*(tensor for i in range(layers)
              for tensor in below(f"transformer.{name}.layers.{i}.", f"{name}.layers.{i}.", layer)),
            *norm(f"transformer.{name}.norm", f"{name}.norm")]


def body(checkpoint: Checkpoint | None = None, decoder: list[Theirs] = DECODER) -> list[Theirs]:
    """Encoder and decoder, of as many layers as a checkpoint has, or as published."""
    encoders, decoders = (6, 6) if checkpoint is None else depth(checkpoint)
    return [*stack("encoder", ENCODER, encoders), *stack("decoder", decoder, decoders)]


QUERY = Theirs("class_query", "free", ("class_query",))
POSITION = ("embed.positions.vector",)
CLASSES = "linear_class.weight"
POSITIONED = [Theirs("row_embed", "free"), Theirs("pos", "free", POSITION)]
"""A table of which the network uses no row, and the one position vector."""
WEIGHTED = [Theirs("wEnc", "scale", ("embed.weights",))]
ASKING = [Theirs("wDec", "scale", ("ask.weights",))]
SINUSOIDS = [Theirs("output_pos_encoding.pe", "free")]
"""The baseline's fixed table of positions."""


def spoter_tensors(checkpoint: Checkpoint) -> list[Theirs]:
    """All tensors of SPOTER, of its authors or without positions as SiLT's authors compare it."""
    return [*(POSITIONED if "pos" in checkpoint else []), QUERY, *body(checkpoint), *linear("linear_class", "classify")]


def spoter_settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """SPOTER's boxes normalise its authors' 54 joints; SiLT's authors give it other joints, as fractions of the
    frame."""
    width = checkpoint.shape(CLASSES)[1]
    block = {"family": "spoter", **sizes(checkpoint, width, given),
             "positions": "published" if "pos" in checkpoint else "none"}
    run = SiltParams.as_published(block)
    like_silt = {} if width == SPOTER_WIDTH else {name: run[name] for name in ("normalise", "units", "augment")}
    return {**SpoterParams.as_published(block), **like_silt, **block, **layers(checkpoint)}


def silt_tensors(checkpoint: Checkpoint) -> list[Theirs]:
    """All tensors of SiLT, which asks by a query or by the sequence, or of its baseline."""
    classify = linear("linear_class", "classify")
    if "wDec" in checkpoint:
        return [*WEIGHTED, *ASKING, *body(checkpoint, WHOLE_DECODER), *classify]
    if is_baseline(checkpoint):
        return [*SINUSOIDS, *body(checkpoint, WHOLE_DECODER), *classify]
    return [*WEIGHTED, QUERY, *body(checkpoint), *classify]


def silt_settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """As published; `weights`, or the baseline, by the tensors that only one of them has."""
    block = sizes(checkpoint, checkpoint.shape(CLASSES)[1], given)
    if is_baseline(checkpoint):
        encoders, decoders = depth(checkpoint)
        return {"family": "transformer", **TransformerParams.as_published(block), **block, "layers": encoders,
                "decoder_layers": decoders, "feedforward": feedforward(checkpoint)}
    block |= {"family": "silt", "weights": "sequence" if "wDec" in checkpoint else "query"}
    return {**SiltParams.as_published(block), **block, **layers(checkpoint)}


def is_baseline(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint of SiLT's is the transformer that it is compared with, of which nothing is learned besides.
    """
    return not any(name in checkpoint for name in ("wEnc", "class_query", "row_embed"))


EMBED = "linear_embed.weight"


def embedding_tensors(checkpoint: Checkpoint | None = None) -> list[Theirs]:
    """All tensors of SPOTER embeddings."""
    return [*below("", "backbone.", [Theirs("pos_encoding", "free", POSITION), QUERY, *body(checkpoint)]),
            *linear("linear_embed", "embed.1")]


def embedding_settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """SPOTER with a triplet loss alone; whether vectors are normalised can't be seen (`embedding.normalise`)."""
    size, width = checkpoint.shape(EMBED)
    block = {"family": "spoter", **sizes(checkpoint, width, given), "embedding": {"size": size},
             "losses": {"classification": 0, "triplet": 1}}
    return {**SpoterParams.as_published(block), **block, **layers(checkpoint)}


def depth(checkpoint: Checkpoint) -> tuple[int, int]:
    """Layers of encoder and decoder."""
    return (checkpoint.numbered("transformer.encoder.layers."), checkpoint.numbered("transformer.decoder.layers."))


def feedforward(checkpoint: Checkpoint) -> int:
    """Width of the feed-forward layers."""
    return checkpoint.shape("transformer.encoder.layers.0.linear1.weight")[0]


def layers(checkpoint: Checkpoint) -> dict[str, int]:
    """Settings of what `depth` and `feedforward` tell."""
    encoders, decoders = depth(checkpoint)
    return {"encoder_layers": encoders, "decoder_layers": decoders, "feedforward": feedforward(checkpoint)}


def sizes(checkpoint: Checkpoint, width: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Joints and heads; raises ModelError where they follow from neither the width nor what is `given`."""
    known: dict[str, Mapping[int, Any]] = {"joints": JOINTS, "heads": HEADS}
    for name, values in known.items():
        if width not in values and name not in given:
            raise ModelError(f"{checkpoint.source} is of {width} numbers a frame ({width // 2} joints), for which no "
                             f"{name} are published; give them: --set {name}=...")
    return {name: given.get(name, values.get(width)) for name, values in known.items()}
