"""Streams: the same clips seen as joints, as bones and as motions.

Each is a pure function of landmarks (B, T, J, C) and their mask (B, T, J), and returns both: what follows from
something missing is missing, and zero. Shi et al., "Skeleton-Based Action Recognition with Multi-Stream Adaptive Graph
Convolutional Networks", TIP 2020.
"""

import torch
from torch import Tensor

from slr.data.augment.space import yaw


def bones(landmarks: Tensor, mask: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Each bone as a vector from parent to child; it is there where both ends are.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
    mask : Tensor (B, T, J) bool
    pairs : Tensor (N, 2) int64
        Parent and child (`Skeleton.bone_indices`).

    Returns
    -------
    Tensor (B, T, N, C), Tensor (B, T, N) bool
    """
    parents, children = pairs.unbind(1)
    found = mask[:, :, parents] & mask[:, :, children]
    return (landmarks[:, :, children] - landmarks[:, :, parents]).masked_fill(~found[..., None], 0), found


def motions(landmarks: Tensor, mask: Tensor, lag: int) -> tuple[Tensor, Tensor]:
    """How far each joint moves a frame, over `lag` frames with the present one in their middle.

    It is there where both of these frames are in the clip and have the joint; so not at the clip's very ends.

    Returns
    -------
    Tensor (B, T, J, C), Tensor (B, T, J) bool
    """
    before, steps = lag // 2, landmarks.shape[1] - lag
    moved, found = torch.zeros_like(landmarks), torch.zeros_like(mask)
    if steps > 0:
        here = slice(before, before + steps)
        found[:, here] = mask[:, lag:] & mask[:, :-lag]
        moved[:, here] = (landmarks[:, lag:] - landmarks[:, :-lag]) / lag
    return moved.masked_fill(~found[..., None], 0), found


def smoothed(landmarks: Tensor, mask: Tensor) -> Tensor:
    """Each joint a quarter of the frame before, half of its own and a quarter of the next, as far as they have it.

    Depth cameras tremble, and what is measured from their differences trembles more.

    Returns
    -------
    Tensor (B, T, J, C)
        Zero where missing: nothing is filled in.
    """
    weights = torch.nn.functional.pad(mask.to(landmarks), (0, 0, 1, 1))[..., None]  # (B, T + 2, J, 1)
    places = torch.nn.functional.pad(landmarks, (0, 0, 0, 0, 1, 1)) * weights
    total = places[:, :-2] + 2 * places[:, 1:-1] + places[:, 2:]
    weight = weights[:, :-2] + 2 * weights[:, 1:-1] + weights[:, 2:]
    return (total / weight.clamp_min(1)).masked_fill(~mask[..., None], 0)


def facing(landmarks: Tensor, mask: Tensor, shoulders: tuple[int, int], errors: Tensor | float = 0) -> Tensor:
    """Turn each clip around the vertical axis, the shorter way, until its shoulders are as far from the camera.

    One turn for the whole clip, measured by the medians over the frames that have both shoulders, so that movements of
    the body stay; a clip without such frames isn't turned. From far behind, a body ends with its back to the camera.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C >= 3)
        Metric, or with a depth in the units of x and y.
    mask : Tensor (B, T, J) bool
    shoulders : pair of int
        Left and right.
    errors : Tensor (B,) or float
        Radians to turn each clip further.

    Returns
    -------
    Tensor (B, T, J, C)
        Zero where missing.
    """
    left, right = shoulders
    found = mask[:, :, left] & mask[:, :, right]
    line = (landmarks[:, :, right] - landmarks[:, :, left])[..., [0, 2]]
    across, away = line.masked_fill(~found[..., None], torch.nan).nanmedian(1).values.nan_to_num().unbind(-1)  # (B,)
    angle = torch.atan2(away * across.sign(), across.abs())
    return yaw(landmarks, angle + errors).masked_fill(~mask[..., None], 0)
