"""Drawing skeletons with OpenCV: on an image, or as a strip of poses on a transparent canvas. Pure functions.

Images are uint8 arrays (height, width, 3) RGB; blank canvases have a fourth channel, alpha.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from slr.dataset.skeleton import Skeleton

COLOURS = {"pose": (112, 128, 150), "left_hand": (240, 120, 50), "right_hand": (20, 150, 200), "face": (150, 130, 190)}
"""RGB of each part; readable on light and dark backgrounds."""
OTHER_COLOURS = ((60, 160, 110), (200, 90, 140), (170, 140, 40))
"""For the parts of a user's own skeleton, in rotation."""
_HALO = (12, 16, 24)
_MIN_VISIBILITY = 0.3
# The pose model's rough estimate of a hand, redundant if the hand was found.
_POSE_FINGERS = {f"{side}_{finger}": f"{side}_hand" for side in ("left", "right")
                 for finger in ("pinky", "index", "thumb")}
_SHIFT = 4  # OpenCV draws at 1/16 of a pixel


@dataclass(frozen=True)
class View:
    """Maps a skeleton's coordinates to pixels: `pixel = coordinate * scale + offset`, for x and for y."""

    scale: tuple[float, float]
    offset: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of_image(cls, width: int, height: int) -> "View":
        """For coordinates that are fractions of an image of this size."""
        return cls((width, height))

    @classmethod
    def around(cls, coordinates: np.ndarray, skeleton: Skeleton, size: tuple[int, int], aspect: float = 1.0,
               margin: float = 0.06) -> "View":
        """The view in which a clip's whole motion fits a tile, centred and undistorted.

        Parameters
        ----------
        coordinates : (T, J, C) array
            Missing joints are NaN. In image space, joints outside the frame (estimated legs) are ignored.
        skeleton : Skeleton
        size : (width, height) of the tile, pixels
        aspect : float, default 1
            Width over height of the video frame; ignored in metric space, whose y points up.
        margin : float, default 0.06
            Share of the tile left free on each side.
        """
        points = coordinates[..., :2].reshape(-1, 2).astype(np.float64)
        points = points[np.isfinite(points).all(axis=1)]
        unit = np.array([1.0, -1.0])
        if skeleton.space == "image":
            unit = np.array([aspect, 1.0])
            inside = ((points >= 0) & (points <= 1)).all(axis=1)
            points = points[inside] if inside.any() else points
        if not len(points):
            return cls.of_image(*size)
        low, high = (points * unit).min(axis=0), (points * unit).max(axis=0)
        room = np.array(size) * (1 - 2 * margin)
        zoom = float(np.min(room / np.maximum(high - low, 1e-6)))
        offset = np.array(size) / 2 - zoom * (low + high) / 2
        scale = zoom * unit
        return cls((float(scale[0]), float(scale[1])), (float(offset[0]), float(offset[1])))

    def pixels(self, coordinates: np.ndarray) -> np.ndarray:
        """(J, C) coordinates to (J, 2) pixels; missing stays NaN."""
        return coordinates[:, :2].astype(np.float64) * self.scale + self.offset


def part_colours(skeleton: Skeleton) -> dict[str, tuple[int, int, int]]:
    """RGB of each part of a skeleton."""
    others = [part for part in skeleton.parts if part not in COLOURS]
    return {part: COLOURS[part] if part in COLOURS else OTHER_COLOURS[others.index(part) % len(OTHER_COLOURS)]
            for part in skeleton.parts}


def draw_skeleton(image: np.ndarray, coordinates: np.ndarray, skeleton: Skeleton, view: View | None = None, *,
                  halo: bool = True) -> np.ndarray:
    """Draw one frame's joints and bones; joints without a bone (the face) become small dots.

    Parameters
    ----------
    image : (H, W, 3) or (H, W, 4) uint8
        RGB, or RGB premultiplied by alpha. It is not changed.
    coordinates : (J, C) array
        Missing joints are NaN and left out, and so are joints whose fourth channel, visibility, is near zero.
    skeleton : Skeleton
    view : View, optional
        Default: fractions of the image.
    halo : bool, default True
        A thin dark outline, so that lines stand out from a photograph.

    Returns
    -------
    (H, W, 3) or (H, W, 4) uint8
    """
    view = view or View.of_image(image.shape[1], image.shape[0])
    points = view.pixels(coordinates)
    shown = shown_joints(coordinates, skeleton)
    bones = [(a, b) for a, b in skeleton.bone_indices if shown[a] and shown[b]]
    part_of = [part for part, joints in skeleton.parts.items() for _ in joints]
    jointed = np.zeros(len(skeleton), bool)
    jointed[skeleton.bone_indices] = True
    unit = max(min(image.shape[:2]), 64) / 256  # line widths scale with the image
    widths = {part: max(1, round((2.3 if part == "pose" else 1.8) * unit)) for part in skeleton.parts}
    fixed = _fixed_point(points, image.shape)

    drawn = image.copy()
    if halo:
        for a, b in bones:
            cv2.line(drawn, fixed[a], fixed[b], _HALO, widths[part_of[b]] + max(2, round(1.5 * unit)),
                     cv2.LINE_AA, _SHIFT)
        drawn = cv2.addWeighted(drawn, 0.5, image, 0.5, 0)
    colours = {part: (*rgb, 255)[:image.shape[2]] for part, rgb in part_colours(skeleton).items()}
    for joint in np.flatnonzero(shown & ~jointed):
        _dot(drawn, fixed[joint], 0.55 * unit, colours[part_of[joint]])
    for a, b in bones:
        part = part_of[b]
        cv2.line(drawn, fixed[a], fixed[b], colours[part], widths[part], cv2.LINE_AA, _SHIFT)
    for joint in np.flatnonzero(shown & jointed):
        part = part_of[joint]
        # On thin lines light joints would hide the fingers.
        colour = _lighter(colours[part]) if widths[part] > 2 else colours[part]
        _dot(drawn, fixed[joint], 0.75 * widths[part], colour)
    return drawn


