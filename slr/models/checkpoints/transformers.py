"""Checkpoints of SPOTER, of SiLT and of SPOTER embeddings: torch's transformer with a learned query."""

from collections.abc import Mapping
from typing import Any

from slr.errors import ModelError
from slr.models.checkpoints.tensors import Checkpoint, Theirs, below, linear, norm
from slr.params.families.silt import SILT_AS_PUBLISHED
from slr.params.families.spoter import SPOTER_AS_PUBLISHED

JOINTS = {108: "spoter-54", 150: "holistic-75", 84: "hands-42", 42: "right-hand-21"}
"""The published skeleton with so many coordinates a frame."""
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


def stack(name: str, layer: list[Theirs], layers: int = 6) -> list[Theirs]:
    """The `encoder` or the `decoder`."""
    return [*(tensor for i in range(layers)
              for tensor in below(f"transformer.{name}.layers.{i}.", f"{name}.layers.{i}.", layer)),
            *norm(f"transformer.{name}.norm", f"{name}.norm")]


def body(checkpoint: Checkpoint | None = None) -> list[Theirs]:
    """Encoder and decoder, of as many layers as a checkpoint has, or as published."""
    sizes = {} if checkpoint is None else layers(checkpoint)
    return [*stack("encoder", ENCODER, sizes.get("encoder_layers", 6)),
            *stack("decoder", DECODER, sizes.get("decoder_layers", 6))]


QUERY = Theirs("class_query", "free", ("class_query",))
POSITION = ("embed.positions.vector",)
CLASSES = "linear_class.weight"
POSITIONED = [Theirs("row_embed", "free"), Theirs("pos", "free", POSITION)]
"""A table of which the network uses no row, and the one position vector."""
WEIGHTED = [Theirs("wEnc", "scale", ("embed.weights",))]


def spoter_tensors(checkpoint: Checkpoint) -> list[Theirs]:
    """All tensors of SPOTER, of its authors or without positions as SiLT's authors compare it."""
    return [*(POSITIONED if "pos" in checkpoint else []), QUERY, *body(checkpoint), *linear("linear_class", "classify")]


def spoter_settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """SPOTER's boxes normalise its authors' 54 joints; SiLT's authors give it other joints, as fractions of the
    frame."""
    width = checkpoint.shape(CLASSES)[1]
    return {**SPOTER_AS_PUBLISHED, "family": "spoter", **layers(checkpoint), **sizes(checkpoint, width, given),
            "positions": "published" if "pos" in checkpoint else "none",
            **({} if width == 108 else {"normalise": "none", "augment": {"probability": 0}})}


def silt_tensors(checkpoint: Checkpoint) -> list[Theirs]:
    """All tensors of SiLT that asks by a query."""
    return [*WEIGHTED, QUERY, *body(checkpoint), *linear("linear_class", "classify")]


def silt_settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """As published."""
    width = checkpoint.shape(CLASSES)[1]
    return {**SPOTER_AS_PUBLISHED, **SILT_AS_PUBLISHED, "family": "silt", "weights": "query", **layers(checkpoint),
            **sizes(checkpoint, width, given)}


EMBED = "linear_embed.weight"


def embedding_tensors(checkpoint: Checkpoint | None = None) -> list[Theirs]:
    """All tensors of SPOTER embeddings."""
    return [*below("", "backbone.", [Theirs("pos_encoding", "free", POSITION), QUERY, *body(checkpoint)]),
            *linear("linear_embed", "embed.1")]


def embedding_settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """SPOTER with a triplet loss alone; whether vectors are normalised can't be seen (`embedding.normalise`)."""
    size, width = checkpoint.shape(EMBED)
    return {**SPOTER_AS_PUBLISHED, "family": "spoter", **layers(checkpoint), **sizes(checkpoint, width, given),
            "losses": {"classification": 0, "triplet": 1}, "embedding": {"size": size}}


def layers(checkpoint: Checkpoint) -> dict[str, int]:
    """Numbers of layers, and the width of their feed-forward layers."""
    return {**{f"{name}_layers": checkpoint.numbered(f"transformer.{name}.layers.") for name in ("encoder", "decoder")},
            "feedforward": checkpoint.shape("transformer.encoder.layers.0.linear1.weight")[0]}


def sizes(checkpoint: Checkpoint, width: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Joints and heads; raises ModelError where they follow from neither the width nor what is `given`."""
    known: dict[str, Mapping[int, Any]] = {"joints": JOINTS, "heads": HEADS}
    for name, values in known.items():
        if width not in values and name not in given:
            raise ModelError(f"{checkpoint.source} is of {width} numbers a frame ({width // 2} joints), for which no "
                             f"{name} are published; give them: --set {name}=...")
    return {name: given.get(name, values.get(width)) for name, values in known.items()}
