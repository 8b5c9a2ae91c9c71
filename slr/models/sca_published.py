"""SCA-STGCN as published: three graph blocks, attention over time conditioned on the signer, and a GRU.

C. Chaabani, "Signer-conditioned attention ST-GCN", 2024, with the variants of the author's code. Module by module it
computes what that code does (docs/published.md); `slr.models.sca_stgcn` is the repaired network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.dataset.skeleton import Skeleton
from slr.models.graph import Input, graph_blocks
from slr.models.sca_stgcn import ClipGRU, SignerAttention, classifier, framing
from slr.params.families.stgcn import ScaStgcnParams
from slr.preprocessing.batch import Batch

HIDDEN = 128
"""Width of the signer encoders' hidden layers."""


class PublishedScaStgcn(nn.Module):
    """Landmarks of a clip -> gloss logits.

    Parameters
    ----------
    params : ScaStgcnParams
    skeleton : Skeleton
        Of the clips.
    classes : int
        Number of glosses.
    """

    def __init__(self, params: ScaStgcnParams, skeleton: Skeleton, classes: int):
        super().__init__()
        self.input = Input(len(skeleton), params.channels, presence=False, motion=False, identity=0)
        self.blocks = graph_blocks(params, skeleton, self.input.width, dilations=params.block_dilations,
                                   linear_bias=True)
        first, width, signer = params.widths[0], params.widths[-1], params.signer_width
        self.signer_encoder: nn.Module
        if params.signer_encoder == "statistics":
            self.signer_encoder = StatisticsEncoder(signer)
        elif params.signer_encoder == "learned":
            self.signer_encoder = FeatureEncoder(first, signer, params.signer_pooling)
        else:
            self.signer_encoder = HybridEncoder(first, signer)
        hierarchical = params.attention == "hierarchical"
        self.attend_joints = JointAttention(width, params.heads, signer) if hierarchical else None
        self.attend_time = SignerAttention(width, params.heads, signer, params.attention, bare=True)
        self.gru = ClipGRU(width, params.hidden, "last")
        self.width = 2 * params.hidden
        self.classify = classifier(self.width, classes, params.dropout)

    def forward(self, batch: Batch) -> dict[str, Tensor | list[Tensor]]:
        """Logits and features of a batch of landmarks, as fractions of the frame.

        Returns
        -------
        dict
            As of `slr.models.sca_stgcn.ScaStgcn`.
        """
        frames = batch.frames
        x = early = self.blocks[0](self.input(batch), frames)[0]
        for block in self.blocks[1:]:
            x, _ = block(x, frames)  # (B, T, J, D)
        signer = self.signer_encoder(batch, early)
        if self.attend_joints is not None:
            x = self.attend_joints(x, signer)
        attended, weights = self.attend_time(x.mean(2), None, signer, frames)  # (B, T, D)
        features = self.gru(attended, batch.lengths)
        return {"logits": self.classify(features), "features": features, "signer": signer,
                "attention": [weights * frames[:, None, :, None]], "attended": attended}


class JointAttention(nn.Module):
    """Self-attention among the joints of each frame; keys and values have the same scale and shift by the signer."""

    def __init__(self, width: int, heads: int, signer_width: int):
        super().__init__()
        self.heads = heads
        self.scale = nn.Linear(signer_width, width)
        self.shift = nn.Linear(signer_width, width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, x: Tensor, signer: Tensor) -> Tensor:
        """x: (B, T, J, D); signer: (B, S) -> (B, T, J, D)"""
        scale, shift = 1 + self.scale(signer).tanh()[:, None, None], self.shift(signer)[:, None, None]
        query, key, value = (h.unflatten(-1, (self.heads, -1)).transpose(2, 3) for h in (
            self.query(x), self.key(x) * scale + shift, self.value(x) * scale + shift))  # (B, T, H, J, D / H)
        return self.out(F.scaled_dot_product_attention(query, key, value).transpose(2, 3).flatten(3))


class StatisticsEncoder(nn.Module):
    """Signer embedding (B, S) from the mean and the standard deviation of x and of y."""

    def __init__(self, width: int):
        super().__init__()
        self.encode = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, width))

    def forward(self, batch: Batch, early: Tensor) -> Tensor:
        return self.encode(statistics(batch))


class FeatureEncoder(nn.Module):
    """Signer embedding (B, S) from the first block's features, pooled over all joints of all frames at once."""

    def __init__(self, inputs: int, width: int, pooling: str):
        super().__init__()
        self.pooling = pooling
        if pooling == "attention":
            self.score = nn.Sequential(nn.Linear(inputs, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1))
        self.encode = nn.Sequential(nn.LayerNorm(inputs), nn.Linear(inputs, HIDDEN), nn.ReLU(),
                                    nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, width))

    def forward(self, batch: Batch, early: Tensor) -> Tensor:
        """early: (B, T, J, D)"""
        own = batch.frames.repeat_interleave(early.shape[2], 1)[..., None]  # (B, T * J, 1)
        places = early.flatten(1, 2)
        if self.pooling == "attention":
            weights = self.score(places).float().masked_fill(~own, -torch.inf).softmax(1).to(places)
            return self.encode((weights * places).sum(1))
        if self.pooling == "max":
            return self.encode(places.masked_fill(~own, -torch.inf).amax(1))
        return self.encode((places * own).sum(1) / own.sum(1))


class HybridEncoder(nn.Module):
    """Signer embedding (B, S) of which one half of the input is from statistics, the other from features."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.statistics = StatisticsEncoder(width // 2)
        self.features = FeatureEncoder(inputs, width // 2, "attention")
        self.fuse = nn.Sequential(nn.Linear(2 * (width // 2), HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, width))

    def forward(self, batch: Batch, early: Tensor) -> Tensor:
        return self.fuse(torch.cat([self.statistics(batch, early), self.features(batch, early)], -1))


def statistics(batch: Batch) -> Tensor:
    """(B, 4): mean of x, mean of y, standard deviation of x, of y, over all joints and frames; missing is zero."""
    mean_x, deviation_x, mean_y, deviation_y = framing(batch).unbind(1)
    return torch.stack([mean_x, mean_y, deviation_x + 1e-6, deviation_y + 1e-6], 1)
