"""Made-up galleries: vectors with glosses, no model."""

import numpy as np

from slr.gallery.gallery import Gallery, Metric, make_gallery


def gallery(vectors: np.ndarray, glosses: list[str], signers: list[str | None] | None = None, *,
            model_hash: str = "abc", metric: Metric = "euclidean", prefix: str = "c") -> Gallery:
    """A gallery of clips c0, c1, ... by a made-up model."""
    return make_gallery([f"{prefix}{i}" for i in range(len(glosses))], glosses, signers or [None] * len(glosses),
                        np.asarray(vectors, np.float32), model="models/made-up", model_hash=model_hash, metric=metric)


def clusters(glosses: int, clips: int, size: int = 16, spread: float = 0.15, seed: int = 0) -> Gallery:
    """Each gloss a point at random, its clips around it."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(glosses, 1, size))
    vectors = centres + spread * rng.normal(size=(glosses, clips, size))
    return gallery(vectors.reshape(-1, size), [f"g{i:05d}" for i in range(glosses) for _ in range(clips)])
