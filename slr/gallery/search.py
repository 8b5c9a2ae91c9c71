"""Nearest-neighbour search over different glosses.

Exact, without an index: at 100,000 vectors of 32 numbers one matrix-vector product takes a few milliseconds. The
results are *different* glosses (SPOTER embeddings, xmartlabs 2023): the second guess is the next gloss, not the next
clip of the first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from slr.gallery.gallery import Gallery


@dataclass(frozen=True)
class Neighbour:
    """The nearest clip of one gloss. `distance` is Euclidean, between vectors of length 1 if the metric is cosine."""

    gloss: str
    distance: float
    clip_id: str
    signer: str | None


class Search:
    """A gallery prepared for search.

    Parameters
    ----------
    gallery : Gallery
    """

    def __init__(self, gallery: Gallery):
        self.gallery = gallery
        glosses = np.array(gallery.glosses, object)
        self.starts = np.flatnonzero(np.r_[True, glosses[1:] != glosses[:-1]])
        self.counts = np.diff(np.r_[self.starts, len(glosses)])
        # Centred, because squares of values around a distant mean would lose the differences to rounding.
        self._centre = gallery.vectors.mean(0, dtype=np.float64).astype(np.float32)
        self._centred = gallery.vectors - self._centre
        self._squares = np.einsum("nd,nd->n", self._centred, self._centred)
        self._half_squares = self._squares / 2
        self._longest = float(self._squares.max())

    @property
    def n_glosses(self) -> int:
        return len(self.starts)

    def gloss_of(self, rows: np.ndarray) -> np.ndarray:
        """Gloss index of each row, in the order of the gallery."""
        return np.searchsorted(self.starts, rows, side="right") - 1

    def nearest(self, vector: np.ndarray, top: int = 5, leave_out: Iterable[int] = ()) -> list[Neighbour]:
        """The nearest clip of each of the `top` nearest glosses, nearest first; ties are ordered by gloss and clip id.

        Parameters
        ----------
        vector : (D,) array
            Scaled like the gallery's (`slr.gallery.gallery.scaled`).
        top : int
            Fewer are returned if the gallery has fewer glosses.
        leave_out : iterable of int
            Rows of the gallery to ignore.
        """
        return [self._neighbour(row, distance) for row, distance in zip(*self.nearest_rows(vector, top, leave_out),
                                                                       strict=True)]

    def nearest_rows(self, vector: np.ndarray, top: int = 5,
                     leave_out: Iterable[int] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Like `nearest`: rows of the gallery (K,) and their distances (K,) float64."""
        vector = np.asarray(vector, np.float32)
        query = vector - self._centre
        # |g - q|^2 / 2 without |q|^2 / 2, which is the same for all: one product and one sum.
        scores = self._half_squares - self._centred @ query
        scores[list(leave_out)] = np.inf
        best = scores if self.n_glosses == len(scores) else np.minimum.reduceat(scores, self.starts)
        top = min(top, int(np.isfinite(best).sum()))
        if top == 0:
            return np.empty(0, np.int64), np.empty(0)
        # In float32 the scores are off by less than `slack`; candidates are measured again in float64.
        slack = 2 * (len(query) + 8) * np.finfo(np.float32).eps * max(self._longest, float(query @ query))
        last = np.partition(best, top - 1)[top - 1] + slack
        near = np.flatnonzero(best <= last)
        counts = self.counts[near]
        rows = np.repeat(self.starts[near] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        rows = rows[scores[rows] <= np.repeat(best[near] + slack, counts)]
        return self.exact(vector, rows, top)

    def exact(self, vector: np.ndarray, rows: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray]:
        """Of the given rows the nearest of each gloss, for the `top` nearest glosses, measured in float64."""
        rows = np.sort(rows)
        distances = self.distances(vector, rows)
        order = np.argsort(distances, kind="stable")
        _, first = np.unique(self.gloss_of(rows[order]), return_index=True)
        chosen = order[np.sort(first)[:top]]
        return rows[chosen], distances[chosen]

    def distances(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(K,) float64: Euclidean distances to the given rows."""
        return np.linalg.norm(self.gallery.vectors[rows].astype(np.float64) - np.asarray(vector, np.float64), axis=1)

    def _neighbour(self, row: int, distance: float) -> Neighbour:
        gallery = self.gallery
        return Neighbour(gallery.glosses[row], float(distance), gallery.clip_ids[row], gallery.signers[row])
