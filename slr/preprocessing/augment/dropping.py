"""Masking of frames, joints and body parts, which simulates missed detections as in motion blur."""

import torch
from torch import Tensor

from slr.dataset.skeleton import Skeleton
from slr.errors import ParamsError
from slr.preprocessing.augment.space import arm_joints
from slr.preprocessing.batch import Batch


def hide(batch: Batch, frames: Tensor, joints: Tensor) -> Batch:
    """Mask frames (B, T) bool, and joints (B, J) bool in all frames; lengths don't change."""
    return batch.with_landmarks(batch.landmarks, batch.mask & ~frames[..., None] & ~joints[:, None])


def stretches(first: Tensor, length: Tensor, steps: int) -> Tensor:
    """(B, steps) bool: True for `length` (B,) frames from frame `first` (B,) on."""
    after_first = torch.arange(steps, device=first.device) - first[:, None]
    return (after_first >= 0) & (after_first < length[:, None])


def body_parts(skeleton: Skeleton) -> Tensor:
    """(P, J) bool: joints that are masked together: each hand, each arm with its hand, the face.

    Raises
    ------
    ParamsError
        If the skeleton lacks such a part.
    """
    parts = [range(*where.indices(len(skeleton))) for part, where in skeleton.part_slices.items() if part != "pose"]
    arms = [below for joint, below in arm_joints(skeleton) if skeleton.joints[joint].endswith("shoulder")]
    if not [*parts, *arms]:
        raise ParamsError(f"joints '{skeleton.name}' have neither hands nor arms nor a face that could be hidden; "
                          "set augment.part_dropout: 0")
    found = torch.zeros(len(parts) + len(arms), len(skeleton), dtype=torch.bool)
    for row, joints in enumerate([*parts, *arms]):
        found[row, list(joints)] = True
    return found
