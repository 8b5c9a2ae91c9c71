"""The plain transformer: an encoder over frames of landmarks, averaged over time.

Vaswani et al., NeurIPS 2017, as in the comparison with SiLT of Luna-Jimenez et al., ICMI 2023.
"""

from torch import Tensor, nn

from slr.batches.batch import Batch
from slr.dataset.skeleton import Skeleton
from slr.models.layers import FrameEmbedding, TransformerLayer, TransformerStack, mean_over_time
from slr.params.families.transformer import TransformerParams


class Transformer(nn.Module):
    """Landmarks of a clip -> gloss logits.

    Parameters
    ----------
    params : TransformerParams
    skeleton : Skeleton
        Of the clips.
    classes : int
        Number of glosses.
    """

    def __init__(self, params: TransformerParams, skeleton: Skeleton, classes: int):
        super().__init__()
        inputs = len(skeleton) * params.channels
        width = self.width = params.d_model or inputs
        self.embed = FrameEmbedding(inputs, params.d_model, params.missing, params.positions)
        self.encoder = TransformerStack(
            (TransformerLayer(width, params.heads, params.feedforward, params.dropout, params.norm_first)
             for _ in range(params.layers)), width)
        self.classify = nn.Linear(width, classes)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Logits and features of a batch of normalised landmarks.

        Returns
        -------
        dict
            `logits` (B, classes), a linear function of `features` (B, D).
        """
        encoded = self.encoder(self.embed(batch), None, batch.frames[:, None, None, :])  # (B, T, D)
        features = mean_over_time(encoded, batch.frames)
        return {"logits": self.classify(features), "features": features}
