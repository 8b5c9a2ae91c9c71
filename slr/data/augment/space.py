"""Changes of space: where the camera stands, how the body is built, which side is which. Pure functions of batches.

Each works on isotropic coordinates around the frame's centre (`slr.data.clips.isotropic`), or on metres around the
body's middle, and takes one amount for each clip, which holds in all its frames. The first four are SPOTER's: Bohacek
and Hruz, WACV Workshops 2022, section 3.2.
"""

import torch
from torch import Tensor

from slr.skeleton import Skeleton

ARM = ("shoulder", "elbow", "wrist")


def rotate(landmarks: Tensor, angle: Tensor) -> Tensor:
    """Rotate each clip of (B, T, J, C) around the frame's centre by its `angle` (B,) in radians."""
    return _with_xy(landmarks, _turn(landmarks[..., :2], angle))


def squeeze(landmarks: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Squeeze what was a unit frame into the part that `left` (B,) and `right` (B,) leave of its width."""
    scale, shift = (1 - left - right), (left - right) / 2
    x = landmarks[..., :1] * scale[:, None, None, None] + shift[:, None, None, None]
    return torch.cat([x, landmarks[..., 1:]], -1)


def perspective(landmarks: Tensor, shift: Tensor) -> Tensor:
    """See the frame from the side: both corners of one side move inwards by |shift|, the other side stays.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
    shift : Tensor (B,)
        In frame heights, below .5; positive moves the right side, negative the left.

    Notes
    -----
    With u = x + .5 from the side that stays: u' = k u / w and y' = y / w, where w = 1 + g u is 1 on that side, and g
    and k follow from the corners of the other: 1 / (1 + g) = 1 - 2 s, k / (1 + g) = 1 - s.
    """
    sign, s = shift.sign()[:, None, None], shift.abs()[:, None, None]
    u, y = landmarks[..., 0] * sign + 0.5, landmarks[..., 1]  # (B, T, J); now the right side always moves
    grow = 1 / (1 - 2 * s)
    w = (1 + (grow - 1) * u).clamp_min(0.1)  # the map has a horizon, far outside of the frame
    x = ((1 - s) * grow * u / w - 0.5) * sign
    return _with_xy(landmarks, torch.where(sign[..., None] == 0, landmarks[..., :2], torch.stack([x, y / w], -1)))


def rotate_below(landmarks: Tensor, mask: Tensor, origin: int, below: list[int], angle: Tensor) -> Tensor:
    """Rotate the joints `below` around joint `origin` by `angle` (B,); frames without that joint stay as they are."""
    angle = angle[:, None] * mask[:, :, origin]  # (B, T)
    centre = landmarks[:, :, origin, None, :2]
    result = landmarks.clone()
    result[:, :, below, :2] = centre + _turn(landmarks[:, :, below, :2] - centre, angle)
    return result


def yaw(landmarks: Tensor, angle: Tensor) -> Tensor:
    """See each clip of (B, T, J, C >= 3) from the side: rotate x and z around the vertical axis by `angle` (B,).

    In an image z is MediaPipe's: the body's from the hips, a hand's from its own wrist. Normalisation comes afterwards,
    so only the differences within the body and within each hand matter.
    """
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    x, y, z = landmarks[..., :3].unbind(-1)
    turned = torch.stack([x * cos + z * sin, y, z * cos - x * sin], -1)
    return torch.cat([turned, landmarks[..., 3:]], -1)


def scale(landmarks: Tensor, factor: Tensor) -> Tensor:
    """Make each clip of (B, T, J, C) larger by its `factor` (B,), around the origin; visibility stays."""
    return torch.cat([landmarks[..., :3] * factor[:, None, None, None], landmarks[..., 3:]], -1)


def shift(landmarks: Tensor, by: Tensor) -> Tensor:
    """Move each clip of (B, T, J, C) by its own `by` (B, 2) in x and y."""
    return _with_xy(landmarks, landmarks[..., :2] + by[:, None, None])


def mirror(landmarks: Tensor, mask: Tensor, mirror_of: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror left and right; each joint takes the place of its counterpart."""
    landmarks = landmarks[:, :, mirror_of]
    return torch.cat([-landmarks[..., :1], landmarks[..., 1:]], -1), mask[:, :, mirror_of]


def arm_joints(skeleton: Skeleton) -> list[tuple[int, list[int]]]:
    """Each shoulder, elbow and wrist of a skeleton with the joints of the arm below it; none for bare hands."""
    children: dict[str, list[str]] = {}
    for parent, child in skeleton.bones:
        children.setdefault(parent, []).append(child)

    def below(joint: str) -> list[str]:
        return [deeper for child in children.get(joint, []) for deeper in (child, *below(child))]

    arms = []
    for side in ("left", "right"):
        chain = [f"{side}_{joint}" for joint in ARM]
        for joint, following in zip(chain, [*chain[1:], None], strict=True):
            # A shoulder also carries the hip in some skeletons: follow the arm alone.
            moved = [following, *below(following)] if following in skeleton.joints else below(joint)
            if joint in skeleton.joints and moved and (following is None or following in skeleton.joints):
                arms.append((skeleton.index(joint), [skeleton.index(name) for name in moved]))
    return arms


def _turn(xy: Tensor, angle: Tensor) -> Tensor:
    """Rotate (B, T, J, 2) around the origin by `angle` (B,) or (B, T), towards y."""
    angle = angle.reshape(*angle.shape, *[1] * (3 - angle.ndim))  # (B, 1 or T, 1)
    cos, sin = angle.cos(), angle.sin()
    x, y = xy.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], -1)


def _with_xy(landmarks: Tensor, xy: Tensor) -> Tensor:
    return torch.cat([xy, landmarks[..., 2:]], -1) if landmarks.shape[-1] > 2 else xy
