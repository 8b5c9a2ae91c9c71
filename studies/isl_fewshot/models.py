"""The two models of the study: one trained by what is near what, and the same without."""

from slr.params import BatchingParams, EmbeddingParams, ModelParams
from studies.isl_kinect.models import BEST
from studies.isl_kinect.models import MODELS as KINECT

FEATURES: ModelParams = KINECT[BEST]
"""`multistream` as ISL Kinect's study trains it."""
MODELS: dict[str, ModelParams] = {
    "multistream_embedding": FEATURES.model_copy(update={
        "embedding": EmbeddingParams(size=64),
        "losses": FEATURES.losses.model_copy(update={"classification": 0, "triplet": 1, "proxy": 0.3,
                                                     "signers": "true"}),
        "batching": BatchingParams(clips_per_sign=4, signers_per_sign=4)}),
    "multistream": FEATURES,
}
