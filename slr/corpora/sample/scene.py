"""Rendering of a clip's frames: the bust, arms and hands in front of it, light, shadows and noise."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from slr.corpora.sample.bust import Bust, Expression, draw_bust
from slr.corpora.sample.camera import Camera
from slr.corpora.sample.hand import flesh
from slr.corpora.sample.heightfield import Box, Canvas, Part, occlusion, occlusion_margin, shade
from slr.corpora.sample.kinematics import Arm
from slr.corpora.sample.signer import Signer

_SLEEVE, _SKIN = 1, 2
_ARM_RADII = (0.050, 0.041)  # shoulder, elbow; metres
_FOREARM_RADII = (0.041, 0.038, 0.025)  # elbow, its thickest, wrist
_WRIST_RADII = (0.025, 0.0235, 0.020)
_THICKEST = 0.35  # part of the forearm from the elbow
_SLEEVE_THICKNESS = 0.006
_PALM_BLEND, _FINGER_BLEND = 0.0020, 0.0010  # metres
_OCCLUSION_REACH = 0.04  # metres
_NOISE = 2.0  # standard deviation, in steps of 1/255
_GRAIN_SHIFTS = 32  # maximum displacement of the noise from frame to frame, in pixels
_FULL = 239
"""Full light in 8 bits, with headroom. Odd, so that no product divided by it lies between two integers, where rounding
could differ."""


class Scene(NamedTuple):
    """Content of a clip, frame by frame; metres from the midpoint of the shoulders.

    `left` and `right` are the arms before swaying; `sway` (T, 3) moves the whole body in the image plane, by half
    pixels; `expressions` has one per frame.
    """

    signer: Signer
    left: Arm
    right: Arm
    sway: np.ndarray
    expressions: list[Expression]


def draw_frames(scene: Scene, camera: Camera, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the frames of a clip, (size, size, 3) uint8 RGB.

    A frame is a finished image of the bust, in which a box around the arms is redrawn.
    """
    bust, arms = _SwayingBust(scene, camera), _Arms(scene, camera)
    lighter, darker = _grain(camera.size + _GRAIN_SHIFTS, rng)
    for frame in range(len(scene.sway)):
        finished, behind = bust.at(frame)
        picture = finished.copy()
        arms.draw(frame, picture, behind)
        x, y = rng.integers(0, _GRAIN_SHIFTS, 2)
        here = slice(y, y + camera.size), slice(x, x + camera.size)
        yield cv2.subtract(cv2.add(picture, lighter[here]), darker[here])


