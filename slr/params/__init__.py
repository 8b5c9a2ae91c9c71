"""Typed schema of `params.yaml`, and the only place where defaults are defined.

One module per subject: `pipeline` (the stages), `families` (settings shared by all models, and each model family),
`whole` (the complete file), and `reading`, which validates a file and explains its errors.
"""

from slr.params.families import family_named
from slr.params.families.training import (
    FAMILIES,
    AugmentParams,
    BatchingParams,
    EmbeddingParams,
    LossParams,
    ModelParams,
)
from slr.params.pipeline import (
    ComputeParams,
    CorpusParams,
    EvaluationParams,
    FramesParams,
    ImportedParams,
    JoinedParams,
    LandmarksParams,
    SampleParams,
    SignersParams,
    SplitsParams,
    TrainParams,
    ZooParams,
)
from slr.params.reading import ZOO, describe, load, parse, parse_model, read_yaml
from slr.params.section import Section
from slr.params.whole import Params
from slr.params.windows import WindowsParams

__all__ = [
    "AugmentParams", "BatchingParams", "ComputeParams", "CorpusParams", "EmbeddingParams", "EvaluationParams",
    "FAMILIES", "FramesParams", "ImportedParams", "JoinedParams", "LandmarksParams", "LossParams", "ModelParams",
    "Params", "SampleParams", "Section", "SignersParams", "SplitsParams", "TrainParams", "WindowsParams", "ZOO",
    "ZooParams", "describe", "family_named", "load", "parse", "parse_model", "read_yaml",
]
