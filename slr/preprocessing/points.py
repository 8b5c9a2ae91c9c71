"""Landmarks as SPOTER's code has them: fractions of the frame, and zero where a joint is missing.

Bohacek and Hruz, "Sign Pose-based Transformer for Word-level Sign Language Recognition", WACV Workshops 2022. In their
code a joint is missing if its x is 0, so that a transform which moves zeros makes missing joints appear. In their data
y points up; SPOTER embeddings (xmartlabs, 2023) pass MediaPipe's y, which points down, to the same code.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from slr.dataset.skeleton import Skeleton
from slr.errors import ParamsError
from slr.preprocessing.batch import Batch


def points(batch: Batch, down: bool) -> Tensor:
    """(B, T, J, 2): from coordinates around the frame's centre, y down, where found; zero elsewhere."""
    x, y = batch.landmarks[..., :2].unbind(-1)
    return torch.stack([x + 0.5, 0.5 + y if down else 0.5 - y], -1).masked_fill(~batch.mask[..., None], 0)


def with_points(batch: Batch, moved: Tensor, down: bool) -> Batch:
    """The batch with these `points` (B, T, J, 2); joints whose x isn't 0 are then found, except in padding."""
    x, y = moved.unbind(-1)
    landmarks = torch.cat([torch.stack([x - 0.5, y - 0.5 if down else 0.5 - y], -1), batch.landmarks[..., 2:]], -1)
    return batch.with_landmarks(landmarks, (x != 0) & batch.frames[..., None])


def joints_for(skeleton: Skeleton, names: Sequence[str], setting: str, otherwise: str) -> list[int]:
    """Indices of these joints of an image skeleton.

    Raises
    ------
    ParamsError
        If it lacks one of them, or isn't of an image; says which `setting` needs them, and which one doesn't.
    """
    missing = [name for name in names if name not in skeleton.joints]
    if skeleton.space != "image" or missing:
        raise ParamsError(f"{setting} is SPOTER's code, which needs image coordinates of {', '.join(names)}; joints "
                          f"'{skeleton.name}' have {'no ' + ', '.join(missing) if missing else 'metric ones'}; set "
                          f"joints: spoter-54, or {otherwise}")
    return [skeleton.index(name) for name in names]
