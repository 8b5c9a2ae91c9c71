"""The project's own model: an ensemble of temporal convolutional networks, each on its own view of the clip.

The views are joints, bones, motions and the others of `slr.preprocessing.streams` (Shi et al., TIP 2020); the networks
are residual temporal convolutions (Bai, Kolter and Koltun, 2018) over all joints of a frame at once. The members differ
in their input and initialisation; they are trained in parallel as grouped convolutions, but independently (each has its
own loss), and their probabilities are averaged.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.dataset.skeleton import Skeleton
from slr.models.blocks import FrameNorm, TemporalBlock
from slr.models.views import Views
from slr.params.families.multistream import MultistreamParams
from slr.preprocessing.batch import Batch


class Multistream(nn.Module):
    """Streams -> one vector per frame -> residual temporal convolutions -> mean and maximum over time -> glosses.

    The classifier uses the features of every block, not only the last: those of early blocks generalise to new signers.

    Parameters
    ----------
    params : MultistreamParams
    skeleton : Skeleton
        Of the batches.
    classes : int

    Attributes
    ----------
    members : int
        Number of networks: streams times seeds.
    width : int
        Width of the features: those of all members, concatenated.

    Raises
    ------
    ParamsError
        If the skeleton lacks shoulders, needed to face the camera, or hands and a body, needed for reaches.
    """

    def __init__(self, params: MultistreamParams, skeleton: Skeleton, classes: int):
        super().__init__()
        self.views = Views(skeleton, {view for stream in params.streams for view in stream}, params.channels,
                           params.motion_lag, params.smooth, params.facing, params.turn_degrees)
        streams = params.streams * params.seeds
        self.members = len(streams)
        widths = [params.widths[0], *params.widths]
        self.inputs = nn.ModuleList(
            nn.Linear(sum(self.views.widths[view] for view in stream), widths[0], bias=False) for stream in streams)
        self.norm = FrameNorm(self.members * widths[0], time_last=True)
        self.blocks = nn.ModuleList(
            TemporalBlock(self.members, inputs, outputs, params.kernel, stride, params.dropout)
            for inputs, outputs, stride in zip(widths, widths[1:], params.strides, strict=False))
        self.dropout = nn.Dropout(params.head_dropout)
        read = 2 * sum(widths)
        self.classify = nn.Parameter(torch.randn(self.members, read, classes) / (2 * read ** 0.5))
        self.bias = nn.Parameter(torch.zeros(self.members, classes))
        self.streams = streams
        self.width = self.members * read

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """`members` (B, members, classes): logits of each; `logits` (B, classes): log of their mean probabilities."""
        views, frames = self.views(batch), batch.frames  # {name: (B, T, numbers)}, (B, T)
        x = torch.cat([project(torch.cat([views[view] for view in stream], 2))
                       for project, stream in zip(self.inputs, self.streams, strict=True)], 2)
        x = F.relu(self.norm(x.transpose(1, 2), frames))  # (B, members * width, T)
        pooled = self._over_time(x, frames)
        for block in self.blocks:
            x, frames = block(x, frames)
            pooled += self._over_time(x, frames)
        features = torch.cat(pooled, 2)  # (B, members, width / members)
        if self.classify is None:  # see slr.models.embedding
            return {"features": features.flatten(1)}
        logits = torch.einsum("bmd,mdk->bmk", self.dropout(features), self.classify) + self.bias
        averaged = logits.float().log_softmax(2).logsumexp(1) - math.log(self.members)
        return {"logits": averaged, "members": logits, "features": features.flatten(1)}

    def _over_time(self, x: Tensor, frames: Tensor) -> list[Tensor]:
        """x: (B, members * D, T), frames: (B, T) -> masked mean and maximum over time, each (B, members, D)"""
        outside = ~frames[:, None]
        mean = x.masked_fill(outside, 0).sum(2) / frames.sum(1, keepdim=True)
        most = x.masked_fill(outside, -torch.inf).amax(2)
        return [part.unflatten(1, (self.members, -1)) for part in (mean, most)]
