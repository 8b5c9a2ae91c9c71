"""Clips of different lengths as one row of frames, so that no layer before the temporal ones ever sees padding.

Packed, a clip's frames follow the last clip's; its `lengths` say where one ends. What works on single frames works on
the row as it is, and a batch norm's statistics are of the clips' own frames.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from slr.batches.batch import frame_mask


def pack(x: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, ...) -> (N, ...): the own frames of all clips, N in all."""
    own = frame_mask(lengths, x.shape[1])
    return x.flatten(0, 1) if own.all() else x[own]


def unpack(x: Tensor, lengths: Tensor) -> Tensor:
    """(N, ...) -> (B, T, ...): each clip from its first frame on, with zeros behind the shorter ones."""
    return pad_sequence(list(x.split(lengths.tolist())), batch_first=True)


def convolve_over_time(x: Tensor, weight: Tensor, lengths: Sequence[int]) -> Tensor:
    """Each channel by itself along the frames of each clip, which end in zeros.

    A depthwise 3-D convolution of (k, 1, 1), computed as a 2-D one on pictures that are T high and H W wide: of
    channels-last frames these are the same numbers in the same order, and the 2-D kernel is ten times as fast.

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
