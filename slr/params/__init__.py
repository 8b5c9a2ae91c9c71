"""The typed schema of `params.yaml`, and the one place where defaults live.

One module for each subject: `pipeline` (the stages), `training` (what every model has), one for each family of models,
`whole` (the file), and `reading`, which checks a file and explains what is wrong in it.
"""

from slr.params.models import FAMILIES, ModelParams
from slr.params.multistream import MultistreamParams
from slr.params.pipeline import (
    ComputeParams,
    CorpusParams,
    EvaluationParams,
    FramesParams,
    ImportedParams,
    LandmarksParams,
    SampleParams,
    SignersParams,
    SplitsParams,
    TrainParams,
    WindowsParams,
)
from slr.params.reading import describe, load, parse
from slr.params.section import Section
from slr.params.silt import SiltParams
from slr.params.spoter import SpoterParams
from slr.params.stgcn import AttentionStgcnParams, ScaStgcnParams
from slr.params.training import AugmentParams, LossParams, TrainingParams
from slr.params.transformer import TransformerParams
from slr.params.whole import Params

__all__ = [
    "AttentionStgcnParams", "AugmentParams", "ComputeParams", "CorpusParams", "EvaluationParams", "FAMILIES",
    "FramesParams", "ImportedParams", "LandmarksParams", "LossParams", "ModelParams", "MultistreamParams", "Params",
    "SampleParams", "ScaStgcnParams", "Section", "SignersParams", "SiltParams", "SplitsParams", "SpoterParams",
    "TrainParams", "TrainingParams", "TransformerParams", "WindowsParams", "describe", "load", "parse",
]
