"""Continuous recognition from landmarks: frame encoder, convolutions with temporal pooling, sequence model, CTC.

The convolutions have an auxiliary classifier, which supervises them with the glosses directly (Min et al., "Visual
Alignment Constraint for Continuous Sign Language Recognition", ICCV 2021).
"""

import torch
from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.models.blocks import TemporalBlock
from slr.models.conformer import Conformer
from slr.models.graph import GraphBlock, Input, JointPooling, adjacency
from slr.models.recurrent import Bidirectional
from slr.models.views import Views
from slr.params.families.pose_ctc import PoseCtcParams
from slr.preprocessing.batch import Batch


class PoseCtc(nn.Module):
    """Landmarks of a sentence -> gloss logits for each output frame.

    Parameters
    ----------
    params : PoseCtcParams
    skeleton : Skeleton
        Of the batches.
    classes : int
        Number of glosses; the logits have one class more, CTC's blank, which is class 0.

    Attributes
    ----------
    width : int
        Width of the features.
    pooling : int
        Input frames per output frame.
    """

    def __init__(self, params: PoseCtcParams, skeleton: Skeleton, classes: int):
        super().__init__()
        width, self.pooling = params.width, params.temporal_stride
        self.front = StreamFront(params, skeleton) if params.front == "streams" else GraphFront(params, skeleton)
        self.blocks = nn.ModuleList(
            TemporalBlock(1, width, width, params.kernel, stride, params.dropout) for stride in params.strides)
        self.read = (Conformer(width, params.layers, params.heads, params.dropout) if params.sequence == "conformer"
                     else Bidirectional(params.sequence, width, width, params.layers, params.dropout))
        self.dropout = nn.Dropout(params.dropout)
        self.width = self.read.width
        self.classify = nn.Linear(self.width, classes + 1)
        self.classify_convolved = nn.Linear(width, classes + 1)
        self.classify_frames = nn.Linear(self.width, classes + 1)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Logits and features of a batch of normalised landmarks.

        Returns
        -------
        dict
            `sequence_logits`, `conv_logits` and `frame_logits` (B, T', classes + 1): CTC logits of the sequence model
            and of the convolutions, and frame-classification logits of each output frame; `features` (B, T', width),
            `lengths` (B,), the clips' output frames without padding. T' is T / pooling, rounded up.
        """
        x, frames = self.front(batch).transpose(1, 2), batch.frames  # (B, width, T), (B, T)
        for block in self.blocks:
            x, frames = block(x, frames)
        convolved, lengths = x.transpose(1, 2), frames.sum(1)
        features = self.read(convolved, lengths)
        heard = self.dropout(features)
        return {"sequence_logits": self.classify(heard), "conv_logits": self.classify_convolved(convolved),
                "frame_logits": self.classify_frames(heard), "features": features, "lengths": lengths}


class StreamFront(nn.Module):
    """Concatenated views of all joints of a frame, projected to one width."""

    def __init__(self, params: PoseCtcParams, skeleton: Skeleton):
        super().__init__()
        self.views = Views(skeleton, params.streams, params.channels, params.motion_lag)
        self.project = nn.Sequential(nn.Linear(sum(self.views.widths.values()), params.width), nn.ReLU(),
                                     nn.Dropout(params.dropout))

    def forward(self, batch: Batch) -> Tensor:
        """(B, T, width)"""
        return self.project(torch.cat(list(self.views(batch).values()), 2))


class GraphFront(nn.Module):
    """Graph convolutions over the skeleton, and weighted sums over its joints: see `slr.models.graph`."""

    SUMS = 8

    def __init__(self, params: PoseCtcParams, skeleton: Skeleton):
        super().__init__()
        self.input = Input(len(skeleton), params.channels, presence=True, motion=True, identity=8)
        graph = adjacency(skeleton)
        self.blocks = nn.ModuleList([
            GraphBlock(graph, self.input.width, params.width // 2, 3, dropout=params.dropout, learned_edges=True),
            GraphBlock(graph, params.width // 2, params.width, 3, dropout=params.dropout, learned_edges=True)])
        self.pool = JointPooling(len(skeleton), params.width, self.SUMS)

    def forward(self, batch: Batch) -> Tensor:
        """(B, T, width)"""
        x = self.input(batch)
        for block in self.blocks:
            x, _ = block(x, batch.frames)
        return self.pool(x, batch.frames)