def shown_joints(coordinates: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(J,) bool: which joints of one frame, (J, C), are drawn.

    Not those that are missing (NaN) or whose visibility is near zero, nor the pose model's estimate of a hand that was
    found.
    """
    shown = np.isfinite(coordinates[:, :2]).all(axis=1)
    if coordinates.shape[1] > 3:
        shown &= ~(coordinates[:, 3] < _MIN_VISIBILITY)
    for joint, hand in _POSE_FINGERS.items():
        if hand in skeleton.parts and joint in skeleton.joints and shown[skeleton.part_slices[hand]].any():
            shown[skeleton.index(joint)] = False
    return shown


def key_frames(coordinates: np.ndarray, skeleton: Skeleton, count: int) -> np.ndarray:
    """Key frames of a clip: evenly spaced in a mixture of time and path length of the hands.

    Evenly in time only, half of a strip would show hands at rest.

    Parameters
    ----------
    coordinates : (T, J, C) array
    skeleton : Skeleton
    count : int

    Returns
    -------
    (min(count, T),) int, increasing
    """
    frames = len(coordinates)
    if frames <= count:
        return np.arange(frames)
    hands = [i for i, joint in enumerate(skeleton.joints) if "wrist" in joint or "index_tip" in joint]
    tracked = np.nan_to_num(np.abs(np.diff(coordinates[:, hands or slice(None), :2], axis=0)))
    path = np.concatenate([[0], np.cumsum(tracked.sum(axis=(1, 2)))])
    time = np.linspace(0, 1, frames)
    story = time if path[-1] == 0 else (time + 2 * path / path[-1]) / 3
    # Strictly increasing, so that every interval has its own frame.
    chosen = np.searchsorted(story, (np.arange(count) + 0.5) / count)
    for i in range(1, count):
        chosen[i] = max(chosen[i], chosen[i - 1] + 1)
    return np.minimum(chosen, frames - count + np.arange(count))


def draw_strip(coordinates: np.ndarray, skeleton: Skeleton, *, count: int = 6, tile: tuple[int, int] = (250, 280),
               aspect: float = 1.0) -> np.ndarray:
    """Draw a clip as a strip of poses on a transparent canvas, all in the same view.

    Parameters
    ----------
    coordinates : (T, J, C) array
    skeleton : Skeleton
    count : int, default 6
        Poses; fewer if the clip is shorter.
    tile : (width, height), default (250, 280)
        Pixels of one pose.
    aspect : float, default 1
        Width over height of the video frame.

    Returns
    -------
    (tile height, count * tile width, 4) uint8
        RGBA, not premultiplied.
    """
    view = View.around(coordinates, skeleton, tile, aspect)
    blank = np.zeros((tile[1], tile[0], 4), np.uint8)
    tiles = [draw_skeleton(blank, coordinates[frame], skeleton, view, halo=False)
             for frame in key_frames(coordinates, skeleton, count)]
    return _unpremultiplied(np.concatenate(tiles or [blank], axis=1))


def _fixed_point(points: np.ndarray, shape: tuple[int, ...]) -> list[list[int]]:
    """Pixels as OpenCV's fixed-point numbers; distant points are clipped, since they would overflow."""
    limit = 8 * max(shape[:2])
    fixed = np.clip(np.nan_to_num(points), -limit, limit) * (1 << _SHIFT)
    return np.rint(fixed).astype(int).tolist()


def _dot(image: np.ndarray, centre: list[int], radius: float, colour: tuple[int, ...]) -> None:
    cv2.circle(image, centre, max(8, round(radius * (1 << _SHIFT))), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _lighter(colour: tuple[int, ...]) -> tuple[int, ...]:
    return (*(round(c + 0.35 * (255 - c)) for c in colour[:3]), *colour[3:])


def _unpremultiplied(image: np.ndarray) -> np.ndarray:
    """Anti-aliasing towards transparent black premultiplies colours by alpha; PNG needs them straight."""
    plain = image.copy()
    edge = (image[..., 3] > 0) & (image[..., 3] < 255)
    alpha = image[edge][:, 3:].astype(np.float32)
    plain[edge, :3] = np.minimum(image[edge][:, :3] * (255 / alpha), 255)
    return plain
