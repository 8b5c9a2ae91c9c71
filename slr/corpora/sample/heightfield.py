"""Drawing with height fields: a body is a set of round cones, and a pixel shows the nearest point of their surfaces.

Surfaces of one group of cones blend smoothly; between groups edges are hard. Pixels are (x right, y down), heights are
towards the viewer in pixels too, so that a slope of 1 is 45 degrees.
"""

import cv2
import numpy as np

FAR = np.float32(-1e4)  # the height where nothing was drawn
_LIGHT = np.array([-0.35, -0.55, 0.76], np.float32)
_WRAP = 0.45
_AMBIENT, _DIFFUSE = 0.22, 0.90


class Canvas:
    """A height field and, for each pixel, the number of the group seen there."""

    def __init__(self, height: int, width: int):
        self.height = np.full((height, width), FAR)
        self.label = np.zeros((height, width), np.uint8)
        self.box: tuple[slice, slice] | None = None  # what was drawn on

    def draw(self, ends: np.ndarray, radii: np.ndarray, label: int, blend: float = 0.0) -> None:
        """Draw a group of cones.

        Parameters
        ----------
        ends : (N, 2, 3) float32 array
            Both ends of each axis: pixels and height.
        radii : (N, 2) float32 array
            Pixels.
        label : int
            Written where the group is in front.
        blend : float
            How far cones melt into each other, pixels.
        """
        low = np.floor((ends[..., :2] - radii[..., None]).min((0, 1))).astype(int)
        high = np.ceil((ends[..., :2] + radii[..., None]).max((0, 1))).astype(int) + 1
        (x0, y0), (x1, y1) = np.maximum(low, 0), np.minimum(high, self.height.shape[::-1])
        if x0 >= x1 or y0 >= y1:
            return
        box = (slice(y0, y1), slice(x0, x1))
        heights = _blend(cone_heights(ends, radii, np.arange(x0, x1), np.arange(y0, y1)), blend)
        nearer = heights > self.height[box]
        np.copyto(self.height[box], heights, where=nearer)
        np.copyto(self.label[box], np.uint8(label), where=nearer)
        self.box = box if self.box is None else tuple(
            slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(self.box, box, strict=True))


def cone_heights(ends: np.ndarray, radii: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Front surfaces of round cones: (N, rows, columns) heights, `FAR` beside a cone.

    A cone is the union of spheres along its axis; seen from the front its height at a pixel is the largest
    z(t) + sqrt(r(t)^2 - d(t)^2) over 0 <= t <= 1, with d the pixel's distance from the axis point t. Under the root is
    a quadratic -a t^2 + 2 b t + c, so the largest value is where dz + (b - a t) / sqrt(...) = 0, or at an end.
    """
    axis = ends[:, 1] - ends[:, 0]
    ax, ay, dz = (axis[:, i, None, None] for i in range(3))
    r0, dr = radii[:, :1, None], (radii[:, 1:] - radii[:, :1])[..., None]
    px = columns.astype(np.float32) - ends[:, 0, :1, None]  # (N, 1, columns)
    py = rows.astype(np.float32)[:, None] - ends[:, 0, 1, None, None]  # (N, rows, 1)
    a = np.maximum(ax * ax + ay * ay - dr * dr, np.float32(1e-3))  # (N, 1, 1)
    b = px * ax + (py * ay + r0 * dr)  # (N, rows, columns)
    c = (r0 * r0 - px * px) - py * py
    t = b * (1 / a)
    top = np.maximum(b * t + c, 0)
    np.sqrt(top, out=top)
    top *= dz / np.sqrt(a * (a + dz * dz))
    t += top
    np.clip(t, 0, 1, out=t)
    b *= 2
    b -= a * t
    b *= t
    b += c  # r(t)^2 - d(t)^2
    inside = b > 0
    np.maximum(b, 0, out=b)
    np.sqrt(b, out=b)
    t *= dz
    t += ends[:, 0, 2, None, None]
    b += t
    return np.where(inside, b, FAR)


def _blend(heights: np.ndarray, blend: float) -> np.ndarray:
    """Smooth maximum over the first axis."""
    top = heights.max(0)
    if blend <= 0 or len(heights) == 1:
        return top
    heights -= top
    heights *= np.float32(1 / blend)
    np.exp(heights, out=heights)
    smooth = np.log(heights.sum(0))
    smooth *= np.float32(blend)
    smooth += top
    return np.where(top > FAR, smooth, FAR)


def shade(height: np.ndarray) -> np.ndarray:
    """(H, W) brightness of a height field by wrapped Lambert shading."""
    slopes = []
    for axis in (1, 0):
        step = np.diff(height, axis=axis)
        edge = [(0, 0), (0, 0)]
        edge[axis] = (1, 0)
        backward = np.pad(step, edge)
        edge[axis] = (0, 1)
        forward = np.pad(step, edge)
        slopes.append(np.where(np.abs(forward) < np.abs(backward), forward, backward))  # one-sided at an edge
    gx, gy = slopes
    light = (_LIGHT[2] - _LIGHT[0] * gx - _LIGHT[1] * gy) / np.sqrt(1 + gx * gx + gy * gy)
    return _AMBIENT + _DIFFUSE * np.maximum((light + _WRAP) / (1 + _WRAP), 0)


def linear(colour: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    """sRGB 0-255 to linear light 0-1, with a gamma of 2 for its speed."""
    return np.square(np.asarray(colour, np.float32) / 255)


def occlusion(height: np.ndarray, reach: float) -> np.ndarray:
    """(H, W) share of light, at most 1, that nearer surfaces leave: contact shade and a short shadow, down-right.

    `reach` is the distance in pixels over which a surface shades what is behind it.
    """
    around = cv2.blur(height, (int(reach) | 1, int(reach) | 1))
    step = max(1, int(reach) // 3)
    shifted = np.empty_like(around)
    shifted[step:, step:] = around[:-step, :-step]
    shifted[:step], shifted[:, :step] = around[:step], around[:, :step]
    shifted -= height
    shifted *= np.float32(-0.25 / reach)
    return np.clip(shifted + np.float32(1.03), np.float32(0.5), 1)


def to_srgb(light: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Linear light (H, W, 3) and noise (H, W, 1) in sRGB steps to a slightly blurred uint8 picture."""
    picture = np.sqrt(light)
    picture *= 255
    picture += noise
    np.clip(picture, 0, 255, out=picture)
    return cv2.GaussianBlur(picture.astype(np.uint8), (3, 3), 0.6)
