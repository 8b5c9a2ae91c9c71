"""Normalisation of landmarks: invariance to the signer's size, position and distance from the camera.

SPOTER's boxes (Bohacek and Hruz, "Sign Pose-based Transformer for Word-level Sign Language Recognition", WACV Workshops
2022): the body in a box around neck and head, each hand in its own box, then minus .5. The hands' positions are encoded
by the body (the wrists), their shapes by their own boxes.

The same boxes as in SPOTER's code (`published`): measured otherwise in each frame, and cut off at two sides of the
frame.

Shoulder frame: the neck is the origin, the shoulder width is the unit. It needs no box, keeps one scale for all joints,
and works for metric and image coordinates.

Only x, y and z are measured and changed: visibility stays.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from slr.dataset.skeleton import Skeleton
from slr.errors import ParamsError
from slr.params.families.training import Normalisation
from slr.preprocessing.batch import Batch
from slr.preprocessing.points import joints_for, points

HEAD_UNITS = 3
"""Half the width of the body box, in shoulder widths; the box is square."""
ABOVE_EYES = 0.5
"""Distance from the eyes to the top of the body box, in shoulder widths."""
HAND_PADDING = 0.1
"""Margin around a hand, as a share of the hand's longer side."""
SHOULDERS_APART = {"image": 1 / (2 * HEAD_UNITS), "metric": 0.35}
"""Assumed shoulder width of a clip without both shoulders: in frame heights (as in the body box), or metres."""
PALM = 0.25
"""Assumed palm length if no palm is ever complete, in shoulder widths."""
KNUCKLES = ("index_mcp", "middle_mcp", "ring_mcp", "pinky_mcp")

Normalise = Callable[[Batch], Batch]


def normaliser(how: Normalisation, skeleton: Skeleton) -> Normalise:
    """The normalisation function for a skeleton; settings as in `ModelParams.normalise`.

    Raises
    ------
    ParamsError
        If the skeleton lacks the reference joints, or has no frame, which boxes need.
    """
    if how == "none":
        return lambda batch: batch
    if how == "raw":
        return _from_the_corner if skeleton.space == "image" else lambda batch: batch
    if how in ("published", "published_down"):
        return _by_published_boxes(skeleton, down=how == "published_down")
    return _by_shoulders(skeleton, hands_apart=how == "hands") if how in ("shoulders", "hands") else _by_boxes(
        skeleton, per_frame=how == "frame")


def _from_the_corner(batch: Batch) -> Batch:
    landmarks = batch.landmarks.clone()
    landmarks[..., :2] += 0.5
    return batch.with_landmarks(landmarks)


def _by_boxes(skeleton: Skeleton, per_frame: bool) -> Normalise:
    needed = ("left_shoulder", "right_shoulder", "left_eye", "right_eye")
    if skeleton.space != "image" or any(joint not in skeleton.joints for joint in needed):
        others = [how for how, fits in (("shoulders", _has_shoulders(skeleton)), ("none", True)) if fits]
        raise ParamsError(f"joints '{skeleton.name}' can't be normalised by SPOTER's boxes, which need image "
                          f"coordinates of {', '.join(needed)}; set normalise: {' or '.join(others)}")
    shoulders = [skeleton.index(joint) for joint in needed[:2]]
    eyes = [skeleton.index(joint) for joint in needed[2:]]
    hands = [skeleton.part_slices[part] for part in _hands(skeleton)]

    def normalise(batch: Batch) -> Batch:
        landmarks = in_body_box(batch.landmarks, batch.mask, shoulders, eyes, per_frame)
        for hand in hands:
            landmarks[:, :, hand] = in_hand_box(batch.landmarks[:, :, hand], batch.mask[:, :, hand])
        landmarks[..., :2] -= 0.5
        return batch.with_landmarks(landmarks)

    return normalise


def _by_published_boxes(skeleton: Skeleton, down: bool) -> Normalise:
    measures = joints_for(skeleton, ["neck", "nose", "left_eye", "left_shoulder", "right_shoulder"],
                          "normalise: published", "normalise: none")
    body, hands = skeleton.part_slices["pose"], [skeleton.part_slices[part] for part in _hands(skeleton)]

    def normalise(batch: Batch) -> Batch:
        found = points(batch, down)
        result = found.clone()
        result[:, :, body] = in_published_body_box(found[:, :, body], found[:, :, measures])
        for hand in hands:
            result[:, :, hand] = in_hand_box(found[:, :, hand], batch.mask[:, :, hand])
        return batch.with_landmarks(torch.cat([result - 0.5, batch.landmarks[..., 2:]], -1))

    return normalise


