"""Graph convolution over joints and time: the building blocks of the graph models.

Yan, Xiong and Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition", AAAI 2018.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.dataset.skeleton import Skeleton
from slr.models.blocks import FrameNorm
from slr.models.layers import Dropout
from slr.params.families.stgcn import GraphParams
from slr.preprocessing.batch import Batch
from slr.preprocessing.streams import motions


def edges(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Edges: the skeleton's bones as pairs of joints, and each hand connected to the body's wrist if no bone does."""
    found = [tuple(bone) for bone in skeleton.bone_indices.tolist()]
    for part, where in skeleton.part_slices.items():
        root, wrist = f"{part}_wrist", f"{part.removesuffix('_hand')}_wrist"
        inside = set(range(*where.indices(len(skeleton))))
        joined = any((a in inside) != (b in inside) for a, b in found)
        if part.endswith("_hand") and not joined and root in skeleton.joints and wrist in skeleton.joints:
            found.append((skeleton.index(wrist), skeleton.index(root)))
    return found


def adjacency(skeleton: Skeleton, kind: Literal["bones", "chain"] = "bones") -> Tensor:
    """Adjacency matrix (J, J), symmetrically normalised, with self loops.

    D^-1/2 (A + I) D^-1/2 (Kipf and Welling, ICLR 2017). A joint without bones (MediaPipe's face has none) has only its
    self loop.

    Parameters
    ----------
    skeleton : Skeleton
    kind : {"bones", "chain"}
        `chain` connects each joint to the next in storage order, as in the published SCA-STGCN.
    """
    joints = len(skeleton)
    pairs = edges(skeleton) if kind == "bones" else [(i, i + 1) for i in range(joints - 1)]
    matrix = np.eye(joints)
    for a, b in pairs:
        matrix[a, b] = matrix[b, a] = 1
    scale = matrix.sum(1) ** -0.5
    return torch.from_numpy(scale[:, None] * matrix * scale).float()


class Input(nn.Module):
    """A batch's landmarks as joint features, zero where a joint is missing.

    Parameters
    ----------
    joints : int
    channels : int
        Number of channels: the first of x, y, z, visibility.
    presence : bool
        Add the presence mask as a channel, which distinguishes a missing joint from one at the origin.
    motion : bool
        Add each joint's velocity in at most the first three channels.
    identity : int
        Size of a learned embedding added for each joint. A block's weights are shared by all joints: without it, joints
        differ by their positions only.
    """

    FAST = 0.1
    """A fast joint's displacement per frame, in normalised units: scales motions to the range of positions."""

    def __init__(self, joints: int, channels: int, presence: bool, motion: bool, identity: int):
        super().__init__()
        self.channels, self.presence, self.motion = channels, presence, motion
        self.identity = nn.Parameter(torch.randn(joints, identity)) if identity else None
        self.width = channels + presence + min(channels, 3) * motion + identity

    def forward(self, batch: Batch) -> Tensor:
        """(B, T, J, width)"""
        found = batch.mask[..., None]
        features = [batch.landmarks[..., :self.channels].masked_fill(~found, 0)]
        if self.presence:
            features.append(found.to(features[0]))
        if self.motion:
            features.append(motions(batch.landmarks[..., :min(self.channels, 3)], batch.mask, lag=2)[0] / self.FAST)
        if self.identity is not None:
            features.append(self.identity.expand(*found.shape[:2], -1, -1))
        return torch.cat(features, -1)


def graph_blocks(params: GraphParams, skeleton: Skeleton, inputs: int, *, dilations: Sequence[int] | None = None,
                 strides: Sequence[int] | None = None, linear_bias: bool = False) -> nn.ModuleList:
    """The blocks of a graph model, one for each of `widths`.

    Parameters
    ----------
    params : GraphParams
    skeleton : Skeleton
    inputs : int
        Channels per joint before the first.
    dilations, strides : sequence of int, optional
        Of each block; by default 1.
    linear_bias : bool
        See `GraphBlock`.
    """
    graph, ones = adjacency(skeleton, params.graph), [1] * len(params.widths)
    sizes = [inputs, *params.widths]
    return nn.ModuleList(
        GraphBlock(graph, sizes[i], sizes[i + 1], params.kernel, dilation, stride, params.dropout,
                   params.learned_edges, linear_bias)
        for i, (dilation, stride) in enumerate(zip(dilations or ones, strides or ones, strict=True)))


