"""SiLT: SPOTER with a learned weight for each coordinate, which shows how much the coordinate is used.

Luna-Jimenez et al., "Interpreting Sign Language Recognition using Transformers and MediaPipe Landmarks", ICMI 2023.
As published and repaired: see docs/models.md.
"""

from torch import Tensor

from slr.dataset.skeleton import Skeleton
from slr.models.layers import DecoderLayer, FrameEmbedding, mean_over_time
from slr.models.spoter import PublishedDecoderLayer, Spoter
from slr.params.families.silt import SiltParams
from slr.preprocessing.batch import Batch


class Silt(Spoter):
    """Landmarks of a clip -> gloss logits; parameters as for `Spoter`.

    `weights: query` weights the sequence before the encoder. `weights: sequence` also uses the sequence, with separate
    weights, as the decoder's queries instead of one learned query, and averages the outputs over time. As published
    (post-norm), its decoder is a whole one, with self-attention among the queries.
    """

    def __init__(self, params: SiltParams, skeleton: Skeleton, classes: int):
        sequence = params.weights == "sequence"
        super().__init__(params, skeleton, classes, weighted=True,
                         post_norm=DecoderLayer if sequence else PublishedDecoderLayer)
        self.ask = None
        if sequence:
            del self.class_query
            self.ask = FrameEmbedding(len(skeleton) * params.channels, params.d_model, params.missing, params.positions,
                              weighted=True)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """As `Spoter.forward`."""
        if self.ask is None:
            return super().forward(batch)
        features = mean_over_time(self.answer(self.ask(batch), batch), batch.frames)
        return {"logits": self.classify(features), "features": features}

    def input_weights(self) -> dict[str, Tensor]:
        """The learned weights (J * C,) of a frame's coordinates before the `encoder`, and before the `decoder`."""
        weighted = {"encoder": self.embed} | ({} if self.ask is None else {"decoder": self.ask})
        return {where: frames.weights.detach() for where, frames in weighted.items() if frames.weights is not None}