def _by_shoulders(skeleton: Skeleton, hands_apart: bool) -> Normalise:
    if not _has_shoulders(skeleton):
        raise ParamsError(f"joints '{skeleton.name}' have no left_shoulder and right_shoulder to normalise by; "
                          "set normalise: none")
    shoulders = [skeleton.index("left_shoulder"), skeleton.index("right_shoulder")]
    hands = []  # per hand: all joints, the wrist, the knuckles
    for part in _hands(skeleton) if hands_apart else ():
        measured = [f"{part}_{joint}" for joint in ("wrist", *KNUCKLES)]
        if all(joint in skeleton.joints for joint in measured):
            wrist, *knuckles = (skeleton.index(joint) for joint in measured)
            hands.append((skeleton.part_slices[part], wrist, knuckles))
    if hands_apart and not hands:
        raise ParamsError(f"joints '{skeleton.name}' have no hands with wrist and knuckles to normalise by; "
                          "set normalise: shoulders")

    def normalise(batch: Batch) -> Batch:
        landmarks, mask = in_shoulder_frame(batch.landmarks, batch.mask, shoulders, skeleton.space), batch.mask
        for hand, wrist, knuckles in hands:
            landmarks, mask = with_hand_apart(landmarks, mask, hand, wrist, knuckles, skeleton.space)
        return batch.with_landmarks(landmarks, mask)

    return normalise


def _has_shoulders(skeleton: Skeleton) -> bool:
    return {"left_shoulder", "right_shoulder"} <= set(skeleton.joints)


def _hands(skeleton: Skeleton) -> list[str]:
    return [part for part in skeleton.parts if part.endswith("hand")]


def in_shoulder_frame(landmarks: Tensor, mask: Tensor, shoulders: list[int], space: str) -> Tensor:
    """Coordinates relative to the midpoint of the shoulders, in shoulder widths: medians over a clip's frames.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
        Isotropic; y keeps its direction.
    mask : Tensor (B, T, J) bool
    shoulders : list of two int
    space : {"image", "metric"}
        In metres the width is measured in x, y and z, and the origin subtracted from all of them. In an image z is only
        scaled: it has its own origin (the hips; in a hand the wrist), and is too imprecise for measuring.

    Notes
    -----
    A clip without both shoulders in any frame keeps its origin, and uses the width `SHOULDERS_APART`.
    """
    axes = _axes(landmarks, space)
    left, right = (landmarks[:, :, joint, :axes] for joint in shoulders)
    width = (left - right).norm(dim=-1, keepdim=True)  # (B, T, 1)
    found = mask[:, :, shoulders].all(-1) & (width[..., 0] > 1e-4)
    usual = landmarks.new_tensor([0.0] * axes + [SHOULDERS_APART[space]])
    *neck, width = _median(torch.cat([(left + right) / 2, width], -1), found, usual).unbind(-1)  # each (B, 1)
    return _in_frame(landmarks, torch.stack(neck, -1), width)


def with_hand_apart(landmarks: Tensor, mask: Tensor, hand: slice, wrist: int, knuckles: list[int],
                    space: str) -> tuple[Tensor, Tensor]:
    """Separate a hand's shape from its position: the wrist stays, other joints are relative to it, in palm lengths.

    A palm length is the mean distance from the wrist to the four knuckles, as the median over the clip: a hand seen
    from the side stays narrow, a fist smaller than an open hand.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
        In the shoulder frame.
    mask : Tensor (B, T, J) bool
    hand : slice
        The hand's joints; `wrist` and `knuckles` are among them.
    space : {"image", "metric"}

    Returns
    -------
    (B, T, J, C), (B, T, J) bool
        Where the wrist is missing, so is the hand, as its joints have no reference.
    """
    axes = _axes(landmarks, space)
    steps = landmarks[:, :, knuckles, :axes] - landmarks[:, :, wrist, None, :axes]
    palm = steps.norm(dim=-1).mean(-1, keepdim=True)  # (B, T, 1)
    found = mask[:, :, [wrist, *knuckles]].all(-1) & (palm[..., 0] > 1e-4)
    palm = _median(palm, found, landmarks.new_tensor([PALM]))[..., 0]  # (B, 1)
    shape = _in_frame(landmarks[:, :, hand], landmarks[:, :, wrist, :3], palm)
    shape[:, :, wrist - hand.start] = landmarks[:, :, wrist]
    landmarks, mask = landmarks.clone(), mask.clone()
    landmarks[:, :, hand] = shape
    mask[:, :, hand] = mask[:, :, hand] & mask[:, :, wrist, None]  # not in place: torch refuses that of a single frame
    return landmarks, mask


