"""SPOTER's normalisation: the body in a box around neck and head, each hand in its own box, then minus .5.

Bohacek and Hruz, "Sign Pose-based Transformer for Word-level Sign Language Recognition", WACV Workshops 2022.
Clips of any camera distance, signer size and place in the frame become alike; where the hands are is told by the body
(the wrists), how they are shaped by the hands' own boxes.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from slr.data.batches import Batch
from slr.errors import ParamsError
from slr.skeleton import Skeleton

HEAD_UNITS = 3
"""Half the width of the body box, in shoulder widths; it is as high as wide."""
ABOVE_EYES = 0.5
"""How far the body box reaches above the eyes, in shoulder widths."""
HAND_PADDING = 0.1
"""Free border around a hand, in parts of the hand's longer side."""

Normalise = Callable[[Batch], Batch]


def normaliser(how: Literal["none", "frame", "clip"], skeleton: Skeleton) -> Normalise:
    """The function that normalises batches of a skeleton; settings as in `SpoterParams.normalise`.

    Raises
    ------
    ParamsError
        If the skeleton lacks the joints that measure the body's box, or isn't in image coordinates.
    """
    if how == "none":
        return lambda batch: batch
    needed = ("left_shoulder", "right_shoulder", "left_eye", "right_eye")
    if skeleton.space != "image" or any(joint not in skeleton.joints for joint in needed):
        raise ParamsError(f"joints '{skeleton.name}' can't be normalised by SPOTER's boxes, which need image "
                          f"coordinates of {', '.join(needed)}; set normalise: none")
    shoulders = [skeleton.index(joint) for joint in needed[:2]]
    eyes = [skeleton.index(joint) for joint in needed[2:]]
    hands = [where for part, where in skeleton.part_slices.items() if part.endswith("hand")]

    def normalise(batch: Batch) -> Batch:
        landmarks = in_body_box(batch.landmarks, batch.mask, shoulders, eyes, per_frame=how == "frame")
        for hand in hands:
            landmarks[:, :, hand] = in_hand_box(batch.landmarks[:, :, hand], batch.mask[:, :, hand])
        landmarks[..., :2] -= 0.5
        return batch.with_landmarks(landmarks)

    return normalise


def in_body_box(landmarks: Tensor, mask: Tensor, shoulders: list[int], eyes: list[int], per_frame: bool) -> Tensor:
    """Coordinates in the box around neck and head: x 0 to 1 over three shoulder widths each way from the neck, y 0 to 1
    from half a shoulder width above the eyes six down.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
        Isotropic, y down.
    mask : Tensor (B, T, J) bool
    shoulders, eyes : list of two int
        Joints that measure the box.
    per_frame : bool
        Measure it in each frame (frames without these joints take the clip's) or once a clip, by medians over the
        frames that have them. A clip without any takes the box of one frame height around the centre.
    """
    left, right = (landmarks[:, :, joint, :2] for joint in shoulders)
    neck, width = (left + right) / 2, (left - right).norm(dim=-1)  # (B, T, 2), (B, T)
    eye_y = landmarks[:, :, eyes, 1].mean(-1)
    measures = torch.stack([neck[..., 0], eye_y, width], -1)  # (B, T, 3)
    found = mask[:, :, shoulders + eyes].all(-1) & (width > 1e-4)
    of_clip = measures.masked_fill(~found[..., None], torch.nan).nanmedian(1, keepdim=True).values  # (B, 1, 3)
    whole_frame = measures.new_tensor([0, -0.5 + ABOVE_EYES / (2 * HEAD_UNITS), 1 / (2 * HEAD_UNITS)])
    of_clip = torch.where(of_clip.isnan(), whole_frame, of_clip)
    neck_x, eye_y, width = (torch.where(found[..., None], measures, of_clip) if per_frame else of_clip).unbind(-1)
    size = 2 * HEAD_UNITS * width  # (B, T or 1)
    corner = torch.stack([neck_x - HEAD_UNITS * width, eye_y - ABOVE_EYES * width], -1)
    return _in_box(landmarks, corner, size)


def in_hand_box(hand: Tensor, mask: Tensor) -> Tensor:
    """Coordinates in the padded square around a hand, measured in each frame.

    Parameters
    ----------
    hand : Tensor (B, T, J, C)
    mask : Tensor (B, T, J) bool
        A frame without any joint of the hand gives finite numbers without meaning, to be masked.
    """
    missing = ~mask[..., None]
    low = hand[..., :2].masked_fill(missing, torch.inf).amin(2)  # (B, T, 2)
    high = hand[..., :2].masked_fill(missing, -torch.inf).amax(2)
    empty = ~mask.any(-1)[..., None]
    low, high = low.masked_fill(empty, 0), high.masked_fill(empty, 1)
    size = ((high - low).amax(-1) * (1 + 2 * HAND_PADDING)).clamp_min(1e-4)  # (B, T)
    return _in_box(hand, (low + high) / 2 - size[..., None] / 2, size)


def _in_box(landmarks: Tensor, corner: Tensor, size: Tensor) -> Tensor:
    """Move `corner` (B, T, 2) to the origin and make `size` (B, T) one; further channels are scaled alone."""
    origin = torch.nn.functional.pad(corner, (0, landmarks.shape[-1] - 2))
    return (landmarks - origin[:, :, None]) / size[:, :, None, None]
