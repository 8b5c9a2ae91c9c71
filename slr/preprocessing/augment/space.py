"""Spatial transforms: viewpoint, body pose, mirroring. Pure functions of batches.

Each works on isotropic coordinates around the frame's centre (`slr.preprocessing.clips.isotropic`), or on metres around
the body's centre, and takes one amount per clip, constant over its frames. The first four are SPOTER's: Bohacek and
Hruz, WACV Workshops 2022, section 3.2.
"""

import torch
from torch import Tensor

from slr.dataset.skeleton import Skeleton

ARM = ("shoulder", "elbow", "wrist")


def rotate(landmarks: Tensor, angle: Tensor) -> Tensor:
    """Rotate each clip of (B, T, J, C) around the frame's centre by its `angle` (B,) in radians."""
    return _with_xy(landmarks, _turn(landmarks[..., :2], angle))


def squeeze(landmarks: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Squeeze the unit frame horizontally into the part that `left` (B,) and `right` (B,) leave of its width."""
    scale, shift = (1 - left - right), (left - right) / 2
    x = landmarks[..., :1] * scale[:, None, None, None] + shift[:, None, None, None]
    return torch.cat([x, landmarks[..., 1:]], -1)


def perspective(landmarks: Tensor, shift: Tensor) -> Tensor:
    """Perspective transform: both corners of one side move inwards by |shift|, the other side is fixed.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
    shift : Tensor (B,)
        In frame heights, below .5; positive moves the right side, negative the left.

    Notes
    -----
    With u = x + .5, measured from the fixed side: u' = k u / w and y' = y / w, where w = 1 + g u is 1 on that side, and
    g and k follow from the corners of the other: 1 / (1 + g) = 1 - 2 s, k / (1 + g) = 1 - s.
    """
    sign, s = shift.sign()[:, None, None], shift.abs()[:, None, None]
    u, y = landmarks[..., 0] * sign + 0.5, landmarks[..., 1]  # (B, T, J); from here on the right side always moves
    grow = 1 / (1 - 2 * s)
    w = (1 + (grow - 1) * u).clamp_min(0.1)  # the map has a horizon, far outside the frame
    x = ((1 - s) * grow * u / w - 0.5) * sign
    return _with_xy(landmarks, torch.where(sign[..., None] == 0, landmarks[..., :2], torch.stack([x, y / w], -1)))


def rotate_below(landmarks: Tensor, mask: Tensor, joints: list[tuple[int, list[int]]], angles: list[Tensor]) -> Tensor:
    """Rotate the joints below each given joint around it, one joint after the other.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
    mask : Tensor (B, T, J) bool
        Frames without the joint are unchanged.
    joints : list of (int, list of int)
        A joint and those below it, as from `arm_joints`.
    angles : list of Tensor (B,)
        Radians for each joint.
    """
    x, y = landmarks[..., :2].permute(3, 2, 0, 1).contiguous()  # each (J, B, T): a joint's values are contiguous
    found = mask.permute(2, 0, 1)
    for (origin, below), angle in zip(joints, angles, strict=True):
        angle = angle[:, None] * found[origin]  # (B, T)
        more, sin = angle.cos() - 1, angle.sin()  # added to positions: exactly zero without a rotation
        own_x, own_y = x[below], y[below]
        from_x, from_y = own_x - x[origin], own_y - y[origin]
        x[below] = own_x + more * from_x - sin * from_y
        y[below] = own_y + sin * from_x + more * from_y
    return _with_xy(landmarks, torch.stack([x, y], -1).permute(1, 2, 0, 3))


def yaw(landmarks: Tensor, angle: Tensor) -> Tensor:
    """Simulate a rotated camera for (B, T, J, C >= 3): rotate x and z around the vertical axis by `angle` (B,).

    z must have a common origin for all joints: see `with_one_depth`.
    """
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    x, y, z = landmarks[..., :3].unbind(-1)
    turned = torch.stack([x * cos + z * sin, y, z * cos - x * sin], -1)
    return torch.cat([turned, landmarks[..., 3:]], -1)


def with_one_depth(landmarks: Tensor, mask: Tensor, anchors: list[tuple[slice, int]], back: bool = False) -> Tensor:
    """Make the z of hands and face relative to the body's origin; with `back`, to their own joints of the body again.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C >= 3)
    mask : Tensor (B, T, J) bool
        In frames without its reference joint, a part keeps its own depth.
    anchors : list of (slice, int)
        See `depth_anchors`.
    back : bool, default False
    """
    result = landmarks.clone()
    for part, joint in anchors:
        depth = (landmarks[:, :, joint, 2] * mask[:, :, joint])[..., None]
        result[:, :, part, 2] += -depth if back else depth
    return result


def scale(landmarks: Tensor, factor: Tensor) -> Tensor:
    """Scale each clip of (B, T, J, C) by its `factor` (B,) around the origin; visibility is unchanged."""
    return torch.cat([landmarks[..., :3] * factor[:, None, None, None], landmarks[..., 3:]], -1)


def shift(landmarks: Tensor, by: Tensor) -> Tensor:
    """Translate each clip of (B, T, J, C) by its `by` (B, 2) in x and y."""
    return _with_xy(landmarks, landmarks[..., :2] + by[:, None, None])


def mirror(landmarks: Tensor, mask: Tensor, mirror_of: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror left and right; each joint is replaced by its counterpart."""
    landmarks = landmarks.index_select(2, mirror_of)
    landmarks[..., 0].neg_()
    return landmarks, mask.index_select(2, mirror_of)


def arm_joints(skeleton: Skeleton) -> list[tuple[int, list[int]]]:
    """Each shoulder, elbow and wrist of a skeleton with the arm joints below it; none for bare hands."""
    children: dict[str, list[str]] = {}
    for parent, child in skeleton.bones:
        children.setdefault(parent, []).append(child)

    def below(joint: str) -> list[str]:
        return [deeper for child in children.get(joint, []) for deeper in (child, *below(child))]

    arms = []
    for side in ("left", "right"):
        chain = [f"{side}_{joint}" for joint in ARM]
        for joint, following in zip(chain, [*chain[1:], None], strict=True):
            # In some skeletons the hip is also below a shoulder: follow the arm only.
            moved = [following, *below(following)] if following in skeleton.joints else below(joint)
            if joint in skeleton.joints and moved and (following is None or following in skeleton.joints):
                arms.append((skeleton.index(joint), [skeleton.index(name) for name in moved]))
    return arms


def depth_anchors(skeleton: Skeleton) -> list[tuple[slice, int]]:
    """Reference of MediaPipe's depth for hands and face: each part's joints, and a joint of the body.

    The body's depth is relative to the hips, a hand's to its wrist, the face's to about the nose. Metric coordinates
    have a common origin.
    """
    nearest = {"left_hand": "left_wrist", "right_hand": "right_wrist", "face": "nose"}
    return [] if skeleton.space == "metric" else [
        (where, skeleton.index(nearest[part])) for part, where in skeleton.part_slices.items()
        if nearest.get(part) in skeleton.joints]


def _turn(xy: Tensor, angle: Tensor) -> Tensor:
    """Rotate (B, T, J, 2) around the origin by `angle` (B,) or (B, T), from x towards y."""
    angle = angle.reshape(*angle.shape, *[1] * (3 - angle.ndim))  # (B, 1 or T, 1)
    cos, sin = angle.cos(), angle.sin()
    x, y = xy.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], -1)


def _with_xy(landmarks: Tensor, xy: Tensor) -> Tensor:
    return torch.cat([xy, landmarks[..., 2:]], -1) if landmarks.shape[-1] > 2 else xy
