"""Even subsampling."""

import numpy as np


def evenly(count: int, most: int) -> np.ndarray:
    """Ascending indices of at most `most` of `count` items, including the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
