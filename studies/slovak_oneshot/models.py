"""The models of the study, and which of them are averaged. Settings may only be changed as README.md says."""

from typing import Literal, NamedTuple

from slr.params import AugmentParams, BatchingParams, EmbeddingParams, ModelParams
from slr.params.families.multistream import MultistreamParams
from slr.params.families.spoter import SpoterParams
from studies.slovak_oneshot.common import COMMON

Corpus = Literal["sample", "isl", "front"]


class Recipe(NamedTuple):
    """One kind of model.

    Attributes
    ----------
    corpus : {"sample", "isl", "front"}
        What it trains on: `studies.slovak_oneshot.sources`.
    params : ModelParams
    compare : {"features", "logits"}
        How far a side take is from a front take: the Euclidean distance of their features; or, of models that were
        trained to name the front takes, minus the log-probability of the front take's gloss.
    seeds : int
        Models that are trained with first weights of their own; their distances are averaged.
    """

    corpus: Corpus
    params: ModelParams
    compare: Literal["features", "logits"] = "features"
    seeds: int = 3


VIEWS = AugmentParams(probability=0.9, yaw_degrees=60, squeeze=0, perspective=0, rotate_degrees=8, arm_degrees=6,
                      noise_std=0.03, scale=0.1, crop=0.1)
"""Other view points, and a little of all that else differs from take to take; nothing mirrored."""
EMBEDDING = {
    "embedding": EmbeddingParams(size=64),
    "losses": {"classification": 0, "triplet": 1, "proxy": 0.3, "signers": "true"},
    "batching": BatchingParams(clips_per_sign=4, signers_per_sign=4), "batch_size": 32,
}
FRONT = {"augment": VIEWS.model_copy(update={"noise_std": 0.1}), "batch_size": 32, "weight_decay": 0.1}
"""One take of each gloss: strong noise, strong decay."""

MODELS: dict[str, Recipe] = {
    "sample": Recipe("sample", MultistreamParams(normalise="hands", epochs=40, **EMBEDDING, augment=VIEWS)),
    "isl": Recipe("isl", MultistreamParams(
        joints=COMMON.name, epochs=20, **EMBEDDING, augment=VIEWS,
        streams=[["joints", "joint_motions"], ["reaches", "joint_motions"], ["directions", "direction_motions"]]),
        seeds=2),
    "front_multistream": Recipe("front", MultistreamParams(
        normalise="hands", epochs=200, **FRONT, dropout=0.3, head_dropout=0.5), compare="logits"),
    "front_facing": Recipe("front", MultistreamParams(
        normalise="hands", channels=3, facing=True, turn_degrees=15, epochs=200, **FRONT, dropout=0.3,
        head_dropout=0.5), compare="logits"),
    "front_spoter": Recipe("front", SpoterParams(
        epochs=200, lr=0.0005, dropout=0.2, positions="learned", **FRONT), compare="logits", seeds=2),
}
AVERAGES: dict[str, tuple[str, ...]] = {
    "front": ("front_multistream", "front_facing", "front_spoter"),
    "all": (*MODELS, "dtw"),
}
"""Means of several models' scaled distances, each by its own name; `dtw` is the baseline."""
