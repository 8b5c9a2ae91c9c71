"""Temporal transforms: cropping, and change of the frame rate."""

from dataclasses import replace

import torch
from torch import Tensor

from slr.preprocessing.batch import Batch
from slr.preprocessing.resample import at_moments, spread


def retime(batch: Batch, first: Tensor, kept: Tensor, frames: Tensor) -> Batch:
    """Crop each clip and resample it to another number of frames.

    Parameters
    ----------
    batch : Batch
    first, kept : Tensor (B,) int64
        The first kept frame of each clip, and the number of kept frames; within its length.
    frames : Tensor (B,) int64
        The clip's new length; if it equals `kept`, the clip is only cropped.
    """
    clips, steps = batch.mask.shape[:2]
    most = int(frames.max())
    row = torch.arange(clips, device=first.device) * steps  # index of a clip's first frame in the flat arrays
    moments = spread(row + first, kept, frames, most)
    landmarks, mask = at_moments(batch.landmarks.flatten(0, 1), batch.mask.flatten(0, 1), moments.flatten())
    inside = torch.arange(most, device=first.device) < frames[:, None]
    mask = mask.unflatten(0, (clips, most)) & inside[..., None]
    if batch.frame_targets is not None:
        labels = batch.frame_targets.flatten()[moments.round().long()].masked_fill(~inside, -1)
        batch = replace(batch, frame_targets=labels)
    return replace(batch, lengths=frames).with_landmarks(landmarks.unflatten(0, (clips, most)), mask)
