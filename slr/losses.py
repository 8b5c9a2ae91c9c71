"""What training minimises: named terms of what a model returned."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.data.batches import Batch
from slr.params import TrainingParams


class Criterion(nn.Module):
    """Cross-entropy over glosses, with label smoothing (Szegedy et al., CVPR 2016).

    Its terms are summed by the loop; each is named, so that one that isn't finite can be named too. What a term learns
    for itself (the adversary, an estimator) is a parameter of the criterion and not of the model.

    Parameters
    ----------
    params : TrainingParams
    width : int
        Of the model's features.
    class_counts : Tensor (classes,)
        Training clips of each class.
    signers : int
        How many signers the training clips have; 0 where no loss is about them.
    """

    def __init__(self, params: TrainingParams, width: int, class_counts: Tensor, signers: int):
        super().__init__()
        self.label_smoothing = params.label_smoothing

    def forward(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Means over the batch, of the model's outputs for it."""
        logits = outputs["logits"].float()
        loss = F.cross_entropy(logits, batch.targets, label_smoothing=self.label_smoothing, reduction="none")
        if batch.mixed_targets is not None:
            other = F.cross_entropy(logits, batch.mixed_targets, label_smoothing=self.label_smoothing, reduction="none")
            loss = torch.lerp(loss, other, batch.mixed_share)
        return {"cross_entropy": loss.mean()}
