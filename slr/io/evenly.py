"""Choosing evenly, where all would be too many."""

import numpy as np


def evenly(count: int, most: int) -> np.ndarray:
    """Indices, rising, of at most `most` of `count` things, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
