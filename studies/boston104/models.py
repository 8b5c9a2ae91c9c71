"""The settings of the study, chosen by cross-validation inside the training sentences. See README.md."""

from typing import NamedTuple

from slr.params import AugmentParams, ModelParams, WindowsParams
from slr.params.families.ctc import CtcParams
from slr.params.families.multistream import MultistreamParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.stgcn import ScaStgcnDetectionParams
from studies.boston104.templates import Cover

DATA = {"joints": "boston-3", "normalise": "none"}
"""Both hands and the nose, as fractions of the picture."""
VARIED = AugmentParams(probability=0.8, frame_rate=0.2, noise_std=0.002, scale=0.05, shift=0.01, rotate_degrees=3,
                       squeeze=0, perspective=0, arm_degrees=0)


class Ensemble(NamedTuple):
    """Networks of the same settings with other first weights, whose probabilities are averaged."""

    params: ModelParams
    seeds: int


READER = Ensemble(PoseCtcParams(
    **DATA, augment=VARIED, streams=["joints", "joint_motions", "reaches", "reach_motions"], epochs=250, patience=250,
    batch_size=8, lr=0.003, dropout=0.2, splice=0.7, ctc=CtcParams(distillation=0, frames=1)), seeds=3)
"""Reads sentences."""
WORDS = Ensemble(MultistreamParams(
    **DATA, augment=VARIED.model_copy(update={
        "frame_rate": 0, "noise_std": 0.004, "scale": 0.1, "shift": 0.02, "rotate_degrees": 5, "crop": 0.05,
        "mixup": 0.2}),
    frames=24, epochs=60, patience=60, batch_size=32, lr=0.002, weight_decay=0.05, dropout=0.2, seeds=2,
    streams=[["joints", "joint_motions"], ["reaches", "reach_motions"],
             ["joints", "reaches", "joint_motions", "reach_motions"]]), seeds=1)
"""Names words that are cut out of their sentences."""
DETECTOR = Ensemble(ScaStgcnDetectionParams(
    **DATA, augment=VARIED.model_copy(update={"frame_rate": 0}), widths=[32, 32, 64], hidden=96, epochs=15,
    patience=15, lr=0.003, warmup_epochs=1, windows=WindowsParams(frames=15, stride=3, classes=2)), seeds=1)
"""Tells frames of words from those between them."""


class Language(NamedTuple):
    """The language model of the training sentences: its order, its weight, and what each gloss adds to a score."""

    order: int
    weight: float
    bonus: float


LANGUAGE = Language(order=3, weight=1.0, bonus=1.5)
COVER = Cover(between=0.032, weight=30.0)
HYPOTHESES = 60
"""Most probable transcripts of a sentence among which the templates choose."""
TRIED = [Cover(between, weight) for between in (0.016, 0.032, 0.064) for weight in (10.0, 30.0, 60.0)]
"""What development compares."""
NEARNESS = 0.03
"""Distance of a word from a template that makes a gloss e times less likely."""
