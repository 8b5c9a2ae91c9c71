"""How fast a gallery is searched.

    python -m benchmarks.embeddings

Writes `benchmarks/results/embeddings.json`:

- `search_100k_ms`: median time of one exact query for the five nearest different glosses among 100,000 vectors of 32
  numbers, of 2,000 glosses, on one core; `search_100k_p99_ms` beside it, and `search_100k_single_ms` with one clip a
  gloss.
- `search_200k_ms` and `approximate_200k_ms`: the same for 200,000 vectors, exact and by the approximate index, which is
  made from this size on; `approximate_200k_nearest` and `approximate_200k_top5`: share of the exact answers' nearest
  gloss and of their five that it finds.
"""

import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.record import record
from slr.index.approximate import ApproximateSearch
from slr.index.gallery import Gallery, make_gallery
from slr.index.search import Search

SIZE, QUERIES, TOP = 32, 300, 5
GLOSSES = 2_000


def made_up(clips: int, glosses: int) -> tuple[Gallery, np.ndarray]:
    """A gallery whose glosses are points at random with their clips around them, and queries as far from those."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(glosses, SIZE)).astype(np.float32)
    of_clip = np.arange(clips) % glosses
    vectors = centres[of_clip] + 0.3 * rng.normal(size=(clips, SIZE)).astype(np.float32)
    queries = centres[rng.integers(0, glosses, QUERIES)] + 0.3 * rng.normal(size=(QUERIES, SIZE)).astype(np.float32)
    return make_gallery([f"c{i}" for i in range(clips)], [f"g{i:06d}" for i in of_clip], [None] * clips, vectors,
                        model="made-up", model_hash=""), queries


def milliseconds(ask: Callable[[np.ndarray, int], object], queries: np.ndarray) -> np.ndarray:
    """Of each query."""
    taken = []
    for query in queries:
        begin = time.perf_counter()
        ask(query, TOP)
        taken.append(1000 * (time.perf_counter() - begin))
    return np.array(taken)


def searching() -> dict[str, float]:
    """Exact search of 100,000 vectors."""
    gallery, queries = made_up(100_000, GLOSSES)
    taken = milliseconds(Search(gallery).nearest, queries)
    gallery, queries = made_up(100_000, 100_000)
    single = milliseconds(Search(gallery).nearest, queries)
    return {"search_100k_ms": float(np.median(taken)), "search_100k_p99_ms": float(np.percentile(taken, 99)),
            "search_100k_single_ms": float(np.median(single))}


def approximate() -> dict[str, float]:
    """Exact beside approximate search of 200,000 vectors."""
    gallery, queries = made_up(200_000, GLOSSES)
    exact, fast = Search(gallery), ApproximateSearch(gallery)
    pairs = [([n.gloss for n in exact.nearest(query, TOP)], [n.gloss for n in fast.nearest(query, TOP)])
             for query in queries]
    return {"search_200k_ms": float(np.median(milliseconds(exact.nearest, queries))),
            "approximate_200k_ms": float(np.median(milliseconds(fast.nearest, queries))),
            "approximate_200k_nearest": float(np.mean([right[0] == found[0] for right, found in pairs])),
            "approximate_200k_top5": float(np.mean([len({*right} & {*found}) / TOP for right, found in pairs]))}


def main() -> None:
    with threadpool_limits(1):
        record("embeddings", {**searching(), **approximate()})


if __name__ == "__main__":
    main()