def in_body_box(landmarks: Tensor, mask: Tensor, shoulders: list[int], eyes: list[int], per_frame: bool) -> Tensor:
    """Coordinates in the box around neck and head: x 0 to 1 over three shoulder widths to each side of the neck, y 0 to
    1 from half a shoulder width above the eyes six down.

    Parameters
    ----------
    landmarks : Tensor (B, T, J, C)
        Isotropic, y down.
    mask : Tensor (B, T, J) bool
    shoulders, eyes : list of two int
        Joints that measure the box.
    per_frame : bool
        Measure the box in each frame (frames without these joints use the clip's) or once per clip, by medians over the
        frames that have them. A clip without any uses a box of one frame height around the centre.
    """
    left, right = (landmarks[:, :, joint, :2] for joint in shoulders)
    neck, width = (left + right) / 2, (left - right).norm(dim=-1)  # (B, T, 2), (B, T)
    eye_y = landmarks[:, :, eyes, 1].mean(-1)
    measures = torch.stack([neck[..., 0], eye_y, width], -1)  # (B, T, 3)
    found = mask[:, :, shoulders + eyes].all(-1) & (width > 1e-4)
    whole_frame = measures.new_tensor([0, -0.5 + ABOVE_EYES / (2 * HEAD_UNITS), SHOULDERS_APART["image"]])
    of_clip = _median(measures, found, whole_frame)  # (B, 1, 3)
    neck_x, eye_y, width = (torch.where(found[..., None], measures, of_clip) if per_frame else of_clip).unbind(-1)
    size = 2 * HEAD_UNITS * width  # (B, T or 1)
    corner = torch.stack([neck_x - HEAD_UNITS * width, eye_y - ABOVE_EYES * width], -1)
    return _in_frame(landmarks, corner, size)


def in_published_body_box(body: Tensor, measures: Tensor) -> Tensor:
    """Coordinates in the body's box as SPOTER's code measures it, in each frame.

    A head is the distance of the shoulders, else of neck and nose. The box reaches three heads to each side of the
    neck, and six down from one above the left eye; a side below 0 is at 0. Where neither pair of joints is found, the
    box of the frame before holds; before the first box, coordinates stay as they are.

    Parameters
    ----------
    body : Tensor (B, T, J, 2)
        As of `slr.preprocessing.points`.
    measures : Tensor (B, T, 5, 2)
        Neck, nose, left eye, left and right shoulder.

    Returns
    -------
    Tensor (B, T, J, 2)
        Missing joints stay at 0.
    """
    neck, nose, eye, left, right = measures.unbind(2)  # each (B, T, 2)

    def measure(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        return (one - other).norm(dim=-1), (one[..., 0] != 0) & (other[..., 0] != 0) & (one != other).any(-1)

    (width, by_width), (height, by_height) = measure(left, right), measure(neck, nose)
    head = torch.where(by_width, width, height)
    top = eye[..., 1] + head
    corners = torch.stack([neck[..., 0] - 3 * head, top - 6 * head, neck[..., 0] + 3 * head, top], -1).clamp_min(0)
    frames = torch.arange(body.shape[1], device=body.device).expand_as(head)
    last = frames.masked_fill(~(by_width | by_height), -1).cummax(1).values  # (B, T): the frame with the box
    corners = corners.gather(1, last.clamp_min(0)[..., None].expand_as(corners))[:, :, None]  # (B, T, 1, 4)
    low, size = corners[..., :2], corners[..., 2:] - corners[..., :2]
    boxed = (body[..., :1] != 0) & (last >= 0)[..., None, None] & (size != 0).all(-1, keepdim=True)
    return torch.where(boxed, (body - low) / torch.where(size == 0, 1, size), body)


def in_hand_box(hand: Tensor, mask: Tensor) -> Tensor:
    """Coordinates in the padded square around a hand, per frame.

    Parameters
    ----------
    hand : Tensor (B, T, J, C)
    mask : Tensor (B, T, J) bool
        A frame without any joint of the hand gives meaningless finite values, to be masked.
    """
    missing = ~mask[..., None]
    low = hand[..., :2].masked_fill(missing, torch.inf).amin(2)  # (B, T, 2)
    high = hand[..., :2].masked_fill(missing, -torch.inf).amax(2)
    empty = ~mask.any(-1)[..., None]
    low, high = low.masked_fill(empty, 0), high.masked_fill(empty, 1)
    size = ((high - low).amax(-1) * (1 + 2 * HAND_PADDING)).clamp_min(1e-4)  # (B, T)
    return _in_frame(hand, (low + high) / 2 - size[..., None] / 2, size)


def _axes(landmarks: Tensor, space: str) -> int:
    """Number of channels used in distances."""
    return min(3, landmarks.shape[-1]) if space == "metric" else 2


def _median(measures: Tensor, found: Tensor, usual: Tensor) -> Tensor:
    """(B, 1, M): medians of `measures` (B, T, M) over the frames `found` (B, T); `usual` (M,) for a clip without
    any."""
    medians = measures.masked_fill(~found[..., None], torch.nan).nanmedian(1, keepdim=True).values
    return torch.where(medians.isnan(), usual, medians)


def _in_frame(landmarks: Tensor, origin: Tensor, unit: Tensor) -> Tensor:
    """Move `origin` (B, T or 1, axes) to zero and scale `unit` (B, T or 1) to one; axes without origin are only scaled.

    The fourth channel, visibility, is unchanged.
    """
    origin = torch.nn.functional.pad(origin, (0, min(3, landmarks.shape[-1]) - origin.shape[-1]))
    places = (landmarks[..., :3] - origin[:, :, None]) / unit[:, :, None, None]
    return torch.cat([places, landmarks[..., 3:]], -1) if landmarks.shape[-1] > 3 else places
