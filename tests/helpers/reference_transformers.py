"""SPOTER and its kin with the formula's weights: which of the authors' tensors is which of ours."""

import torch
from torch import Tensor

from slr.models import build
from slr.models.checkpoints.tensors import Theirs, linear
from slr.models.checkpoints.transformers import ASKING, DECODER, POSITIONED, QUERY, WEIGHTED, WHOLE_DECODER, body
from slr.models.spoter import Spoter
from slr.models.transformer import Transformer
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.transformer import TransformerParams
from slr.preprocessing.batch import Batch
from tests.helpers.reference import batch_of, fill, given, watched

GAIN = 2
JOINTS = {108: "spoter-54", 150: "holistic-75", 42: "right-hand-21"}
CLASSES = {108: 20, 150: 20, 42: 13}
INPUT = {108: 2001, 150: 2002, 42: 2003}
FRAMES = 11
CASES = {"spoter_108": 108, **{f"{name}_{width}": width for name in (
    "spoter_mediapipe", "spoter_nope", "silt_query", "silt_sequence", "silt_baseline") for width in (150, 42)}}
"""Cases, and the numbers of a frame."""
SEQUENCES = [case for case in CASES if case.startswith(("silt_sequence", "silt_baseline"))]
"""Those that ask with all frames, in torch's whole decoder."""


BEGINNINGS = {"spoter": [*POSITIONED, QUERY], "spoter_mediapipe": [*POSITIONED, QUERY], "spoter_nope": [QUERY],
              "silt_query": [*WEIGHTED, QUERY], "silt_sequence": [*WEIGHTED, *ASKING], "silt_baseline": []}


def tensors(case: str) -> list[Theirs]:
    """The authors' tensors of one of `CASES`, in the order of their numbers."""
    layers = body(decoder=WHOLE_DECODER if case in SEQUENCES else DECODER)
    return [*BEGINNINGS[case.rpartition("_")[0]], *layers, *linear("linear_class", "classify")]


def settings(case: str) -> SpoterParams | TransformerParams:
    """Settings of one of `CASES`."""
    joints = JOINTS[CASES[case]]
    match case.split("_")[:2]:
        case ["silt", "baseline"]:
            return TransformerParams(published=True, joints=joints)
        case ["silt", weights]:
            return SiltParams(published=True, joints=joints, weights=weights)
        case ["spoter", "nope"]:
            return SpoterParams(published=True, joints=joints, positions="none")
    return SpoterParams(published=True, joints=joints)


def network(case: str) -> Spoter | Transformer:
    """Our network of one of `CASES`, in evaluation mode."""
    model = build(settings(case), CLASSES[CASES[case]]).eval()
    fill(model, tensors(case), GAIN)
    return model


def clip(width: int) -> Batch:
    """The clip of all cases with so many numbers a frame."""
    return batch_of(given(INPUT[width], FRAMES, width // 2, 2, scale=0.5)[None])


@torch.no_grad()
def outputs(model: Spoter | Transformer, width: int) -> dict[str, Tensor]:
    """What the layers give for the case's clip."""
    layers = {"encoder1": model.encoder.layers[0], "encoder6": model.encoder.layers[5], "memory": model.encoder,
              "decoder1": model.decoder.layers[0], "decoder6": model.decoder.layers[5], "decoded": model.decoder}
    with watched(**layers) as found:
        logits = model(clip(width))["logits"]
    return {**found, "logits": logits}
