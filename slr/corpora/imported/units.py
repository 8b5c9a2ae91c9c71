"""Units of x and y in image coordinates: how `.pose` files' are recognised, and normalised ones converted."""

from typing import Literal

import numpy as np

Units = Literal["pixel", "fraction", "normalised"]
SHOULDERS = 0.2
"""Width of the shoulders, the unit of normalised coordinates, in the store: as of a signer who fills a square frame."""
_BESIDE, _ABOVE = 0.25, 0.05
"""Shares of negative x and y above which the origin is the signer's and not the corner of a frame. Of a signer's joints
about half are right of the shoulders' middle, and the head and raised hands above it."""
_MIDDLE = 0.25
"""Distance of the shoulders' middle from the origin, in their width, below which it is the origin. A signer in the
corner of a frame, partly out of it, has negative coordinates, too."""
_LARGEST_FRACTION = 4
"""Knees and feet below the frame reach 2 or 3; in pixels a person of this size would be a speck in the corner."""


def units_of(places: np.ndarray, shoulders: np.ndarray) -> Units:
    """Units of x and y, told from their values.

    Parameters
    ----------
    places : array (N, 2)
        All positions of a recording that were found.
    shoulders : array (T, 2, 2)
        Positions of the left and right shoulder, where both were found; of a skeleton without them, none.

    Returns
    -------
    {"pixel", "fraction", "normalised"}
        `normalised`: the origin is at the signer, between the shoulders; `fraction`: of the frame's width and height.
    """
    if not len(places):
        return "pixel"
    beside, above = (places < 0).mean(0)
    if beside >= _BESIDE and above >= _ABOVE and _between(shoulders):
        return "normalised"
    return "fraction" if np.percentile(np.abs(places), 95) <= _LARGEST_FRACTION else "pixel"


def width_of(shoulders: np.ndarray) -> float:
    """Median distance of the shoulders (T, 2, 2)."""
    return float(np.median(np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1)))


def _between(shoulders: np.ndarray) -> bool:
    """Whether the origin is between the shoulders; True if they aren't known."""
    if not len(shoulders):
        return True
    return bool((np.abs(np.median(shoulders.mean(1), 0)) <= _MIDDLE * width_of(shoulders)).all())


def from_normalised(coordinates: np.ndarray, unit: float = 1.0) -> None:
    """Convert x, y, z (..., 2 to 4) around the signer to a square frame with the signer in its middle, in place.

    `unit` is the width of the shoulders in the coordinates' unit.
    """
    coordinates[..., :3] *= np.float32(SHOULDERS / unit)
    coordinates[..., :2] += np.float32(0.5)
