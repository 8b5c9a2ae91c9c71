"""Packing clips of different lengths into one sequence of frames, so that only temporal layers see padding.

In packed form, clips are concatenated; their `lengths` give the boundaries. Frame-wise layers apply to the packed
sequence directly, and batch-norm statistics exclude padding.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from slr.preprocessing.batch import frame_mask


def pack(x: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, ...) -> (N, ...): the frames of all clips without padding, N in all."""
    own = frame_mask(lengths, x.shape[1])
    return x.flatten(0, 1) if own.all() else x[own]


def unpack(x: Tensor, lengths: Tensor) -> Tensor:
    """(N, ...) -> (B, T, ...): clips padded with zeros."""
    return pad_sequence(list(x.split(lengths.tolist())), batch_first=True)


def convolve_over_time(x: Tensor, weight: Tensor, lengths: Sequence[int]) -> Tensor:
    """Depthwise temporal convolution within each clip, zero-padded at its ends.

    A depthwise 3-D convolution of (k, 1, 1), computed as a 2-D one on images of height T and width H W: for
    channels-last frames the memory layout is the same, and the 2-D kernel is ten times as fast.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
        Packed, channels last.
    weight : Tensor (C, k)
        k is odd.
    lengths : sequence of int

    Returns
    -------
    Tensor (N, C, H, W)
    """
    frames, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(frames, height * width, channels)
    kernel, padding = weight[:, None, :, None], (weight.shape[1] // 2, 0)

    def convolved(clips: Tensor) -> Tensor:  # (B, T, H W, C)
        return F.conv2d(clips.permute(0, 3, 1, 2), kernel, padding=padding, groups=channels).permute(0, 2, 3, 1)

    if len(set(lengths)) == 1:
        done = convolved(rows.unflatten(0, (len(lengths), -1))).flatten(0, 1)
    else:
        done = torch.cat([convolved(clip[None])[0] for clip in rows.split(list(lengths))])
    return done.reshape(frames, height, width, channels).permute(0, 3, 1, 2)