class GraphBlock(nn.Module):
    """Linear -> adjacency product -> temporal convolution -> batch norm -> residual -> ReLU -> dropout.

    The first three are linear, so they are computed in another order, with the same result: the adjacency product on
    the narrower input, then one temporal convolution whose weights are the product of both layers' (`_fused`). The
    layout is channels-last, which suits the products, the convolution and the norm.

    Padded frames are zeroed before the temporal convolution and excluded from the norm's statistics.

    Parameters
    ----------
    graph : Tensor (J, J)
        See `adjacency`.
    inputs, outputs : int
        Channels per joint before and after.
    kernel, dilation, stride : int
        Those of the temporal convolution; `kernel` is odd.
    dropout : float
    learned_edges : bool
        Add a learned matrix, initialised to zero, to the graph (Shi et al., "Two-Stream Adaptive Graph Convolutional
        Networks", CVPR 2019).
    linear_bias : bool
        Give the linear layer and that of the shortcut a bias, as SCA-STGCN's author does; the norm makes the first
        nearly redundant.
    """

    adjacency: Tensor

    def __init__(self, graph: Tensor, inputs: int, outputs: int, kernel: int = 3, dilation: int = 1, stride: int = 1,
                 dropout: float = 0.1, learned_edges: bool = False, linear_bias: bool = False):
        super().__init__()
        self.register_buffer("adjacency", graph, persistent=False)
        self.edges = nn.Parameter(torch.zeros_like(graph)) if learned_edges else None
        self.linear = nn.Linear(inputs, outputs, bias=linear_bias)
        self.temporal = nn.Conv2d(outputs, outputs, (kernel, 1), padding=(dilation * (kernel // 2), 0),
                                  dilation=(dilation, 1), stride=(stride, 1), bias=False)
        self.norm = FrameNorm(outputs)
        self.stride = stride
        same = inputs == outputs and stride == 1
        self.residual = nn.Identity() if same else nn.Linear(inputs, outputs, bias=linear_bias)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Aggregate each joint's features over its neighbours in space and time.

        Parameters
        ----------
        x : Tensor (B, T, J, inputs)
        frames : Tensor (B, T) bool
            False for padding.

        Returns
        -------
        Tensor (B, T', J, outputs), Tensor (B, T') bool
            T' is T / stride, rounded up.
        """
        x = x.masked_fill(~frames[..., None, None], 0)
        graph = self.adjacency if self.edges is None else self.adjacency + self.edges
        h = self._fused(graph @ x, graph, frames)
        kept = frames[:, ::self.stride]
        return self.dropout(F.relu(self.norm(h, kept) + self.residual(x[:, ::self.stride]))), kept

    def _fused(self, x: Tensor, graph: Tensor, frames: Tensor) -> Tensor:
        """(B, T, J, inputs) -> (B, T', J, outputs): the linear layer and the temporal convolution, after the graph."""
        conv = self.temporal
        weight = torch.einsum("okm,mi->oik", conv.weight[..., 0].transpose(1, 2), self.linear.weight)[..., None]
        h = F.conv2d(x.permute(0, 3, 1, 2), weight, None, conv.stride, conv.padding, conv.dilation)
        h = h.permute(0, 2, 3, 1)
        if self.linear.bias is None:
            return h
        # The bias contributes a joint's row sum of the graph times the temporal convolution of the frame mask.
        taps = torch.einsum("omk,m->ok", conv.weight[..., 0], self.linear.bias)[:, None]  # (outputs, 1, kernel)
        of_frame = F.conv1d(frames[:, None].to(taps), taps, None, conv.stride[:1], conv.padding[:1], conv.dilation[:1])
        return h + (of_frame.transpose(1, 2)[:, :, None] * graph.sum(1)[:, None]).to(h)


class JointPooling(nn.Module):
    """Pools all joints of a frame into one vector.

    The mean, as published, loses which joint did what, and varies little from frame to frame. Repaired, several learned
    weighted sums over the joints are concatenated, projected to one width, and normalised over frames, which removes
    what is constant over time.

    Parameters
    ----------
    joints, width : int
    sums : int
        Number of weighted sums; 0 for the mean.
    """

    def __init__(self, joints: int, width: int, sums: int):
        super().__init__()
        self.sums = sums
        if sums:
            self.weights = nn.Parameter(torch.randn(sums, joints) * joints**-0.5)
            self.project = nn.Linear(sums * width, width, bias=False)
            self.norm = FrameNorm(width)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """x: (B, T, J, D); frames: (B, T) bool -> (B, T, D)"""
        return self.norm(self.project((self.weights @ x).flatten(2)), frames) if self.sums else x.mean(2)
