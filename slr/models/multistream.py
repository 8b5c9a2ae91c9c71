"""The project's own model: an ensemble of temporal convolutions, each over its own view of the clip.

The views are joints, bones and motions, and what else `slr.data.streams` makes of a clip (Shi et al., TIP 2020), the
networks residual temporal convolutions (Bai, Kolter and Koltun, 2018) over all joints of a frame at once. The members
differ in what they see and in their first weights; they are trained side by side, as groups of the same convolutions,
each for itself (its loss knows no other), and their probabilities are averaged.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.data.batches import Batch
from slr.data.streams import bones, directions, facing, motions, reaching, smoothed
from slr.errors import ParamsError
from slr.params.families.multistream import MultistreamParams
from slr.skeleton import Skeleton

MOTIONS = {"joints": "joint_motions", "bones": "bone_motions", "directions": "direction_motions",
           "reaches": "reach_motions"}
"""Of each view, that of its motions."""


class Multistream(nn.Module):
    """Streams -> a vector a frame -> residual convolutions in time -> mean and maximum over time -> glosses.

    The classifier reads what each block says, not the last one's word alone: what the first ones see carries over to
    new signers.

    Parameters
    ----------
    params : MultistreamParams
    skeleton : Skeleton
        Of the batches.
    classes : int

    Attributes
    ----------
    members : int
        Networks: streams times seeds.
    width : int
        Of the features: those of all members, one after the other.

    Raises
    ------
    ParamsError
        If the skeleton hasn't the shoulders to turn a clip by, or hands and a body for reaches.
    """

    def __init__(self, params: MultistreamParams, skeleton: Skeleton, classes: int):
        super().__init__()
        self.views = Views(params, skeleton)
        streams = params.streams * params.seeds
        self.members = len(streams)
        widths = [params.widths[0], *params.widths]
        self.inputs = nn.ModuleList(
            nn.Linear(sum(self.views.widths[view] for view in stream), widths[0], bias=False) for stream in streams)
        self.norm = FrameNorm(self.members * widths[0])
        self.blocks = nn.ModuleList(
            Block(self.members, inputs, outputs, params.kernel, stride, params.dropout)
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
        """x: (B, members * D, T), frames: (B, T) -> mean and maximum of a clip's frames, each (B, members, D)"""
        outside = ~frames[:, None]
        mean = x.masked_fill(outside, 0).sum(2) / frames.sum(1, keepdim=True)
        most = x.masked_fill(outside, -torch.inf).amax(2)
        return [part.unflatten(1, (self.members, -1)) for part in (mean, most)]


class Views(nn.Module):
    """What streams are made of: joints, bones, directions, reaches and the motions of each, all standardised.

    Attributes
    ----------
    widths : dict of str to int
        Numbers of a frame, for each view that the settings name.
    """

    def __init__(self, params: MultistreamParams, skeleton: Skeleton):
        super().__init__()
        self.channels, self.lag, self.smooth = params.channels, params.motion_lag, params.smooth
        self.turn = math.radians(params.turn_degrees)
        self.shoulders = None
        if params.facing:
            shoulders = ("left_shoulder", "right_shoulder")
            if any(joint not in skeleton.joints for joint in shoulders):
                raise ParamsError(f"facing: joints '{skeleton.name}' have no shoulders to turn a clip by; "
                                  "set facing: false, or other `joints`")
            self.shoulders = tuple(skeleton.index(joint) for joint in shoulders)
        pairs = {"bones": skeleton.bone_indices, "reaches": reaching(skeleton)}
        for name, joints in pairs.items():
            self.register_buffer(name, torch.as_tensor(joints, dtype=torch.int64).reshape(-1, 2), persistent=False)
        sizes = {"joints": len(skeleton), "bones": len(self.bones), "directions": len(self.bones),
                 "reaches": len(self.reaches)}
        sizes |= {MOTIONS[view]: size for view, size in sizes.items()}
        used = sorted({view for stream in params.streams for view in stream})
        if not len(self.reaches) and {"reaches", "reach_motions"} & set(used):
            raise ParamsError(f"streams: joints '{skeleton.name}' have no hands that reach out from a body; leave out "
                              "reaches and reach_motions")
        self.widths = {view: sizes[view] * self.channels for view in used}
        self.standard = nn.ModuleDict({view: Standard(self.widths[view]) for view in used})

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """(B, T, J, C >= the model's) -> {view: (B, T, numbers)}, missing ones at a learned place."""
        mask = batch.mask & batch.frames[..., None]
        joints = batch.landmarks[..., :self.channels].masked_fill(~mask[..., None], 0)
        if self.smooth:
            joints = smoothed(joints, mask)
        if self.shoulders:
            joints = facing(joints, mask, self.shoulders, self._errors(joints))
        vectors, found = bones(joints, mask, self.bones)
        views = {"joints": (joints, mask), "bones": (vectors, found)}
        if self.sees("directions"):
            views["directions"] = directions(vectors), found
        if self.sees("reaches"):
            views["reaches"] = bones(joints, mask, self.reaches)
        views |= {MOTIONS[name]: motions(*view, self.lag) for name, view in views.items()
                  if MOTIONS[name] in self.standard}
        return {name: standard(*views[name]) for name, standard in self.standard.items()}

    def sees(self, view: str) -> bool:
        """Whether a network sees this view or its motions."""
        return view in self.standard or MOTIONS[view] in self.standard

    def _errors(self, joints: Tensor) -> Tensor:
        """(B,) radians by which each clip is turned too far."""
        errors = joints.new_zeros(len(joints))
        return errors.uniform_(-self.turn, self.turn) if self.training and self.turn else errors


