"""Model families: one module each, and `build`, which makes the one that the settings name.

A model reads a `Batch` (of frames: an `RgbBatch`) and returns a dict of named tensors; it knows nothing of files,
losses or loops. A model of clips returns `logits` (B, classes) and `features` (B, `model.width`), which the logits are
made from; one of sentences what `slr.models.pose_ctc` or `slr.models.stfnet` says. What else it returns is for the
criterion (`slr.losses.classification`, `slr.losses.ctc`).
"""

from torch import nn

from slr.dataset.skeleton import skeleton
from slr.models.attention_stgcn import AttentionStgcn
from slr.models.embedding import Embedded
from slr.models.multistream import Multistream
from slr.models.pose_ctc import PoseCtc
from slr.models.sca_stgcn import ScaStgcn
from slr.models.silt import Silt
from slr.models.spoter import Spoter
from slr.models.stfnet import Stfnet
from slr.models.transformer import Transformer
from slr.params import ModelParams

FAMILIES = {
    "spoter": Spoter, "silt": Silt, "transformer": Transformer, "sca_stgcn": ScaStgcn,
    "sca_stgcn_detection": ScaStgcn,
    "attention_stgcn": AttentionStgcn, "multistream": Multistream, "pose_ctc": PoseCtc,
}


def build(params: ModelParams, classes: int) -> nn.Module:
    """Make an untrained model of `params.family` for that many classes, with torch's random numbers as they stand.

    With `params.embedding`, one that maps a clip to a vector: `slr.models.embedding`.
    """
    if params.reads == "frames":
        return Stfnet(params, classes + 1)  # and the blank
    model = FAMILIES[params.family](params, skeleton(params.joints), classes)
    if params.embedding is None:
        return model
    return Embedded(model, params.embedding, classes, classifier=params.losses.classification > 0)
