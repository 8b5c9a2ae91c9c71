"""SPOTER: a transformer over frames of landmarks, read by one learned class query.

Bohacek and Hruz, "Sign Pose-based Transformer for Word-level Sign Language Recognition", WACV Workshops 2022.
As published (`published: true`) and repaired: see docs/models.md for what differs and what each difference is worth.
"""

import torch
from torch import Tensor, nn

from slr.data.batches import Batch
from slr.models.transformer import Layer, Positions
from slr.params import SpoterParams
from slr.skeleton import Skeleton


class PublishedDecoderLayer(Layer):
    """A decoder layer without self-attention: one query has nothing to choose from but itself.

    Only the residual around it was left in, so that x is added to itself.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float):
        super().__init__(width, heads, feedforward, dropout, norm_first=False)
        self.query_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, source: Tensor, attend: Tensor) -> Tensor:
        return super().forward(self.query_norm(x + self.dropout(x)), source, attend)


class Spoter(nn.Module):
    """Landmarks of a clip -> gloss.

    Parameters
    ----------
    params : SpoterParams
    skeleton : Skeleton
        Of the clips.
    classes : int
        Glosses to tell apart.
    """

    def __init__(self, params: SpoterParams, skeleton: Skeleton, classes: int):
        super().__init__()
        joints = len(skeleton)
        self.channels = params.channels
        width = self.width = params.d_model or joints * params.channels
        sizes = (width, params.heads, params.feedforward, params.dropout)
        # Zero before the normalisation's minus .5 is what the published code gives to a missing joint.
        absent = torch.full((joints * params.channels,), -0.5 if params.missing == "zero" else 0.0)
        if params.missing == "learned":
            self.absent = nn.Parameter(absent)
        else:
            self.register_buffer("absent", absent)
        # The norm brings coordinates, which are small, to the scale of the positions that are added to them.
        self.project = (nn.Sequential(nn.Linear(joints * params.channels, width), nn.LayerNorm(width)) if params.d_model
                        else nn.Identity())
        self.positions = Positions(params.positions, width)
        self.encoder = nn.ModuleList(Layer(*sizes, params.norm_first) for _ in range(params.encoder_layers))
        self.encoder_norm = nn.LayerNorm(width)
        self.class_query = nn.Parameter(torch.rand(width))
        self.decoder = nn.ModuleList(
            Layer(*sizes, norm_first=True) if params.norm_first else PublishedDecoderLayer(*sizes)
            for _ in range(params.decoder_layers)
        )
        self.decoder_norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, classes)
        for layer in (*self.encoder, *self.decoder):
            for weight in (weight for weight in layer.parameters() if weight.ndim > 1):
                nn.init.xavier_uniform_(weight)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Read a batch of normalised landmarks.

        Returns
        -------
        dict
            `logits` (B, classes), and `features` (B, D), which they are a linear function of.
        """
        x = batch.landmarks[..., :self.channels].flatten(2)  # (B, T, J * C)
        found = batch.mask.repeat_interleave(self.channels, dim=2)
        x = self.positions(self.project(torch.where(found, x, self.absent)))  # (B, T, D)
        attend = batch.frames[:, None, None, :]  # (B, 1, 1, T)
        for layer in self.encoder:
            x = layer(x, None, attend)
        memory = self.encoder_norm(x)
        query = self.class_query.expand(len(batch), 1, -1)  # (B, 1, D)
        for layer in self.decoder:
            query = layer(query, memory, attend)
        features = self.decoder_norm(query)[:, 0]
        return {"logits": self.classify(features), "features": features}
