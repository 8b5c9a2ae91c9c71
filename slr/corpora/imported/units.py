"""Units of x and y in image coordinates: how `.pose` files' are recognised, and normalised ones converted."""

from typing import Literal

import numpy as np

Units = Literal["pixel", "fraction", "normalised"]
SHOULDERS = 0.2
"""Width of the shoulders, the unit of normalised coordinates, in the store: as of a signer who fills a square frame."""
_BESIDE, _ABOVE = 0.25, 0.05
"""Shares of negative x and y above which the origin is the signer's and not the corner of a frame. Of a signer's joints
about half are right of the shoulders' middle, and the head and raised hands above it."""
_LARGEST_FRACTION = 4
"""Knees and feet below the frame reach 2 or 3; in pixels a person of this size would be a speck in the corner."""


def units_of(places: np.ndarray) -> Units:
    """Units of x and y, told from their values.

    Parameters
    ----------
    places : array (N, 2)
        All positions of a recording that were found.

    Returns
    -------
    {"pixel", "fraction", "normalised"}
        `normalised`: the origin is at the signer, between the shoulders; `fraction`: of the frame's width and height.
    """
    if not len(places):
        return "pixel"
    beside, above = (places < 0).mean(0)
    if beside >= _BESIDE and above >= _ABOVE:
        return "normalised"
    return "fraction" if np.percentile(np.abs(places), 95) <= _LARGEST_FRACTION else "pixel"


def from_normalised(coordinates: np.ndarray, unit: float = 1.0) -> None:
    """Convert x, y, z (..., 2 to 4) around the signer to a square frame with the signer in its middle, in place.

    `unit` is the width of the shoulders in the coordinates' unit.
    """
    coordinates[..., :3] *= np.float32(SHOULDERS / unit)
    coordinates[..., :2] += np.float32(0.5)
