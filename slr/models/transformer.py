"""The plain transformer: an encoder over frames of landmarks, if wanted a decoder, averaged over time.

Vaswani et al., NeurIPS 2017, as in the comparison with SiLT of Luna-Jimenez et al., ICMI 2023. As published and
repaired: see docs/models.md.
"""

from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.models.layers import (
    DecoderLayer,
    Dropout,
    FrameEmbedding,
    TransformerLayer,
    TransformerStack,
    mean_over_time,
    start_attention_as_torch,
)
from slr.params.families.transformer import TransformerParams
from slr.preprocessing.batch import Batch


class Transformer(nn.Module):
    """Landmarks of a clip -> gloss logits.

    With `decoder_layers`, as published, the embedded frames also ask the encoded ones.

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
        sizes = (width, params.heads, params.feedforward, params.dropout, params.norm_first)
        self.embed = FrameEmbedding(inputs, params.d_model, params.missing, params.positions)
        self.dropout = Dropout(params.input_dropout)
        self.encoder = TransformerStack((TransformerLayer(*sizes) for _ in range(params.layers)), width)
        self.decoder = TransformerStack((DecoderLayer(*sizes) for _ in range(params.decoder_layers)),
                                        width) if params.decoder_layers else None
        self.classify = nn.Linear(width, classes)
        if params.published:
            start_attention_as_torch(self)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Logits and features of a batch of normalised landmarks.

        Returns
        -------
        dict
            `logits` (B, classes), a linear function of `features` (B, D).
        """
        embedded, attend = self.dropout(self.embed(batch)), batch.frames[:, None, None, :]  # (B, T, D), (B, 1, 1, T)
        answer = self.encoder(embedded, None, attend)
        if self.decoder is not None:
            answer = self.decoder(embedded, answer, attend)
        features = mean_over_time(answer, batch.frames)
        return {"logits": self.classify(features), "features": features}
