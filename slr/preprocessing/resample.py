"""Temporal resampling: linear interpolation of coordinates, with masks that never fill in missing joints."""

import torch
from torch import Tensor

EXACT = 1e-3
"""A time this close to a frame, in frames, counts as that frame."""


def at_moments(landmarks: Tensor, mask: Tensor, moments: Tensor) -> tuple[Tensor, Tensor]:
    """Interpolate joints at times between frames.

    Parameters
    ----------
    landmarks : Tensor (F, J, C)
    mask : Tensor (F, J) bool
    moments : Tensor (M,) float64
        Times from 0 to F - 1, in frames.

    Returns
    -------
    landmarks : Tensor (M, J, C)
        Zero where missing.
    mask : Tensor (M, J) bool
        True where a joint was found in both adjacent frames, or in the frame that the time coincides with.
    """
    nearest = moments.round()
    moments = torch.where((moments - nearest).abs() < EXACT, nearest, moments)
    before, after = moments.floor().long(), moments.ceil().long()
    share = (moments - before).to(landmarks.dtype)[:, None, None]
    found = mask.index_select(0, before) & mask.index_select(0, after)
    between = torch.lerp(landmarks.index_select(0, before), landmarks.index_select(0, after), share)
    return between.masked_fill_(~found[..., None], 0), found


def spread(first: Tensor, kept: Tensor, frames: Tensor, most: int) -> Tensor:
    """Evenly spaced sampling times of clips, from the first to the last kept frame.

    Parameters
    ----------
    first, kept, frames : Tensor (B,) int64
        The first kept frame of each clip, the number of kept frames, and the number of sampling times. A single time is
        in the middle.
    most : int
        Length of the result; times beyond a clip's `frames` repeat its last.

    Returns
    -------
    Tensor (B, most) float64
    """
    step = (kept - 1).double() / (frames - 1).clamp_min(1)
    numbers = torch.minimum(torch.arange(most, device=first.device), frames[:, None] - 1)
    middle = torch.where(frames == 1, (kept - 1).double() / 2, 0)
    return (first + middle)[:, None] + numbers * step[:, None]


def resample(landmarks: Tensor, mask: Tensor, lengths: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """Resample concatenated clips to `frames` frames each.

    Parameters
    ----------
    landmarks : Tensor (frames of all clips, J, C)
    mask : Tensor (frames of all clips, J) bool
    lengths : Tensor (clips,) int64
        Frames of each clip, at least 1.
    frames : int

    Returns
    -------
    (clips * frames, J, C), (clips * frames, J) bool
    """
    first = lengths.cumsum(0) - lengths
    moments = spread(first, lengths, torch.full_like(lengths, frames), frames)
    return at_moments(landmarks, mask, moments.flatten())
