"""What training minimises: named terms of what a model returned."""

from torch import Tensor, nn
from torch.nn import functional as F

from slr.data.batches import Batch
from slr.params import TrainingParams


class Criterion(nn.Module):
    """Cross-entropy over glosses, with label smoothing (Szegedy et al., CVPR 2016).

    Its terms are summed by the loop; each is named, so that one that isn't finite can be named too.
    """

    def __init__(self, params: TrainingParams):
        super().__init__()
        self.label_smoothing = params.label_smoothing

    def forward(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Means over the batch, of the model's outputs for it."""
        return {"cross_entropy": F.cross_entropy(outputs["logits"].float(), batch.targets,
                                                 label_smoothing=self.label_smoothing)}
