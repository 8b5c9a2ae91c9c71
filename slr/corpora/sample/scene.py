"""Frames of a clip: the figure, its arms and hands, light, shade and noise."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from slr.corpora.sample.bust import Expression, Figure
from slr.corpora.sample.camera import Camera
from slr.corpora.sample.hand import flesh
from slr.corpora.sample.heightfield import FAR, Canvas, linear, occlusion, shade, to_srgb
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
_NOISE = 2.0  # standard deviation, steps of 255


class Scene(NamedTuple):
    """What a clip shows, frame by frame; metres from the middle of the shoulders.

    `left` and `right` are the arms before swaying; `sway` (T, 3) moves the whole body; `expressions` has one per frame.
    """

    signer: Signer
    left: Arm
    right: Arm
    sway: np.ndarray
    expressions: list[Expression]


def draw_frames(scene: Scene, camera: Camera, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the frames of a clip, (size, size, 3) uint8 RGB."""
    figure = Figure(scene.signer, camera)
    background = _background(scene.signer, camera.size)
    grain = rng.normal(0, _NOISE, (camera.size + 32, camera.size + 32, 1)).astype(np.float32)
    colours = linear(np.stack([(0, 0, 0), scene.signer.shirt, scene.signer.skin]))
    cones = [_arm_cones(scene.signer, arm) for arm in (scene.left, scene.right)]
    for frame, expression in enumerate(scene.expressions):
        light, height, cover = _body(figure, expression, scene.sway[frame], background)
        canvas = Canvas(camera.size, camera.size)
        for groups in cones:
            for ends, radii, label, blend in groups:
                points, scale = camera.project(ends[frame] + scene.sway[frame])
                canvas.draw(points, radii * scale, label, blend * camera.scale)
        _lay_over(light, height, cover, canvas, colours)
        shadow = occlusion(height, _OCCLUSION_REACH * camera.scale)
        light *= np.where(cover > 0.5, shadow, 1)[..., None]
        x, y = rng.integers(0, 32, 2)
        yield to_srgb(light, grain[y:y + camera.size, x:x + camera.size])


def _background(signer: Signer, size: int) -> np.ndarray:
    """(size, size, 3) linear light: a plain wall, brighter above."""
    fall = np.linspace(1.06, 0.82, size, dtype=np.float32)[:, None, None]
    return np.broadcast_to(linear(signer.background) * fall, (size, size, 3)).copy()


def _body(figure: Figure, expression: Expression, sway: np.ndarray, background: np.ndarray):
    """The figure, moved by `sway`, before the wall: light, height and cover, free to change."""
    layer = figure.layer(expression)
    scale = figure.camera.scale * figure.size / figure.camera.size
    move = np.array([[1, 0, sway[0] * scale], [0, 1, -sway[1] * scale]], np.float32)
    light, cover, height = (
        cv2.warpAffine(plane, move, plane.shape[1::-1], borderMode=cv2.BORDER_REPLICATE) for plane in layer)
    light += background * (1 - cover)[..., None]
    return light, height, cover


def _lay_over(light: np.ndarray, height: np.ndarray, cover: np.ndarray, canvas: Canvas, colours: np.ndarray) -> None:
    """Put what is on the canvas in front of, or behind, what is there already."""
    if canvas.box is None:
        return
    box = canvas.box
    nearer = canvas.height[box] > np.where(cover[box] > 0.5, height[box], FAR)
    shaded = colours[canvas.label[box]] * shade(canvas.height[box])[..., None]
    np.copyto(light[box], shaded, where=nearer[..., None])
    np.copyto(height[box], canvas.height[box], where=nearer)
    np.copyto(cover[box], np.float32(1), where=nearer)


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
        cut_radius = np.interp(signer.sleeve, (0, 1), _ARM_RADII)
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


def _chain(radii) -> np.ndarray:
    return np.stack([radii[:-1], radii[1:]], -1)
