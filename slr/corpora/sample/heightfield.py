"""Rendering with height fields: a body is a set of round cones, and a pixel shows the nearest surface point.

Cones of one part blend smoothly; edges between parts are hard. Pixels are (x right, y down), heights point towards the
viewer and are also in pixels, so that a slope of 1 is 45 degrees.

Results are the same on every processor: besides OpenCV's box filter, only element-wise operations with exact IEEE 754
rounding are used; a power and a root replace `exp` and `log`, whose rounding differs between libraries.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

FAR = np.float32(-1e4)  # the height of the background
_RIM = np.float32(1e-4)  # square pixels by which cones are thinned, so that outline pixels are outside them
_CLIFF = np.float32(1e9)  # slope of the height there
_LIGHT = np.array([-0.35, -0.55, 0.76], np.float32)
_WRAP = 0.45
_AMBIENT, _DIFFUSE = 0.22, 0.90

Box = tuple[slice, slice]
"""Rows and columns."""


class Part(NamedTuple):
    """Cones that blend into one surface.

    Attributes
    ----------
    ends : (N, 2, 3) float32 array
        Both ends of each axis: pixels and height.
    radii : (N, 2) float32 array
        Pixels, at either end.
    label : int
        Label of the pixels where the part is in front.
    blend : float, default 0
        Blending distance of the cones, pixels.
    """

    ends: np.ndarray
    radii: np.ndarray
    label: int
    blend: float = 0.0


class Canvas:
    """A height field and, for each pixel, the label of the visible part."""

    def __init__(self, height: int, width: int):
        self.height = np.full((height, width), FAR)
        self.label = np.zeros((height, width), np.uint8)

    def draw(self, parts: Sequence[Part]) -> Box | None:
        """Draw parts, the nearest in front, and return their bounding box; None if all are off the canvas.

        All cones are drawn at once, into one long array with a box of pixels for each part.
        """
        ends = np.concatenate([part.ends for part in parts])
        radii = np.concatenate([part.radii for part in parts])
        counts = [len(part.ends) for part in parts]
        blends = np.array([part.blend for part in parts], np.float32)
        low, high = _boxes(ends, radii, self.height.shape)
        first = np.cumsum(counts) - counts
        part_low, part_high = np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
        sizes = np.maximum(part_high - part_low, 0)
        areas = sizes.prod(1)
        starts = np.cumsum(areas) - areas

        rows = _rows(ends, radii, low, high)
        part = np.repeat(np.arange(len(parts)), counts)[rows.cone]
        column = _count_up(rows.length)
        row_start = starts[part] + (rows.y - part_low[part, 1]) * sizes[part, 0] + rows.x - part_low[part, 0]
        surface = _blend(_cone_heights(ends, radii, rows, column), column + np.repeat(row_start, rows.length),
                         np.repeat(blends[part], rows.length), np.repeat(blends, areas))
        drawn = np.flatnonzero(areas)
        for i in drawn:
            self._lay_over(surface[starts[i]:starts[i] + areas[i]], _box(part_low[i], part_high[i]), parts[i].label)
        return _box(part_low[drawn].min(0), part_high[drawn].max(0)) if len(drawn) else None

    def _lay_over(self, surface: np.ndarray, box: Box, label: int) -> None:
        height = self.height[box]
        surface = surface.reshape(height.shape)
        np.copyto(self.label[box], np.uint8(label), where=surface > height)
        np.maximum(height, surface, out=height)


def _box(low: np.ndarray, high: np.ndarray) -> Box:
    return slice(low[1], high[1]), slice(low[0], high[0])


def _boxes(ends: np.ndarray, radii: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """First (inclusive) and last (exclusive) pixel of each cone on a canvas of this size: (N, 2) x and y, twice."""
    low = np.floor((ends[..., :2] - radii[..., None]).min(1)).astype(int)
    high = np.ceil((ends[..., :2] + radii[..., None]).max(1)).astype(int) + 1
    return np.maximum(low, 0), np.minimum(high, shape[::-1])


class _Rows(NamedTuple):
    """Rows of pixels that contain the cones: (R,) ints: index of the cone, first pixel's `x` and `y`, number of
    pixels."""

    cone: np.ndarray
    x: np.ndarray
    y: np.ndarray
    length: np.ndarray


def _rows(ends: np.ndarray, radii: np.ndarray, low: np.ndarray, high: np.ndarray) -> _Rows:
    """Each row of each cone's box `low` to `high`, cropped to less than its larger radius from its axis."""
    lengths = np.maximum(high - low, 0)[:, 1]
    cone = np.repeat(np.arange(len(ends)), lengths)
    y = low[cone, 1] + _count_up(lengths)
    (x0, y0), (ax, ay) = ends[:, 0, :2].T, (ends[:, 1, :2] - ends[:, 0, :2]).T
    radius = radii.max(1)
    ay = np.where(np.abs(ay) < 1e-3, np.float32(1e-3), ay)
    slant = ax / ay
    aside = radius * np.sqrt(1 + slant * slant)  # half the width of a row within a band around the infinite axis
    x0, ax, ay, radius, slant, aside = (values[cone] for values in (x0, ax, ay, radius, slant, aside))
    py = y.astype(np.float32) - y0[cone]
    one, other = np.clip((py - radius) / ay, 0, 1) * ax, np.clip((py + radius) / ay, 0, 1) * ax  # of the nearby axis
    left = x0 + np.maximum(np.minimum(one, other) - radius, py * slant - aside)
    right = x0 + np.minimum(np.maximum(one, other) + radius, py * slant + aside)
    left = np.maximum(np.floor(left), low[cone, 0]).astype(int)
    right = np.minimum(np.ceil(right) + 1, high[cone, 0]).astype(int)
    return _Rows(cone, left, y, np.maximum(right - left, 0))


