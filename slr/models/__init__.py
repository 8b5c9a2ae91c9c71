"""Networks: one module per model family, and `build`, which constructs the one that the settings name.

A model takes a `Batch` (RGB models: an `RgbBatch`) and returns a dict of named tensors; it is independent of files,
losses and training loop. Clip models return `logits` (B, classes) and `features` (B, `model.width`), from which the
logits are computed; sentence models return what `slr.models.pose_ctc` and `slr.models.stfnet` document. Further outputs
are for the criterion (`slr.losses.classification`, `slr.losses.ctc`).
"""

from torch import nn

from slr.dataset.skeleton import skeleton
from slr.params import ModelParams
from slr.params.lookup import locate


def build(params: ModelParams, classes: int) -> nn.Module:
    """Build an untrained model for this many classes, initialised from torch's current random state.

    With `params.embedding`, the model maps a clip to a vector: `slr.models.embedding`.
    """
    model = locate(params.network)(params, skeleton(params.joints), classes)
    if params.embedding is None:
        return model
    from slr.models.embedding import Embedded

    return Embedded(model, params.embedding, classes, classifier=params.losses.classification > 0)