class _SwayingBust:
    """The bust of one clip, moved by `scene.sway`: drawn once per expression and half pixel, cropped at whole ones."""

    def __init__(self, scene: Scene, camera: Camera):
        self.scene, self.camera = scene, camera
        self.steps = np.round(scene.sway[:, :2] * [2 * camera.scale, -2 * camera.scale]).astype(int)  # half pixels
        self.margin = int(np.abs(self.steps).max()) // 2 + 1
        self._drawn: dict[tuple[Expression, int, int], tuple[np.ndarray, Bust]] = {}

    def at(self, frame: int) -> tuple[np.ndarray, Bust]:
        """The finished image, and its components."""
        (right, half_right), (down, half_down) = (divmod(int(step), 2) for step in self.steps[frame])
        key = self.scene.expressions[frame], half_right, half_down
        if key not in self._drawn:
            self._drawn[key] = self._draw(*key)
        finished, bust = self._drawn[key]
        x, y = self.margin - right, self.margin - down
        box = slice(y, y + self.camera.size), slice(x, x + self.camera.size)
        return finished[box], bust.within(box)

    def _draw(self, expression: Expression, half_right: int, half_down: int) -> tuple[np.ndarray, Bust]:
        usual, size = Camera.usual(self.camera.size), self.camera.size + 2 * self.margin
        zoom = self.camera.scale / usual.scale
        move = np.subtract(self.camera.centre, np.multiply(zoom, usual.centre)) + self.margin
        matrix = np.array([[zoom, 0, move[0] + half_right / 2], [0, zoom, move[1] + half_down / 2]])
        still = draw_bust(self.scene.signer, self.camera.size, expression)
        picture, height = (cv2.warpAffine(plane, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
                           for plane in (still.picture, still.height))
        bust = Bust(picture, height * np.float32(zoom), still.wall * np.float32(zoom))
        return _finish(picture, _shadow(bust.height, bust.wall, _OCCLUSION_REACH * self.camera.scale)), bust


class _Arms:
    """Both arms of one clip, with their hands."""

    def __init__(self, scene: Scene, camera: Camera):
        self.size, self.reach = camera.size, _OCCLUSION_REACH * camera.scale
        self.palette = np.zeros((1, 256, 3), np.uint8)
        self.palette[0, _SLEEVE], self.palette[0, _SKIN] = scene.signer.shirt, scene.signer.skin
        self._clip = []  # the parts, each with all its frames
        for arm in (scene.left, scene.right):
            for ends, radii, label, blend in _arm_cones(scene.signer, arm):
                points, scale = camera.project(ends + scene.sway[:, None, None])
                self._clip.append(Part(points, radii * scale, label, blend * camera.scale))

    def draw(self, frame: int, picture: np.ndarray, bust: Bust) -> None:
        """Draw the arms into an image of the bust, in front of or behind it, with their shadow."""
        canvas = Canvas(self.size, self.size)
        box = canvas.draw([part._replace(ends=part.ends[frame], radii=part.radii[frame]) for part in self._clip])
        if box is None:
            return
        margin = occlusion_margin(self.reach) + 1  # margin for the blur
        changed, seen = _grow(box, margin, self.size), _grow(box, 2 * margin, self.size)
        inside = _relative(box, seen)
        arms, nearer = canvas.height[box], (canvas.height[box] > bust.height[box]).view(np.uint8)
        albedo = bust.picture[seen].copy()
        light = _shadow(np.maximum(bust.height[seen], canvas.height[seen]), bust.wall, self.reach)
        cv2.copyTo(cv2.LUT(cv2.merge([canvas.label[box]] * 3), self.palette), nearer, albedo[inside])
        cv2.copyTo(light[inside] * shade(arms), nearer, light[inside])
        picture[changed] = _finish(albedo, light)[_relative(changed, seen)]


def _shadow(height: np.ndarray, wall: np.float32, reach: float) -> np.ndarray:
    """(H, W) share of light; no shadow falls on the wall."""
    return np.maximum(occlusion(height, reach), height <= wall / 2)


def _grow(box: Box, margin: int, size: int) -> Box:
    rows, columns = (slice(max(side.start - margin, 0), min(side.stop + margin, size)) for side in box)
    return rows, columns


def _relative(box: Box, outer: Box) -> Box:
    rows, columns = (slice(side.start - whole.start, side.stop - whole.start)
                     for side, whole in zip(box, outer, strict=True))
    return rows, columns


def _finish(albedo: np.ndarray, light: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 sRGB from (H, W) linear light 0-1, slightly blurred."""
    level = (np.sqrt(light) * _FULL + np.float32(0.5)).astype(np.uint8)
    return cv2.GaussianBlur(cv2.multiply(albedo, cv2.merge([level] * 3), scale=1 / _FULL), (3, 3), 0.6)


def _grain(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Camera noise, blurred like the image, as lighter and darker offsets, (size, size, 3) uint8."""
    noise = np.round(128 + rng.normal(0, _NOISE, (size, size))).astype(np.uint8)
    noise = cv2.merge([cv2.GaussianBlur(noise, (3, 3), 0.6)] * 3)
    return np.maximum(noise, 128) - 128, 128 - np.minimum(noise, 128)


def _arm_cones(signer: Signer, arm: Arm) -> list[tuple[np.ndarray, np.ndarray, int, float]]:
    """Groups of cones of an arm: ends (T, N, 2, 3) metres, radii (N, 2) metres, label, blend (metres)."""
    wrist = arm.hand[:, 0]
    thick = arm.elbow + _THICKEST * (wrist - arm.elbow)
    chain = [arm.shoulder, arm.elbow, thick, wrist]
    radii = np.array([*_ARM_RADII, *_FOREARM_RADII[1:]])
    heel = wrist + 0.3 * (arm.hand[:, 9] - wrist)  # towards the middle knuckle
    bend = _cones([wrist + 0.12 * (arm.elbow - wrist), wrist, heel])
    groups = [(_cones(chain[1:]), _chain(radii[1:]), _SKIN, _FINGER_BLEND),
              (bend, _chain(np.array(_WRIST_RADII) * signer.hand), _SKIN, _PALM_BLEND)]
    if signer.sleeve < 1:
        cut = arm.shoulder + signer.sleeve * (arm.elbow - arm.shoulder)
        cut_radius = float(np.interp(signer.sleeve, (0, 1), _ARM_RADII))
        groups.append((_cones([cut, arm.elbow]), _chain([cut_radius, _ARM_RADII[1]]), _SKIN, 0.0))
        sleeve, sleeve_radii = [arm.shoulder, cut], [_ARM_RADII[0], cut_radius]
    else:
        cut = arm.elbow + (signer.sleeve - 1) * (wrist - arm.elbow)
        sleeve, sleeve_radii = [arm.shoulder, arm.elbow, cut], [*_ARM_RADII, _FOREARM_RADII[1]]
    groups.append((_cones(sleeve), _chain(sleeve_radii) + _SLEEVE_THICKNESS, _SLEEVE, _FINGER_BLEND))
    for part, (ends, part_radii) in enumerate(flesh()):
        blend = _PALM_BLEND if part == 0 else _FINGER_BLEND
        groups.append((arm.hand[:, ends], part_radii * signer.hand, _SKIN, blend * signer.hand))
    return [(ends, radii.astype(np.float32), label, blend) for ends, radii, label, blend in groups]


def _cones(points: list[np.ndarray]) -> np.ndarray:
    """(T, N, 2, 3) cones along a chain of N + 1 points (T, 3)."""
    return np.stack([np.stack(pair, 1) for pair in zip(points[:-1], points[1:], strict=True)], 1)


def _chain(radii: np.ndarray | Sequence[float]) -> np.ndarray:
    return np.stack([radii[:-1], radii[1:]], -1)
