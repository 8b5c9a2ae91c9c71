"""Projection from metres to pixels."""

from dataclasses import dataclass, replace

import numpy as np

_VIEW_M = 0.98  # height and width of the view


@dataclass(frozen=True)
class Camera:
    """Weak perspective: metres (x right, y up, z towards the viewer) to pixels.

    Attributes
    ----------
    size : int
        Width and height of the image.
    scale : float
        Pixels per metre at z = 0.
    centre : (float, float)
        Pixel of the midpoint of the shoulders.
    distance : float
        From the viewer to z = 0, metres.
    """

    size: int
    scale: float
    centre: tuple[float, float]
    distance: float = 2.4

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(..., 3) metres to (..., 3) pixels with height, and (...,) pixels per metre there."""
        scale = self.scale * self.distance / (self.distance - points[..., 2])
        pixels = np.stack([self.centre[0] + scale * points[..., 0], self.centre[1] - scale * points[..., 1],
                           scale * points[..., 2]], -1)
        return pixels.astype(np.float32), scale.astype(np.float32)

    def to_half_pixels(self, moves: np.ndarray) -> np.ndarray:
        """Displacements in metres, rounded to half pixels at z = 0."""
        return np.round(moves * 2 * self.scale) / (2 * self.scale)

    @classmethod
    def usual(cls, size: int) -> "Camera":
        """A view of head, shoulders and hands at rest, in an image of this size."""
        return cls(size, size / _VIEW_M, (size * 0.5, size * 0.425))

    def enlarged(self, factor: int) -> "Camera":
        """The same view in an image `factor` times as large."""
        return replace(self, size=self.size * factor, scale=self.scale * factor,
                       centre=(self.centre[0] * factor, self.centre[1] * factor))
