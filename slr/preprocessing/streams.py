"""Views of a clip: joints, bones, bone directions, reaches of the hands, and motions.

Each is a pure function of landmarks (B, T, J, C) and their mask (B, T, J), and returns both: values derived from
missing joints are missing, and zero. Shi et al., "Skeleton-Based Action Recognition with Multi-Stream Adaptive Graph
Convolutional Networks", TIP 2020.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from slr.dataset.skeleton import Skeleton
from slr.preprocessing.augment.space import yaw


def bones(landmarks: Tensor, mask: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Each bone as a vector from parent to child; valid where both ends are.

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


def reaching(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Joint pairs (from, hand) for `bones` that encode where the hands are relative to the body.

    Each hand relative to head, shoulders, spine and its own elbow, as far as the skeleton has them, and one hand
    relative to the other. A hand is the body's joint of that name, or else its wrist.
    """
    pairs, hands = [], []
    for side in ("left", "right"):
        hand = _first(skeleton, f"{side}_hand", f"{side}_wrist", f"{side}_hand_wrist")
        if hand is None:
            continue
        seen_from = (_first(skeleton, "head", "nose"), *(_first(skeleton, joint) for joint in (
            "left_shoulder", "right_shoulder", "spine", f"{side}_elbow")))
        pairs += [(joint, hand) for joint in seen_from if joint is not None]
        hands.append(hand)
    return pairs + [(hands[0], hands[1])] if len(hands) == 2 else pairs


def _first(skeleton: Skeleton, *joints: str) -> int | None:
    """Index of the first of these joints that the skeleton has."""
    return next((skeleton.index(joint) for joint in joints if joint in skeleton.joints), None)


SHORTEST = 0.1
"""Directions are unreliable for bones shorter than this, in the units of the landmarks (shoulder widths, as a rule)."""


def directions(bones: Tensor, shortest: float = SHORTEST) -> Tensor:
    """Bone directions: vectors of length 1, independent of the signer's limb lengths.

    Parameters
    ----------
    bones : Tensor (B, T, N, C)
        From `bones`.
    shortest : float
        Shorter bones give vectors shorter than 1, since the direction of a near-zero vector is noise.

    Returns
    -------
    Tensor (B, T, N, C)
    """
    return bones / bones.norm(dim=-1, keepdim=True).clamp_min(shortest)


def motions(landmarks: Tensor, mask: Tensor, lag: int) -> tuple[Tensor, Tensor]:
    """Displacement of each joint per frame, over `lag` frames centred on the current one.

    Valid where both of these frames are in the clip and have the joint; so not at the clip's ends.

    Returns
    -------
    Tensor (B, T, J, C), Tensor (B, T, J) bool
    """
    before, frames = lag // 2, landmarks.shape[1]
    found = pad(mask[:, lag:] & mask[:, :-lag], (0, 0, before, lag - before))[:, :frames]  # of a short clip none
    moved = pad((landmarks[:, lag:] - landmarks[:, :-lag]) / lag, (0, 0, 0, 0, before, lag - before))[:, :frames]
    return moved.masked_fill(~found[..., None], 0), found


def smoothed(landmarks: Tensor, mask: Tensor) -> Tensor:
    """Smooth with weights 1/4, 1/2, 1/4 over the previous, current and next frame, where they have the joint.

    For noisy depth cameras, whose noise is amplified by differences.

    Returns
    -------
    Tensor (B, T, J, C)
        Zero where missing: missing joints aren't filled in.
    """
    weights = pad(mask.to(landmarks), (0, 0, 1, 1))[..., None]  # (B, T + 2, J, 1)
    places = pad(landmarks, (0, 0, 0, 0, 1, 1)) * weights
    total = places[:, :-2] + 2 * places[:, 1:-1] + places[:, 2:]
    weight = weights[:, :-2] + 2 * weights[:, 1:-1] + weights[:, 2:]
    return (total / weight.clamp_min(1)).masked_fill(~mask[..., None], 0)


def facing(landmarks: Tensor, mask: Tensor, shoulders: tuple[int, int], errors: Tensor | float = 0) -> Tensor:
    """Rotate each clip around the vertical axis, by the smaller angle, until both shoulders have the same depth.

    One rotation for the whole clip, measured by medians over the frames that have both shoulders, so that movements of
    the body remain; a clip without such frames isn't rotated. A body seen from behind ends with its back to the camera.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C >= 3)
        Metric, or with a depth in the units of x and y.
    mask : Tensor (B, T, J) bool
    shoulders : pair of int
        Left and right.
    errors : Tensor (B,) or float
        Additional rotation of each clip, in radians.

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
