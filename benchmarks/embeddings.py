"""How fast a gallery is searched, and what the triplet loss takes.

    python -m benchmarks.embeddings

Writes `benchmarks/results/embeddings.json`:

- `search_100k_ms`: median time of one exact query for the five nearest different glosses among 100,000 vectors of 32
  numbers, of 2,000 glosses, on one core; `search_100k_p99_ms` beside it, and `search_100k_single_ms` with one clip a
  gloss.
- `search_200k_ms` and `approximate_200k_ms`: the same for 200,000 vectors, exact and by the approximate index, which is
  made from this size on; `approximate_200k_nearest` and `approximate_200k_top5`: share of the exact answers' nearest
  gloss and of their five that it finds.
- `triplet_512_peak_mib`: how much more memory a process needs than before, at its peak, for the loss over all triplets
  of 512 clips of 16 signs and its gradient; `triplet_512_ms` the time.
- `triplet_32_ms` and `published_triplet_32_ms`: median time of the loss and its gradient for 32 clips of 8 signs, ours
  and in the published form (`benchmarks/published_triplet.py`), timed in turns.
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks import published_triplet
from benchmarks.record import peak_mib, record
from slr.gallery.approximate import ApproximateSearch
from slr.gallery.gallery import Gallery, make_gallery
from slr.gallery.search import Search
from slr.losses.triplet import all_triplets

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


def gradient_ms(loss: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor], clips: int, signs: int) -> float:
    """Of one step of a loss on vectors at random."""
    features = torch.randn(clips, SIZE, requires_grad=True)
    begin = time.perf_counter()
    loss(features, torch.arange(clips) % signs, 1.0).backward()
    return 1000 * (time.perf_counter() - begin)


def ours(features: torch.Tensor, targets: torch.Tensor, margin: float) -> torch.Tensor:
    return all_triplets(features, targets, margin).loss


def large_batch() -> tuple[float, float]:
    """(MiB, ms) for 512 clips, in a process that has done nothing larger."""
    torch.set_num_threads(1)
    gradient_ms(ours, 32, 8)
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far was that of imports; it begins anew
    before = peak_mib()
    taken = gradient_ms(ours, 512, 16)
    return peak_mib() - before, taken


def triplets() -> dict[str, float]:
    """The triplet loss: memory of a large batch, time of a small one."""
    torch.set_num_threads(1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak_mib, taken = pool.apply(large_batch)
    pairs = [(gradient_ms(ours, 32, 8), gradient_ms(published_triplet.all_triplets, 32, 8)) for _ in range(QUERIES)]
    mine, published = (statistics.median(times) for times in zip(*pairs, strict=True))
    return {"triplet_512_peak_mib": peak_mib, "triplet_512_ms": taken, "triplet_32_ms": mine,
            "published_triplet_32_ms": published}


def main() -> None:
    with threadpool_limits(1):
        record("embeddings", {**searching(), **approximate(), **triplets()})


if __name__ == "__main__":
    main()
