"""SPOTER: a transformer over frames of landmarks, decoded with one learned class query.

Bohacek and Hruz, "Sign Pose-based Transformer for Word-level Sign Language Recognition", WACV Workshops 2022. As
published (`published: true`) and repaired: docs/models.md describes the differences and the effect of each.
"""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.models.layers import DecoderLayer, FrameEmbedding, TransformerLayer, TransformerStack, start_attention_as_torch
from slr.params.families.spoter import SpoterParams
from slr.preprocessing.batch import Batch


class PublishedDecoderLayer(TransformerLayer):
    """A decoder layer without self-attention, which is pointless for a single query.

    Only the residual connection around it remains, so that x is added to itself.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float):
        super().__init__(width, heads, feedforward, dropout, norm_first=False)
        self.query_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, source: Tensor | None, attend: Tensor) -> Tensor:
        return super().forward(self.query_norm(x + self.dropout(x)), source, attend)


class Spoter(nn.Module):
    """Landmarks of a clip -> gloss logits.

    Parameters
    ----------
    params : SpoterParams
    skeleton : Skeleton
        Of the clips.
    classes : int
        Number of glosses.
    weighted : bool, default False
        Multiply each coordinate by a learned weight first: see `slr.models.silt`.
    post_norm : type, default PublishedDecoderLayer
        Layers of a post-norm decoder.
    """

    def __init__(self, params: SpoterParams, skeleton: Skeleton, classes: int, weighted: bool = False,
                 post_norm: type[DecoderLayer | PublishedDecoderLayer] = PublishedDecoderLayer):
        super().__init__()
        inputs = len(skeleton) * params.channels
        width = self.width = params.d_model or inputs
        sizes = (width, params.heads, params.feedforward, params.dropout)
        self.reads_padding = params.padding == "published"
        self.embed = FrameEmbedding(inputs, params.d_model, params.missing, params.positions, weighted)
        self.encoder = TransformerStack(
            (TransformerLayer(*sizes, params.norm_first) for _ in range(params.encoder_layers)), width)
        self.class_query = nn.Parameter(torch.rand(width))
        self.decoder = TransformerStack(
            (TransformerLayer(*sizes, norm_first=True) if params.norm_first else post_norm(*sizes)
             for _ in range(params.decoder_layers)), width)
        self.classify = nn.Linear(width, classes)
        if params.published:
            self._start_as_published()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Logits and features of a batch of normalised landmarks.

        Returns
        -------
        dict
            `logits` (B, classes), a linear function of `features` (B, D).
        """
        features = self.answer(self.class_query.expand(len(batch), 1, -1), batch)[:, 0]
        return {"logits": self.classify(features), "features": features}

    def _start_as_published(self) -> None:
        """Draw the weights as the published code does, where SPOTER's decoder layers are copies of a new one."""
        start_attention_as_torch(self)
        first, *others = self.decoder.layers
        if isinstance(first, PublishedDecoderLayer):
            for linear in (first.attention.out, first.feedforward[0], first.feedforward[3]):
                cast(nn.Linear, linear).reset_parameters()
            nn.init.zeros_(first.attention.out.bias)
            for layer in others:
                layer.load_state_dict(first.state_dict())

    def answer(self, queries: Tensor, batch: Batch) -> Tensor:
        """Decode the encoded frames with the queries (B, Q, D) -> (B, Q, D)."""
        attend = batch.frames[:, None, None, :]  # (B, 1, 1, T)
        if self.training and self.reads_padding:
            return self._answer_reading_padding(queries, batch, attend)
        memory = self.encoder(self.embed(batch), None, attend)
        return self.decoder(queries, memory, attend)

    def _answer_reading_padding(self, queries: Tensor, batch: Batch, attend: Tensor) -> Tensor:
        """As `answer`, with padding as in SPOTER embeddings (xmartlabs, 2023).

        Padded frames are frames of zeros. Their mask is a number, which torch adds to the encoder's scores, so that
        padding is preferred, not hidden; the decoder has none.
        """
        padded = replace(batch, mask=batch.mask | ~batch.frames[..., None])
        memory = self.encoder(self.embed(padded), None, (~attend).float())
        return self.decoder(queries, memory, torch.ones_like(attend))
