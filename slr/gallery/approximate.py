"""Approximate search in large galleries: faiss's inverted lists, stored beside the gallery (extra `index`).

The vectors are partitioned into `lists` cells by k-means, and a query searches only the nearest ones (Sivic and
Zisserman, ICCV 2003; Johnson, Douze and Jegou, IEEE Transactions on Big Data 2021). Distances of the results are exact:
a gloss may be missed, but no distance is wrong.
"""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from slr.gallery.gallery import Gallery
from slr.gallery.search import Search
from slr.io.files import atomic_path
from slr.io.progress import warn

if TYPE_CHECKING:
    import faiss

FROM = 200_000
"""Minimum number of clips for an approximate index; a smaller gallery is searched exactly in milliseconds."""
PROBED = 1 / 8
"""Share of the cells that a query searches."""
_TRAINED_ON = 64  # vectors per cell, enough for k-means
_SEED = 1
_FIRST = 256


def index_path(gallery: str | Path) -> Path:
    """Path of a gallery's approximate index."""
    return Path(gallery).with_suffix(".faiss")


def installed() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("faiss") is not None


def keep_approximate(path: str | Path, gallery: Gallery, at_least: int = FROM) -> Path | None:
    """Write a large gallery's approximate index beside it; for a smaller gallery an old index is removed.

    Returns
    -------
    Path or None
        None if the gallery is smaller than `at_least`, or faiss isn't installed (which is reported).
    """
    out = index_path(path)
    if len(gallery) < at_least or not installed():
        if len(gallery) >= at_least:
            warn(f"{len(gallery)} clips are searched one by one; faiss would be faster (pip install 'slr[index]')")
        out.unlink(missing_ok=True)
        return None
    import faiss

    made = _make(gallery.vectors)
    with atomic_path(out) as temporary:
        faiss.write_index(made, str(temporary))
    return out


def open_search(path: str | Path, gallery: Gallery) -> Search:
    """The search of a gallery: approximate if the extra and a matching index exist, else exact."""
    index = index_path(path)
    if not index.exists():
        return Search(gallery)
    if not installed():
        warn(f"{index} needs faiss (pip install 'slr[index]'); searching without it, which is slower")
        return Search(gallery)
    import faiss

    try:
        opened = cast("faiss.IndexIVF", faiss.read_index(str(index)))
        fits = np.array_equal(opened.reconstruct_n(0, len(gallery)), gallery.vectors)
    except RuntimeError:  # faiss raises it for any invalid file
        fits = False
    if not fits:
        warn(f"{index} doesn't belong to {path}; searching without it. Remove it, or build the gallery again")
        return Search(gallery)
    return ApproximateSearch(gallery, opened)


class ApproximateSearch(Search):
    """Approximate search; the candidates' distances are computed exactly.

    Parameters
    ----------
    gallery : Gallery
    index : faiss index, optional
        Index of the gallery's vectors; built here by default.
    """

    def __init__(self, gallery: Gallery, index: "faiss.IndexIVF | None" = None):
        super().__init__(gallery)
        self.index = _make(gallery.vectors) if index is None else index
        self.index.nprobe = max(1, round(self.index.nlist * PROBED))

    def nearest_rows(self, vector: np.ndarray, top: int = 5,
                     leave_out: Iterable[int] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Like `Search.nearest_rows`, but may miss a gloss; exact if the cells have too few different glosses."""
        left_out = np.fromiter(leave_out, np.int64)
        wanted = min(top, self.n_glosses)
        count = _FIRST
        while True:
            _, rows = self.index.search(np.asarray(vector, np.float32)[None], min(count, len(self.gallery)))
            rows = np.setdiff1d(rows[rows >= 0], left_out)
            if len(np.unique(self.gloss_of(rows))) >= wanted:
                return self.exact(vector, rows, top)
            if len(rows) + len(left_out) < count:  # all clips of the cells
                return super().nearest_rows(vector, top, left_out)
            count *= 8


def _make(vectors: np.ndarray) -> "faiss.IndexIVFFlat":
    """Inverted lists of (N, D) float32 vectors, with 2 sqrt(N) cells; deterministic."""
    import faiss

    size = vectors.shape[1]
    lists = max(1, min(round(2 * len(vectors) ** 0.5), len(vectors) // 39))  # faiss warns below 39 per cell
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(size), size, lists)
    index.cp.seed = _SEED
    index.cp.max_points_per_centroid = _TRAINED_ON
    index.train(vectors)
    index.add(vectors)
    return index
