"""Checkpoints of SCA-STGCN, with additive or FiLM attention, as its author's scripts train them."""

from collections.abc import Mapping
from typing import Any

from slr.models.checkpoints.tensors import Checkpoint, Theirs, batch_norm, below, linear, matrix, norm, recurrent

CLASSES = "cls_head.net.4.weight"
HEAD = [*norm("net.0", "0"), *linear("net.1", "1"), *linear("net.4", "4")]
STATISTICS = [*norm("0", "0"), *linear("1", "1"), *linear("3", "3")]
WIDTH = 128
"""Channels of the last block."""
FILM = "attn.k_scale_net.0.weight"
"""A tensor that FiLM attention alone has."""


def block(i: int, projected: bool) -> list[Theirs]:
    """A graph block, with a projected shortcut where the number of channels changes."""
    parts = [*linear("gc.lin", "linear"), *matrix("temporal", "temporal"), *batch_norm("bn", "norm"),
             *(linear("res_proj", "residual") if projected else [])]
    return below(f"backbone.layers.{i}.", f"blocks.{i}.", parts)


def attention(film: bool, width: int = WIDTH) -> list[Theirs]:
    """Scales and shifts are rows of one layer of ours: scale of keys, of values, shift of values, of keys."""
    tensors = [tensor for theirs, ours in (("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value"),
                                           ("out_proj", "out")) for tensor in matrix(theirs, ours)]
    nets = {"k_scale_net.0": 0, "k_shift_net": 3, "v_scale_net.0": 1, "v_shift_net": 2} if film else {}
    return tensors + [tensor._replace(rows=slice(i * width, (i + 1) * width))
                      for net, i in nets.items() for tensor in linear(net, "modulate")]


def network(film: bool) -> list[Theirs]:
    """All tensors of the network, without the signers' adversary."""
    return [*block(0, True), *block(1, True), *block(2, False),
            *below("signer_enc.net.", "signer_encoder.encode.", STATISTICS),
            *below("attn.", "attend_time.", attention(film)), *recurrent("temporal.gru", "gru.there"),
            *recurrent("temporal.gru", "gru.back", reverse=True), *below("cls_head.", "classify.", HEAD)]


def tensors(checkpoint: Checkpoint) -> list[Theirs]:
    """All tensors; those of the adversary, which a checkpoint may have, are of no use without training."""
    return [*network(FILM in checkpoint), *(tensor._replace(name=f"signer_head.{tensor.name}", ours=())
                                            for tensor in HEAD)]


def settings(checkpoint: Checkpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """As published, on windows of a stream; nothing tells the joints, nor that the windows are clips of signs."""
    classes = checkpoint.shape(CLASSES)[0]
    family = given.get("family", "sca_stgcn_detection")
    windows = {"windows": {"classes": classes if classes in (2, 3, 4) else "found"}}
    return {"family": family, "published": True, "attention": "film" if FILM in checkpoint else "additive",
            "joints": "holistic-553", **({} if family == "sca_stgcn" else windows)}
