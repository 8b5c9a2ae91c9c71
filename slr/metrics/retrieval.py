"""Retrieval and few-shot metrics of a model's features, which indicate their value for unseen signs.

Distances are Euclidean. A clip is only compared with clips by other signers, if signers are known, so that recognising
the signer doesn't help. docs/embeddings.md defines each metric.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from slr.metrics.classification import TOP, accuracy, ranks, wilson
from slr.metrics.silhouette import silhouette, whole_glosses

SHOTS = {"one_shot": 1, "five_shot": 5}
GALLERIES = 50
"""Random galleries for each number of examples, and random halves of the glosses."""
_RESAMPLES = 20
"""Resamples of each gallery's queries, for the interval."""
_SEED = 1


class Pairs(NamedTuple):
    """Pairwise comparison of clips.

    Attributes
    ----------
    distances : array (N, N)
        From each query clip (row) to each candidate (column); infinite for the clip itself, and for clips by the same
        signer.
    glosses : array (N,) int
    signers : array (N,) int, or None
        None if no signer is known: then every other clip is a candidate.
    """

    distances: np.ndarray
    glosses: np.ndarray
    signers: np.ndarray | None

    def turns(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Queries and candidates (indices): for each signer their clips and all others', else all and all."""
        clips = np.arange(len(self.glosses))
        if self.signers is None:
            return [(clips, clips)]
        return [(clips[self.signers == signer], clips[self.signers != signer]) for signer in np.unique(self.signers)]


def embedding_metrics(features: np.ndarray, glosses: Sequence[str], signers: Sequence[str | None],
                      split: Sequence[str]) -> dict[str, float]:
    """Feature metrics of any model: see docs/embeddings.md.

    Parameters
    ----------
    features : array (clips, D)
    glosses : sequence of str
    signers : sequence of str
        Missing if unknown.
    split : sequence of str
        `train` clips are used for `silhouette_train` only; all other metrics are over the other clips.

    Returns
    -------
    dict
        `silhouette`, `silhouette_train`, and the results of `retrieval_metrics`; undefined ones are left out.
        Deterministic for the same clips in the same order.
    """
    names, trained = np.asarray(glosses), np.asarray(split) == "train"
    found = {"silhouette": silhouette(features[~trained], names[~trained]),
             "silhouette_train": silhouette(features[trained], names[trained])}
    chosen = whole_glosses(names[~trained])
    pairs = pair(features[~trained][chosen], names[~trained][chosen],
                 np.asarray(signers, dtype=object)[~trained][chosen])
    return {name: value for name, value in found.items() if value is not None} | retrieval_metrics(pairs)


def retrieval_metrics(pairs: Pairs) -> dict[str, float]:
    """`map`; `one_shot` and `five_shot`, each with `_ci_low`, `_ci_high`, `_ways` and, with more than five ways,
    `_top5`; `open_set_auroc` with `_ci_low` and `_ci_high`. Undefined ones are left out."""
    metrics = {}
    if (precision := mean_average_precision(pairs)) is not None:
        metrics["map"] = precision
    for name, shots in SHOTS.items():
        metrics |= few_shot(pairs, shots, name)
    return metrics | open_set(pairs)


def pair(features: np.ndarray, glosses: np.ndarray, signers: np.ndarray) -> Pairs:
    """Compute pairwise distances of clips.

    Parameters
    ----------
    features : array (clips, D)
    glosses : array (clips,)
    signers : array (clips,)
        Missing if unknown. If some are known, clips with unknown signer are left out: they may be by anyone.
    """
    from scipy.spatial.distance import cdist

    known = pd.notna(signers)
    numbers = None
    if known.any():
        features, glosses = features[known], glosses[known]
        numbers = pd.factorize(signers[known], sort=True)[0]
    distances = cdist(features.astype(np.float64), features.astype(np.float64))
    np.fill_diagonal(distances, np.inf)
    if numbers is not None:
        distances[numbers[:, None] == numbers] = np.inf
    return Pairs(distances, pd.factorize(glosses, sort=True)[0], numbers)


def mean_average_precision(pairs: Pairs) -> float | None:
    """Mean over the clips of the average precision of their gloss among the candidates, nearest first.

    Clips without a candidate of their gloss, or of another one, are left out; None if that is all of them.
    """
    from sklearn.metrics import label_ranking_average_precision_score

    same, allowed = pairs.glosses[:, None] == pairs.glosses, np.isfinite(pairs.distances)
    asked = (same & allowed).any(1) & (~same & allowed).any(1)
    if not asked.any():
        return None
    # Excluded candidates are ranked last, where they don't affect precision.
    last = -2 * pairs.distances[allowed].max() - 1
    return float(label_ranking_average_precision_score((same & allowed)[asked],
                                                       np.where(allowed, -pairs.distances, last)[asked]))


def few_shot(pairs: Pairs, shots: int, name: str) -> dict[str, float]:
    """Few-shot accuracy with the given number of examples per gloss.

    Each signer's clips are the queries in turn, and the gallery is sampled from the others' clips: `shots` of each
    gloss; glosses with fewer are left out. Without known signers the gallery is sampled from all clips, and the rest
    are queries. The prediction is the gloss of the nearest example.

    Returns
    -------
    dict
        `name`, the mean over `GALLERIES` galleries; `name_ci_low` and `name_ci_high`, the 95 % interval when galleries
        and queries are resampled (clips assumed independent), at least as wide as Wilson's interval of the mean, since
        resampling only correct queries never gives an error; `name_ways`, the glosses of the smallest gallery; with
        more than five, `name_top5`. Empty without queries.
    """
    rng = np.random.default_rng([_SEED, shots])
    ways = [len(pools) for _, answering in pairs.turns() if len(pools := _pools(pairs.glosses, answering, shots)) > 1]
    top1, top5, resampled = [], [], []
    for _ in range(GALLERIES if ways else 0):
        places = np.concatenate([_ask(pairs, asking, answering, shots, rng) for asking, answering in pairs.turns()])
        if not len(places):
            return {}
        top1.append((places == 1).mean())
        top5.append((places <= TOP).mean())
        resampled.extend((places == 1)[rng.integers(len(places), size=(_RESAMPLES, len(places)))].mean(1))
    if not ways:
        return {}
    mean = float(np.mean(top1))
    low, high = np.quantile(resampled, [0.025, 0.975])
    least_low, least_high = wilson(mean * len(places), len(places))
    metrics = {name: mean, f"{name}_ci_low": min(float(low), least_low),
               f"{name}_ci_high": max(float(high), least_high), f"{name}_ways": min(ways)}
    return metrics | ({f"{name}_top5": float(np.mean(top5))} if min(ways) > TOP else {})


def all_shot(pairs: Pairs) -> dict[str, float]:
    """Accuracy with all candidates as examples, by the nearest one of each gloss.

    Returns
    -------
    dict
        `top1` with `top1_ci_low` and `top1_ci_high` (Wilson), and with more than five glosses `top5`, over the clips
        with a candidate of their own gloss. Empty if there are none.
    """
    glosses = np.unique(pairs.glosses)
    nearest = np.stack([pairs.distances[:, pairs.glosses == gloss].min(1) for gloss in glosses], axis=1)
    asked = np.isfinite(nearest[np.arange(len(nearest)), pairs.glosses])
    if not asked.any() or len(glosses) < 2:
        return {}
    places = ranks(-nearest[asked], pairs.glosses[asked])
    metrics = accuracy("top1", places == 1)
    return metrics | ({"top5": float((places <= TOP).mean())} if len(glosses) > TOP else {})


def open_set(pairs: Pairs) -> dict[str, float]:
    """Open-set AUROC: how well the distance to the nearest clip separates known from unknown glosses.

    A random half of the glosses, `GALLERIES` times, is the gallery, with all candidates; all clips are queries. The
    area under the ROC curve of the negative distance: 0.5 is chance, 1 a perfect threshold.

    Returns
    -------
    dict
        `open_set_auroc`, the mean; `open_set_auroc_ci_low` and `_ci_high`, between which 95 % of the halves are. Empty
        with fewer than two glosses, or if no clip has a candidate of its own gloss.
    """
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(_SEED)
    glosses = np.unique(pairs.glosses)
    reachable = ((pairs.glosses[:, None] == pairs.glosses) & np.isfinite(pairs.distances)).any(1)
    areas = []
    for _ in range(GALLERIES if len(glosses) > 1 else 0):
        known = np.isin(pairs.glosses, rng.choice(glosses, len(glosses) // 2, replace=False))
        nearest = pairs.distances[:, known].min(1)
        asked = np.isfinite(nearest) & (reachable | ~known)
        if len(np.unique(known[asked])) == 2:
            areas.append(roc_auc_score(known[asked], -nearest[asked]))
    if not areas:
        return {}
    low, high = np.quantile(areas, [0.025, 0.975])
    return {"open_set_auroc": float(np.mean(areas)), "open_set_auroc_ci_low": float(low),
            "open_set_auroc_ci_high": float(high)}


def _pools(glosses: np.ndarray, answering: np.ndarray, shots: int) -> np.ndarray:
    """The glosses, sorted, with at least `shots` candidates."""
    names, counts = np.unique(glosses[answering], return_counts=True)
    return names[counts >= shots]


def _ask(pairs: Pairs, asking: np.ndarray, answering: np.ndarray, shots: int, rng: np.random.Generator) -> np.ndarray:
    """(queries,) int: rank of each query's gloss in one random gallery."""
    shuffled = rng.permutation(answering)
    shuffled = shuffled[np.argsort(pairs.glosses[shuffled], kind="stable")]
    ways = _pools(pairs.glosses, answering, shots)
    if len(ways) < 2:
        return np.empty(0, int)
    gallery = shuffled[np.searchsorted(pairs.glosses[shuffled], ways)[:, None] + np.arange(shots)]  # (ways, shots)
    queries = asking[np.isin(pairs.glosses[asking], ways) & ~np.isin(asking, gallery)]
    nearest = pairs.distances[queries[:, None, None], gallery].min(2)
    return ranks(-nearest, np.searchsorted(ways, pairs.glosses[queries]))
