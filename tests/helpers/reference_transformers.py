"""SPOTER and its kin with the formula's weights: which of the authors' tensors is which of ours."""

import torch
from torch import Tensor, nn

from slr.batches.batch import Batch
from slr.models import build
from slr.models.checkpoints.tensors import Theirs, linear
from slr.models.checkpoints.transformers import ENCODER, POSITIONED, QUERY, WEIGHTED, body, stack
from slr.models.spoter import Spoter
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SPOTER_AS_PUBLISHED, SpoterParams
from slr.params.families.transformer import TransformerParams
from tests.helpers.reference import batch_of, fill, formula, given, watched

GAIN = 2
JOINTS = {108: "spoter-54", 150: "holistic-75", 42: "right-hand-21"}
HEADS = {108: 9, 150: 10, 42: 7}
CLASSES = {108: 20, 150: 20, 42: 13}
INPUT = {108: 2001, 150: 2002, 42: 2003}
FRAMES = 11
CASES = {"spoter_108": 108, "spoter_mediapipe_150": 150, "spoter_mediapipe_42": 42, "spoter_nope_150": 150,
         "spoter_nope_42": 42, "silt_query_150": 150, "silt_query_42": 42}
"""Cases that our networks compute as they are, and the numbers of a frame."""


BEGINNINGS = {"spoter": [*POSITIONED, QUERY], "spoter_mediapipe": [*POSITIONED, QUERY], "spoter_nope": [QUERY],
              "silt_query": [*WEIGHTED, QUERY]}


def tensors(case: str) -> list[Theirs]:
    """The authors' tensors of one of `CASES`, in the order of their numbers."""
    return [*BEGINNINGS[case.rpartition("_")[0]], *body(), *linear("linear_class", "classify")]


def network(case: str) -> Spoter:
    """Our network of one of `CASES`, in evaluation mode."""
    width = CASES[case]
    if case.startswith("silt"):
        params: SpoterParams = SiltParams(published=True, joints=JOINTS[width])
    else:
        positions = "none" if "nope" in case else "published"
        params = SpoterParams(**SPOTER_AS_PUBLISHED | {
            "joints": JOINTS[width], "heads": HEADS[width], "positions": positions, "normalise": "none"})
    model = build(params, CLASSES[width]).eval()
    fill(model, tensors(case), GAIN)
    return model


def clip(width: int) -> Batch:
    """The clip of all cases with so many numbers a frame."""
    return batch_of(given(INPUT[width], FRAMES, width // 2, 2, scale=0.5)[None])


@torch.no_grad()
def outputs(model: Spoter, width: int) -> dict[str, Tensor]:
    """What the layers give for the case's clip."""
    layers = {"encoder1": model.encoder.layers[0], "encoder6": model.encoder.layers[5], "memory": model.encoder,
              "decoder1": model.decoder.layers[0], "decoder6": model.decoder.layers[5], "decoded": model.decoder}
    with watched(**layers) as found:
        logits = model(clip(width))["logits"]
    return {**found, "logits": logits}


ENCODERS = {f"{name}_{width}": (name, width) for name in ("silt_sequence", "silt_baseline") for width in (150, 42)}
"""Cases whose encoder is ours, and whose decoder isn't."""


@torch.no_grad()
def encoder(case: str) -> tuple[nn.Module, dict[str, Tensor]]:
    """Our encoder of one of `ENCODERS`, and what its layers give for the case's clip."""
    name, width = ENCODERS[case]
    if name == "silt_sequence":
        model = build(SiltParams(published=True, joints=JOINTS[width], weights="sequence"), 2).eval()
        model.embed.weights.copy_(formula("scale", 0, (width,)))
    else:
        model = build(TransformerParams(**BASELINE, joints=JOINTS[width], heads=HEADS[width]), 2).eval()
    fill(nn.ModuleDict({"encoder": model.encoder}), stack("encoder", ENCODER), GAIN,
         first=2 if name == "silt_sequence" else 0)
    batch = clip(width)
    with watched(encoder1=model.encoder.layers[0], encoder6=model.encoder.layers[5], memory=model.encoder) as found:
        model.encoder(model.embed(batch), None, batch.frames[:, None, None])
    return model.encoder, found


BASELINE = {"normalise": "none", "missing": "zero", "d_model": None, "layers": 6, "feedforward": 2048,
            "norm_first": False}
"""The plain transformer in the sizes of SiLT's baseline."""
