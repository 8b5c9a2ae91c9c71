"""A folder of images as a video."""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from slr.errors import ClipError
from slr.io.files import entries
from slr.io.sampling import Decoded

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
IMAGES_FPS = 25.0
"""Assumed frame rate of a folder of images."""


class ImageFolder:
    """The images of a folder, in the natural order of their names, at a constant rate."""

    rotation = 0

    def __init__(self, path: Path, fps: float):
        self.files = sorted((file for file in entries(path) if file.suffix.lower() in IMAGE_SUFFIXES), key=_natural)
        self.nominal_fps = Fraction(fps).limit_denominator(100_000)
        if not self.files:
            raise ClipError("the folder holds no images")

    def announced(self) -> tuple[float, float]:
        """Duration in seconds and frame rate."""
        return float(len(self.files) / self.nominal_fps), float(self.nominal_fps)

    def times_s(self) -> list[Fraction]:
        """The time of each image."""
        return [number / self.nominal_fps for number in range(len(self.files))]

    def __iter__(self) -> Iterator[Decoded]:
        size: list[tuple[int, ...]] = []
        for number, file in enumerate(self.files):
            yield Decoded(number, number / self.nominal_fps, partial(self._read, file, size))

    @staticmethod
    def _read(file: Path, first_shape: list[tuple[int, ...]]) -> np.ndarray:
        import cv2

        # This mode rotates the image by its EXIF orientation, drops alpha, and converts greyscale to three channels.
        image = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise ClipError(f"image {file.name} can't be read")
        first_shape[:] = first_shape or [image.shape]
        if image.shape != first_shape[0]:
            raise ClipError(f"image {file.name} differs in size from the first")
        return image


def _natural(file: Path) -> list[tuple[int, int | str]]:
    """Sort key under which frame2 comes before frame10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", file.name)]