class Standard(nn.Module):
    """Each number with mean 0 and deviation 1 over the frames that have it, and a learned value where it is missing.

    As batch normalisation (Ioffe and Szegedy, ICML 2015) without its scale and shift: the batch's own statistics in
    training, their running averages otherwise.
    """

    MOMENTUM, EPS = 0.1, 1e-5

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.absent = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, found: Tensor) -> Tensor:
        """x: (B, T, N, C), zero where `found` (B, T, N) is False -> (B, T, N * C)"""
        found = found.repeat_interleave(x.shape[-1], 2)
        x = x.flatten(2)
        mean, variance = self.mean, self.variance
        if self.training:
            seen = found.sum((0, 1))
            count = seen.clamp_min(1)
            mean = x.sum((0, 1)) / count
            variance = ((x - mean).square() * found).sum((0, 1)) / count
            with torch.no_grad():  # what no frame of the batch has leaves the averages as they are
                share = self.MOMENTUM * (seen > 0)
                self.mean.lerp_(mean, share)
                self.variance.lerp_(variance, share)
        return torch.where(found, (x - mean) * (variance + self.EPS).rsqrt(), self.absent)


class Block(nn.Module):
    """Convolution in time -> norm -> ReLU -> dropout, and a residual where the width stays.

    All members at once, each with its own weights: groups of one convolution.
    """

    def __init__(self, members: int, inputs: int, outputs: int, kernel: int, stride: int, dropout: float):
        super().__init__()
        self.convolve = nn.Conv1d(members * inputs, members * outputs, kernel, stride, kernel // 2, groups=members,
                                  bias=False)
        self.norm = FrameNorm(members * outputs)
        self.dropout = ChannelDropout(dropout)
        self.stride, self.residual = stride, inputs == outputs

    def forward(self, x: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """x: (B, members * inputs, T), frames: (B, T) -> (B, members * outputs, T'), (B, T')"""
        x = x.masked_fill(~frames[:, None], 0)  # padding is what a convolution sees beyond a clip's end: nothing
        kept = frames[:, ::self.stride]
        h = self.dropout(F.relu(self.norm(self.convolve(x), kept)))
        return h + x[:, :, ::self.stride] if self.residual else h, kept


class FrameNorm(nn.BatchNorm1d):
    """Batch normalisation over the clips' own frames: padding counts in no statistic."""

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """x: (B, D, T), frames: (B, T) bool -> (B, D, T)"""
        if not self.training or frames.all():
            return super().forward(x)
        own = super().forward(x.transpose(1, 2)[frames])  # (frames of all clips, D)
        return torch.zeros_like(x.transpose(1, 2), dtype=own.dtype).index_put((frames,), own).transpose(1, 2)


class ChannelDropout(nn.Module):
    """Dropout of whole features of a clip (Tompson et al., CVPR 2015), which draws one number for all frames."""

    def __init__(self, share: float):
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, T) -> (B, D, T)"""
        if not self.training or not self.share:
            return x
        kept = torch.rand(*x.shape[:2], 1, device=x.device) >= self.share
        return x * (kept / (1 - self.share)).to(x.dtype)
