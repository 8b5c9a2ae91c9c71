"""Random augmentation of whole batches of training clips; `AugmentParams` has the settings.

Order: time (crop, frame rate), mirroring, the camera and the body (rotation, squeeze, perspective, arms, yaw), then
normalisation, which would undo translation and scaling, then scale, shift, noise, masking (time spans, frames, joints,
body parts), and mixup.

The modules below implement the transforms as pure functions of a batch and of amounts, one per clip; `Augment` samples
the amounts.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from slr.dataset.skeleton import Skeleton
from slr.params import AugmentParams
from slr.preprocessing.augment.dropping import body_parts, hide, stretches
from slr.preprocessing.augment.mixing import mix
from slr.preprocessing.augment.space import (
    arm_joints,
    depth_anchors,
    mirror,
    perspective,
    rotate,
    rotate_below,
    scale,
    shift,
    squeeze,
    with_one_depth,
    yaw,
)
from slr.preprocessing.augment.time import retime
from slr.preprocessing.batch import Batch


class Augment:
    """Random augmentation of a batch of training clips.

    Parameters
    ----------
    params : AugmentParams
    skeleton : Skeleton
        Skeleton of the batches; defines the kinematic tree and the mirrored joints.
    generator : torch.Generator
        The only source of randomness.
    frames : int, optional
        Fixed length of all clips (`ModelParams.frames`): a cropped clip is resampled to it.

    Raises
    ------
    ParamsError
        If body parts are to be masked that the skeleton doesn't have.
    """

    def __init__(self, params: AugmentParams, skeleton: Skeleton, generator: torch.Generator,
                 frames: int | None = None):
        self.params = params
        self.generator = generator
        self.frames = frames
        self.metric = skeleton.space == "metric"
        self.arms = arm_joints(skeleton)
        self.depth_anchors = depth_anchors(skeleton)
        self.mirror_of = torch.from_numpy(skeleton.mirror)
        self.parts = body_parts(skeleton) if params.part_dropout else None
        self.views: list[Callable[[Batch, Tensor], Tensor]] = [
            change for change, amount in ((self._rotate, params.rotate_degrees), (self._squeeze, params.squeeze),
                                          (self._perspective, params.perspective), (self._arms, params.arm_degrees),
                                          (self._yaw, params.yaw_degrees))
            if amount and params.probability
        ]

    def __call__(self, batch: Batch, normalise: Callable[[Batch], Batch] = lambda batch: batch) -> Batch:
        """The normalised batch, with every clip augmented independently."""
        return self.after(normalise(self.before(batch)))

    def before(self, batch: Batch) -> Batch:
        """Transforms before normalisation."""
        return self._view(self._mirror(self._time(batch)))

    def after(self, batch: Batch) -> Batch:
        """Transforms after normalisation."""
        return self._mix(self._drop(self._jitter(batch)))

    # Time

    def _time(self, batch: Batch) -> Batch:
        if not (self.params.crop or self.params.frame_rate):
            return batch
        first, kept = torch.zeros_like(batch.lengths), batch.lengths
        if self.params.crop:
            cut = self._part_of(batch.lengths, self.params.crop)
            first, kept = self._up_to(cut), batch.lengths - cut
        frames = kept
        if self.params.frame_rate:
            frames = (kept * (1 + self._within(self.params.frame_rate, len(batch)))).round().long().clamp_min(1)
        return retime(batch, first, kept, frames if self.frames is None else torch.full_like(kept, self.frames))

    # Space

    def _mirror(self, batch: Batch) -> Batch:
        if not self.params.mirror:
            return batch
        clips = (self._uniform(len(batch)) < self.params.mirror)[:, None, None]
        landmarks, mask = mirror(batch.landmarks, batch.mask, self.mirror_of)
        return replace(batch, landmarks=torch.where(clips[..., None], landmarks, batch.landmarks),
                       mask=torch.where(clips, mask, batch.mask))

    def _view(self, batch: Batch) -> Batch:
        if not self.views:
            return batch
        landmarks = batch.landmarks
        middle = _middle(batch) if self.metric else 0  # the origin of metric coordinates is the camera: centre the body
        if self.metric:
            landmarks = landmarks - middle
        for change, chosen in zip(self.views, self._choose(len(batch)), strict=True):
            landmarks = change(replace(batch, landmarks=landmarks), chosen)
        return batch.with_landmarks(landmarks + middle if self.metric else landmarks)

    def _choose(self, clips: int) -> Tensor:
        """(transforms, clips) bool: which clip gets which view augmentation."""
        if not self.params.one_at_a_time:
            return self._uniform(len(self.views), clips) < self.params.probability
        which = self._up_to(torch.full((clips,), len(self.views) - 1))
        one = torch.nn.functional.one_hot(which, len(self.views)).T.bool()
        return one & (self._uniform(clips) < self.params.probability)

    # Each view augmentation samples for all clips; those that aren't `chosen` (B,) get the neutral amount.

    def _rotate(self, batch: Batch, chosen: Tensor) -> Tensor:
        return rotate(batch.landmarks, self._angle(self.params.rotate_degrees, len(batch)) * chosen)

    def _squeeze(self, batch: Batch, chosen: Tensor) -> Tensor:
        left, right = self._uniform(2, len(batch)) * self.params.squeeze * chosen
        return squeeze(batch.landmarks, left, right)

    def _perspective(self, batch: Batch, chosen: Tensor) -> Tensor:
        by = self._uniform(len(batch)) * self.params.perspective
        side = torch.where(self._uniform(len(batch)) < 0.5, -1.0, 1.0)
        return perspective(batch.landmarks, by * side * chosen)

    def _arms(self, batch: Batch, chosen: Tensor) -> Tensor:
        angles = []
        for _ in self.arms:
            turned = self._uniform(len(batch)) < self.params.arm_joint_probability
            angles.append(self._angle(self.params.arm_degrees, len(batch)) * turned * chosen)
        return rotate_below(batch.landmarks, batch.mask, self.arms, angles)

    def _yaw(self, batch: Batch, chosen: Tensor) -> Tensor:
        angle = self._angle(self.params.yaw_degrees, len(batch)) * chosen
        turned = yaw(with_one_depth(batch.landmarks, batch.mask, self.depth_anchors), angle)
        return with_one_depth(turned, batch.mask, self.depth_anchors, back=True)

    # After normalisation

    def _jitter(self, batch: Batch) -> Batch:
        if not (self.params.scale or self.params.shift or self.params.noise_std):
            return batch
        landmarks = batch.landmarks
        if self.params.scale:
            landmarks = scale(landmarks, 1 + self._within(self.params.scale, len(batch)))
        if self.params.shift:
            landmarks = shift(landmarks, self._within(self.params.shift, len(batch), 2))
        if self.params.noise_std:
            noise = torch.randn(landmarks.shape, generator=self.generator) * self.params.noise_std
            noise[..., 3:] = 0  # a visibility is no coordinate
            landmarks = landmarks + noise
        return batch.with_landmarks(landmarks)

    def _drop(self, batch: Batch) -> Batch:
        clips, steps, joints = batch.mask.shape
        frames, parts = torch.zeros(clips, steps, dtype=torch.bool), torch.zeros(clips, joints, dtype=torch.bool)
        if self.params.time_mask:
            length = self._part_of(batch.lengths, self.params.time_mask)
            frames |= stretches(self._up_to(batch.lengths - length), length, steps)
        if self.params.frame_dropout:
            frames |= self._uniform(clips, steps) < self.params.frame_dropout
        if self.params.joint_dropout:
            parts |= self._uniform(clips, joints) < self.params.joint_dropout
        if self.params.part_dropout:
            assert self.parts is not None
            which = self._up_to(torch.full((clips,), len(self.parts) - 1))
            losing = self._uniform(clips) < self.params.part_dropout
            parts |= self.parts[which] & losing[:, None]
        # A clip that would lose all its joints keeps them.
        frames &= (batch.frames & ~frames).any(1, keepdim=True)
        parts &= ~parts.all(1, keepdim=True)
        return hide(batch, frames, parts) if frames.any() or parts.any() else batch

    def _mix(self, batch: Batch) -> Batch:
        if not self.params.mixup:
            return batch
        partner = torch.randperm(len(batch), generator=self.generator)
        numbers = np.random.default_rng(int(torch.randint(2**62, (1,), generator=self.generator).item()))
        share = numbers.beta(self.params.mixup, self.params.mixup, len(batch))
        # The partner has the smaller share: a clip mostly remains itself, and keeps its gloss and signer.
        return mix(batch, partner, torch.from_numpy(np.minimum(share, 1 - share)).float())

    # Amounts

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator)

    def _within(self, limit: float, *shape: int) -> Tensor:
        """Uniform between -limit and limit."""
        return (2 * self._uniform(*shape) - 1) * limit

    def _angle(self, limit_degrees: float, *shape: int) -> Tensor:
        return torch.deg2rad(self._within(limit_degrees, *shape))

    def _up_to(self, most: Tensor) -> Tensor:
        """(B,) int64: uniform integers from 0 to `most` (B,), inclusive."""
        return torch.minimum((self._uniform(len(most)) * (most + 1)).long(), most)

    def _part_of(self, lengths: Tensor, largest: float) -> Tensor:
        """(B,) int64: random numbers of frames, up to the share `largest` of each clip, but never all."""
        return torch.minimum((self._uniform(len(lengths)) * largest * lengths).round().long(), lengths - 1)


def _middle(batch: Batch) -> Tensor:
    """(B, 1, 1, C): the mean position of the joints of each clip; zero for a visibility."""
    middle = batch.landmarks.sum((1, 2), keepdim=True) / batch.mask.sum((1, 2)).clamp_min(1)[:, None, None, None]
    middle[..., 3:] = 0
    return middle
