"""The silhouette of a model's features, and the choice of clips for metrics over all pairs of clips."""

import numpy as np

from slr.io.evenly import evenly


def silhouette(features: np.ndarray, glosses: np.ndarray) -> float | None:
    """The mean silhouette (Rousseeuw, 1987) of clips by gloss: 1 for well separated glosses, 0 on the border, negative
    among others. Glosses with one clip are left out; None with fewer than two others."""
    from sklearn.metrics import silhouette_score

    chosen = whole_glosses(glosses)
    names, counts = np.unique(glosses[chosen], return_counts=True)
    chosen = chosen[np.isin(glosses[chosen], names[counts > 1])]
    if (counts > 1).sum() < 2:
        return None
    return float(silhouette_score(features[chosen].astype(np.float64), glosses[chosen]))


def whole_glosses(glosses: np.ndarray, most: int = 2000) -> np.ndarray:
    """Indices of about `most` clips, in order.

    All clips of evenly chosen glosses, because a subsampled gloss has no other clips to be retrieved. Only if that is
    still more than twice as many, evenly chosen clips.
    """
    if len(glosses) <= most:
        return np.arange(len(glosses))
    names = np.unique(glosses)
    count = max(2, len(names) * most // len(glosses))
    names = names[evenly(len(names), count)]
    found = np.flatnonzero(np.isin(glosses, names))
    return found if len(found) <= 2 * most else found[evenly(len(found), most)]
