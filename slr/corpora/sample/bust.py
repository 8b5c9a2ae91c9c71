"""The slow-moving parts: torso, neck, head, hair and a painted face, drawn once per signer and expression."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from slr.corpora.sample.camera import Camera
from slr.corpora.sample.heightfield import Box, Canvas, Part, shade
from slr.corpora.sample.kinematics import head_middle
from slr.corpora.sample.signer import Signer

_OVERSAMPLING = 2  # fine features need it
_WALL_M = 0.15  # behind the shoulders
_SHIRT, _SKIN, _HAIR = 1, 2, 3
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates

# Cones in the head's axes: x, y, z, radius of one end, then of the other; metres at scale 1; `+-` marks mirrored pairs.
_HEAD_CONES = (
    (0, .045, -.010, .078, 0, .030, .0, .076), (0, .030, .012, .066, 0, -.060, .020, .050),
    (0, -.060, .022, .050, 0, -.080, .034, .031), (.030, -.012, .038, .036, .022, -.050, .034, .034),
    (0, .043, .058, .021, .032, .042, .052, .021), (0, .024, .072, .008, 0, -.014, .094, .0135),
    (.010, -.021, .082, .0095, .012, -.020, .080, .0085), (0, -.053, .069, .012, .014, -.054, .065, .010),
    (0, -.064, .066, .012, .012, -.062, .063, .010), (.079, .012, -.012, .015, .077, -.020, -.006, .010),
)
_HAIR_CONES = {
    "cap": ((0, .072, -.022, .080, 0, .060, -.030, .080),),
    "short": ((0, .075, -.020, .080, 0, .060, -.030, .080), (.050, .075, -.015, .036, .070, .015, -.022, .020)),
    "bun": ((0, .075, -.020, .079, 0, .060, -.030, .080), (.050, .075, -.015, .036, .070, .020, -.022, .019),
            (.012, .150, -.020, .034, 0, .150, -.020, .034)),
    "long": ((0, .075, -.020, .081, 0, .060, -.030, .081), (.050, .075, -.015, .036, .074, .0, -.022, .024),
             (.074, .0, -.025, .026, .088, -.150, -.030, .030)),
}


_Point = tuple[float, float]
_Colour = np.ndarray | tuple[int, int, int]


class Expression(NamedTuple):
    """Opening of mouth and eyes, 0..1."""

    mouth: float = 0.0
    eyes: float = 1.0


class Bust(NamedTuple):
    """Head and torso before a wall.

    Attributes
    ----------
    picture : (H, W, 3) uint8 array
        sRGB, without shadows of nearby surfaces.
    height : (H, W) float32 array
        Pixels; `wall` beside the bust.
    wall : float32
    """

    picture: np.ndarray
    height: np.ndarray
    wall: np.float32

    def within(self, box: Box) -> "Bust":
        return self._replace(picture=self.picture[box], height=self.height[box])


@lru_cache(maxsize=64)
def draw_bust(signer: Signer, size: int, expression: Expression) -> Bust:
    """The signer before the default camera, drawn once per process."""
    return _Artist(signer, Camera.usual(size)).draw(expression)


class _Artist:
    """One signer before one camera."""

    def __init__(self, signer: Signer, camera: Camera):
        self.signer = signer
        self.camera = camera.enlarged(_OVERSAMPLING)
        self.size = camera.size

    def draw(self, expression: Expression) -> Bust:
        canvas = Canvas(self.camera.size, self.camera.size)
        jaw = np.array([0, -0.012 * expression.mouth, 0])
        canvas.draw([self._part(*part) for part in (
            (_SHIRT, self._torso, .014), (_SKIN, self._neck, .010),
            (_SKIN, self._head(_HEAD_CONES, jaw), .004), (_HAIR, self._head(_HAIR_CONES[self.signer.hair_style]), .006),
        )])
        colours = np.stack([(0, 0, 0), self.signer.shirt, self.signer.skin, self.signer.hair]).astype(np.uint8)
        albedo = colours[canvas.label]
        painted = self._paint(albedo.copy(), expression)
        np.copyto(albedo, painted, where=(canvas.label == _SKIN)[..., None])
        light = np.where((canvas.label > 0)[..., None], linear(albedo) * shade(canvas.height)[..., None], self._wall())
        wall = np.float32(-_WALL_M * self.camera.scale)
        light, height = (cv2.resize(plane, (self.size, self.size), interpolation=cv2.INTER_AREA)
                         for plane in (light, np.maximum(canvas.height, wall) / _OVERSAMPLING))
        return Bust(to_srgb(light), height, wall / _OVERSAMPLING)

    def _wall(self) -> np.ndarray:
        """(size, 1, 3) linear light: plain, brighter above."""
        fall = np.linspace(1.06, 0.82, self.camera.size, dtype=np.float32)
        return linear(self.signer.background) * fall[:, None, None]

    def _part(self, label: int, cones: np.ndarray, blend: float) -> Part:
        ends, scale = self.camera.project(cones[..., :3])
        return Part(ends, (cones[..., 3] * scale).astype(np.float32), label, blend * self.camera.scale)

    @property
    def _torso(self) -> np.ndarray:
        half, build = self.signer.shoulders / 2, self.signer.build
        return np.concatenate([_pair(cone) for cone in (
            (half * .96, -.012, -.005, .054, half * .5, .012, -.01, .056),
            (half * .5, .012, -.01, .056, .045, .045, -.018, .045),
            (half * .50, -.085, .005, .098 * build, half * .40, -.30, .012, .100 * build),
            (half * .40, -.30, .012, .100 * build, half * .45, -.80, .010, .115 * build),
            (0, -.095, .012, .098 * build, 0, -.80, .014, .112 * build),
        )])

    @property
    def _neck(self) -> np.ndarray:
        top = head_middle(self.signer)[1] - 0.05
        return np.array([[(0, -.012, .035, .052), (0, .04, .0, .053)], [(0, .04, .0, .053), (0, top, .005, .050)]])

    def _head(self, cones: tuple[tuple[float, ...], ...], jaw: np.ndarray | None = None) -> np.ndarray:
        """Cones of the head in body coordinates (metres); the part below the nose is lowered by `jaw`."""
        ends = np.concatenate([_pair(cone) for cone in cones])
        if jaw is not None:
            ends[..., :3] += jaw * (ends[..., 1:2] < -0.055)
        ends *= self.signer.head
        ends[..., :3] += head_middle(self.signer)
        return ends

    def _paint(self, picture: np.ndarray, expression: Expression) -> np.ndarray:
        """Paint eyes, brows, nostrils and lips on (H, W, 3) uint8 skin."""
        brush = _Brush(picture, self.camera, head_middle(self.signer), self.signer.head)
        skin = np.array(self.signer.skin, float)
        hair = np.array(self.signer.hair, float)
        for side in (-1, 1):
            self._paint_eye(brush, side, expression.eyes, skin)
            brow = [(side * x, y) for x, y in ((.013, .041), (.028, .0475), (.040, .0465), (.049, .040))]
            brush.line(brow, .0062, 0.6 * hair + 0.15 * skin)
            brush.ellipse((side * .0075, -.0265), (.0045, .0026), .32 * skin)
            brush.line([(side * .017, -.012), (side * .0185, -.022), (side * .014, -.027)], .002, .72 * skin)
        self._paint_mouth(brush, expression.mouth, skin)
        return picture

    def _paint_eye(self, brush: "_Brush", side: int, opening: float, skin: np.ndarray) -> None:
        x, y = side * .032, .021
        brush.ellipse((x, y + .004), (.0215, .0125), .86 * skin)
        brush.ellipse((x, y), (.0165, .0085), .93 * skin)
        half = .0066 * opening
        top = [(x + dx, y + half * (1 - (dx / .0155) ** 2)) for dx in np.linspace(-.0155, .0155, 9)]
        bottom = [(x + dx, y - .8 * half * (1 - (dx / .0155) ** 2)) for dx in np.linspace(.0155, -.0155, 9)]
        if opening > 0.3:
            brush.polygon(top + bottom, (238, 234, 230))
            brush.ellipse((x, y), (.0066, min(.0066, half)), (74, 48, 30))
            brush.ellipse((x, y), (.0031, .0031), (12, 10, 10))
            brush.ellipse((x + .0018, y + .0020), (.0011, .0011), (245, 245, 245))
            brush.line(bottom, .0012, .62 * skin)
        brush.line(top, .0026, .25 * skin)

    def _paint_mouth(self, brush: "_Brush", opening: float, skin: np.ndarray) -> None:
        lip = np.clip(skin * (.80, .56, .56) + (26, 4, 8), 0, 255)
        drop = -.018 * opening
        corners = (-.0245, -.0560 + drop / 3), (.0245, -.0560 + drop / 3)
        upper = [corners[0], (-.010, -.0475), (0, -.0495), (.010, -.0475), corners[1], (0, -.0575)]
        lower = [corners[0], (0, -.0585 + drop), corners[1], (.012, -.0675 + drop), (0, -.0695 + drop),
                 (-.012, -.0675 + drop)]
        if opening > 0.05:
            brush.polygon([corners[0], (0, -.0565), corners[1], (.012, -.0585 + drop), (-.012, -.0585 + drop)],
                          (52, 18, 18))
        brush.polygon(upper, .82 * lip)
        brush.polygon(lower, lip)
        if opening <= 0.05:
            brush.line([corners[0], (-.010, -.0565), (0, -.0580), (.010, -.0565), corners[1]], .0013, .42 * lip)


class _Brush:
    """Draws in the head's x and y (metres at scale 1) on an image."""

    def __init__(self, picture: np.ndarray, camera: Camera, middle: np.ndarray, scale: float):
        self.picture, self.camera, self.middle, self.scale = picture, camera, middle, scale

    def _pixels(self, points: Iterable[_Point]) -> np.ndarray:
        world = np.array([(x, y, .078) for x, y in points]) * self.scale + self.middle
        return np.round(self.camera.project(world)[0][:, :2] * 2**_SHIFT).astype(np.int32)

    def _length(self, metres: float) -> float:
        return metres * self.scale * self.camera.scale

    def polygon(self, points: Iterable[_Point], colour: _Colour) -> None:
        cv2.fillPoly(self.picture, [self._pixels(points)], _bytes(colour), cv2.LINE_AA, _SHIFT)

    def line(self, points: Iterable[_Point], width: float, colour: _Colour) -> None:
        thickness = max(1, round(self._length(width)))
        cv2.polylines(self.picture, [self._pixels(points)], False, _bytes(colour), thickness, cv2.LINE_AA, _SHIFT)

    def ellipse(self, middle: _Point, radii: _Point, colour: _Colour) -> None:
        x, y = (int(v) for v in self._pixels([middle])[0])
        axes = tuple(max(1, round(self._length(r) * 2**_SHIFT)) for r in radii)
        cv2.ellipse(self.picture, (x, y), axes, 0, 0, 360, _bytes(colour), cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _bytes(colour: _Colour) -> tuple[int, ...]:
    return tuple(int(v) for v in np.clip(colour, 0, 255))


def _pair(cone: tuple[float, ...]) -> np.ndarray:
    """(1 or 2, 2, 4) a cone, and its mirror image if it is off the midline."""
    ends = np.array(cone, float).reshape(1, 2, 4)
    return ends if not ends[..., 0].any() else np.concatenate([ends, ends * [-1, 1, 1, 1]])


def linear(colour: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    """sRGB 0-255 to linear light 0-1, with a gamma of 2 for speed."""
    return np.square(np.asarray(colour, np.float32) / 255)


def to_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light 0-1 to sRGB uint8."""
    return np.clip(np.sqrt(light) * 255 + 0.5, 0, 255).astype(np.uint8)