def _count_up(lengths: np.ndarray) -> np.ndarray:
    """0, 1, ... for each length, concatenated."""
    numbers = np.arange(lengths.sum())
    numbers -= np.repeat(np.cumsum(lengths) - lengths, lengths)
    return numbers


def _cone_heights(ends: np.ndarray, radii: np.ndarray, rows: _Rows, column: np.ndarray) -> np.ndarray:
    """Front surfaces of round cones: heights at each pixel of the rows, far below `FAR` outside the cone.

    A cone is the union of spheres along its axis; seen from the front its height at a pixel is the maximum of z(t) +
    sqrt(r(t)^2 - d(t)^2) over 0 <= t <= 1, with d the pixel's distance from the axis point t. The radicand is a
    quadratic -a t^2 + 2 b t + c, so the maximum is where dz + (b - a t) / sqrt(...) = 0, or at an end.
    """
    ax, ay, dz = (ends[:, 1] - ends[:, 0]).T
    r0, dr = radii[:, 0], radii[:, 1] - radii[:, 0]
    a = np.maximum(ax * ax + ay * ay - dr * dr, np.float32(1e-3))
    lift = dz / np.sqrt(a * (a + dz * dz))
    cone = rows.cone
    px, py = rows.x.astype(np.float32) - ends[cone, 0, 0], rows.y.astype(np.float32) - ends[cone, 0, 1]
    px, ax, b, c, a, lift, dz, z0 = (np.repeat(values, rows.length) for values in (
        px, ax[cone], py * ay[cone] + (r0 * dr)[cone], (r0 * r0 - _RIM)[cone] - py * py, a[cone], lift[cone], dz[cone],
        ends[cone, 0, 2]))
    px += column.astype(np.float32)
    b += px * ax
    px *= px
    c -= px
    t = b / a
    top = b * t
    top += c
    np.maximum(top, 0, out=top)
    np.sqrt(top, out=top)
    top *= lift
    t += top
    np.clip(t, 0, 1, out=t)
    b *= 2
    a *= t
    b -= a
    b *= t
    b += c  # r(t)^2 - d(t)^2
    beside = np.minimum(b, 0)
    beside *= _CLIFF
    np.maximum(b, 0, out=b)
    np.sqrt(b, out=b)
    t *= dz
    t += z0
    b += t
    b += beside
    return b


def _blend(heights: np.ndarray, index: np.ndarray, blend: np.ndarray, blend_there: np.ndarray) -> np.ndarray:
    """Smooth maximum of the heights (P,) at each index of an array.

    blend * log(sum(exp(height / blend))), with (1 + x / 8)^8 for exp(x) and its inverse for log.
    """
    highest = np.full(len(blend_there), FAR)
    np.maximum.at(highest, index, heights)
    share = heights
    share -= highest[index]
    share /= np.maximum(8 * blend, np.float32(1e-3))
    share += 1
    np.maximum(share, 0, out=share)
    for _ in range(3):
        share *= share
    smooth = np.zeros_like(highest)
    np.add.at(smooth, index, share)
    for _ in range(3):
        np.sqrt(smooth, out=smooth)
    smooth -= 1
    smooth *= 8 * blend_there
    smooth += highest
    return smooth


def shade(height: np.ndarray) -> np.ndarray:
    """(H, W) brightness of a height field by wrapped Lambert shading."""
    across = np.diff(height, axis=1, prepend=height[:, :1], append=height[:, -1:])
    down = np.diff(height, axis=0, prepend=height[:1], append=height[-1:])
    gx, gy = _minmod(across[:, :-1], across[:, 1:]), _minmod(down[:-1], down[1:])
    light = _LIGHT[2] - _LIGHT[0] * gx
    light -= _LIGHT[1] * gy
    gx *= gx
    gy *= gy
    gx += gy
    gx += 1
    light /= np.sqrt(gx)
    light += np.float32(_WRAP)
    light *= np.float32(_DIFFUSE / (1 + _WRAP))
    np.maximum(light, 0, out=light)
    light += np.float32(_AMBIENT)
    return light


def _minmod(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smaller of two slopes, so that a surface's slope ends at its edge; 0 if they differ in sign."""
    slope = np.maximum(np.minimum(a, b), 0)
    slope += np.minimum(np.maximum(a, b), 0)
    return slope


def occlusion(height: np.ndarray, reach: float) -> np.ndarray:
    """(H, W) share of light, at most 1, not blocked by nearer surfaces: contact shadow and a short shadow, down-right.

    `reach` is the distance in pixels over which a surface shades those behind it.
    """
    around: np.ndarray = cv2.blur(height, (int(reach) | 1, int(reach) | 1))
    step = _shadow_step(reach)
    shifted = np.empty_like(around)
    shifted[step:, step:] = around[:-step, :-step]
    shifted[:step], shifted[:, :step] = around[:step], around[:, :step]
    shifted -= height
    shifted *= np.float32(-0.25 / reach)
    shifted += np.float32(1.03)
    return np.clip(shifted, np.float32(0.5), 1, out=shifted)


def occlusion_margin(reach: float) -> int:
    """Maximum distance in pixels around a surface that `occlusion` affects."""
    return (int(reach) | 1) // 2 + _shadow_step(reach)


def _shadow_step(reach: float) -> int:
    return max(1, int(reach) // 3)
