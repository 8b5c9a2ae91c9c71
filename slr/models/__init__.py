"""Model families: one module each, and `build`, which makes the one that the settings name.

A model reads a `Batch` (of frames: an `RgbBatch`) and returns a dict of named tensors; it knows nothing of files,
losses or loops. A model of clips returns `logits` (B, classes) and `features` (B, `model.width`), which the logits are
made from; one of sentences what `slr.models.pose_ctc` or `slr.models.stfnet` says. What else it returns is for the
criterion (`slr.losses.classification`, `slr.losses.ctc`).
"""

from torch import nn

from slr.dataset.skeleton import skeleton
from slr.params import ModelParams
from slr.params.lookup import locate


def build(params: ModelParams, classes: int) -> nn.Module:
    """Make an untrained model with these settings for that many classes, with torch's random numbers as they stand.

    With `params.embedding`, one that maps a clip to a vector: `slr.models.embedding`.
    """
    model = locate(params.network)(params, skeleton(params.joints), classes)
    if params.embedding is None:
        return model
    from slr.models.embedding import Embedded

    return Embedded(model, params.embedding, classes, classifier=params.losses.classification > 0)
