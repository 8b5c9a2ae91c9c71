"""The typed schema of `params.yaml`, and the one place where defaults live.

One module for each subject: `pipeline` (the stages), `families` (what every model has, and each family of models),
`whole` (the file), and `reading`, which checks a file and explains what is wrong in it.
"""

from slr.params.families import FAMILIES, ModelParams
from slr.params.families.multistream import MultistreamParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stfnet import ImagesParams, StfnetParams
from slr.params.families.stgcn import AttentionStgcnParams, ScaStgcnDetectionParams, ScaStgcnParams
from slr.params.families.training import (
    AugmentParams,
    BatchingParams,
    EmbeddingParams,
    LossParams,
    TrainingParams,
)
from slr.params.families.transformer import TransformerParams
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
    "AttentionStgcnParams", "AugmentParams", "BatchingParams", "ComputeParams", "CorpusParams", "EmbeddingParams",
    "EvaluationParams", "FAMILIES", "FramesParams", "ImagesParams", "ImportedParams", "JoinedParams",
    "LandmarksParams", "LossParams", "ModelParams", "MultistreamParams", "Params", "PoseCtcParams", "SampleParams",
    "ScaStgcnDetectionParams", "ScaStgcnParams", "Section", "SignersParams", "SiltParams", "SplitsParams",
    "SpoterParams", "StfnetParams", "TrainParams", "TrainingParams", "TransformerParams", "WindowsParams", "ZOO",
    "ZooParams", "describe", "load", "parse", "parse_model", "read_yaml",
]
