"""Views of a clip as network input, standardised, with missing joints at a learned value."""

import math
from collections.abc import Collection

import torch
from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.errors import ParamsError
from slr.preprocessing.batch import Batch
from slr.preprocessing.streams import bones, directions, facing, motions, reaching, smoothed

MOTIONS = {"joints": "joint_motions", "bones": "bone_motions", "directions": "direction_motions",
           "reaches": "reach_motions"}
"""The motion view of each view."""


class Views(nn.Module):
    """Joints, bones, directions, reaches and the motions of each, all standardised.

    Parameters
    ----------
    skeleton : Skeleton
        Of the batches.
    used : set of str
        Views to compute.
    channels : int
        Number of channels: the first of x, y, z, visibility.
    lag : int
        Temporal lag of the motion features, in frames.
    smooth, facing : bool
        Smooth with a mean over three frames first; rotate every clip to face the camera.
    turn_degrees : float
        With `facing`: largest random error of this rotation in training.

    Attributes
    ----------
    widths : dict of str to int
        Values per frame, for each view that is used.

    Raises
    ------
    ParamsError
        If the skeleton lacks shoulders, needed to face the camera, or hands and a body, needed for reaches.
    """

    bones: Tensor
    reaches: Tensor

    def __init__(self, skeleton: Skeleton, used: Collection[str], channels: int, lag: int, smooth: bool = False,
                 facing: bool = False, turn_degrees: float = 0):
        super().__init__()
        self.channels, self.lag, self.smooth = channels, lag, smooth
        self.turn = math.radians(turn_degrees)
        self.shoulders: tuple[int, int] | None = None
        if facing:
            shoulders = ("left_shoulder", "right_shoulder")
            if any(joint not in skeleton.joints for joint in shoulders):
                raise ParamsError(f"facing: joints '{skeleton.name}' have no shoulders to turn a clip by; "
                                  "set facing: false, or other `joints`")
            self.shoulders = skeleton.index(shoulders[0]), skeleton.index(shoulders[1])
        pairs = {"bones": skeleton.bone_indices, "reaches": reaching(skeleton)}
        for name, joints in pairs.items():
            self.register_buffer(name, torch.as_tensor(joints, dtype=torch.int64).reshape(-1, 2), persistent=False)
        sizes = {"joints": len(skeleton), "bones": len(self.bones), "directions": len(self.bones),
                 "reaches": len(self.reaches)}
        sizes |= {MOTIONS[view]: size for view, size in sizes.items()}
        if not len(self.reaches) and {"reaches", "reach_motions"} & set(used):
            raise ParamsError(f"streams: joints '{skeleton.name}' have no hands that reach out from a body; leave out "
                              "reaches and reach_motions")
        self.widths = {view: sizes[view] * self.channels for view in sorted(used)}
        self.standard = nn.ModuleDict({view: MaskedStandardisation(self.widths[view]) for view in sorted(used)})

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """(B, T, J, C >= the model's) -> {view: (B, T, values)}, missing ones at a learned value."""
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
        """Whether the network uses this view or its motions."""
        return view in self.standard or MOTIONS[view] in self.standard

    def _errors(self, joints: Tensor) -> Tensor:
        """(B,) random errors in radians of each clip's rotation."""
        errors = joints.new_zeros(len(joints))
        return errors.uniform_(-self.turn, self.turn) if self.training and self.turn else errors


class MaskedStandardisation(nn.Module):
    """Standardisation to mean 0 and deviation 1 over the valid frames, with a learned value for missing ones.

    As batch normalisation (Ioffe and Szegedy, ICML 2015) without its scale and shift: the batch's own statistics in
    training, their running averages otherwise.
    """

    MOMENTUM, EPS = 0.1, 1e-5
    mean: Tensor
    variance: Tensor

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
            with torch.no_grad():  # values without a valid frame in the batch leave the running averages unchanged
                share = self.MOMENTUM * (seen > 0)
                self.mean.lerp_(mean, share)
                self.variance.lerp_(variance, share)
        return torch.where(found, (x - mean) * (variance + self.EPS).rsqrt(), self.absent)
