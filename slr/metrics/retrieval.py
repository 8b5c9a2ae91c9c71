"""Retrieval and few-shot metrics of a model's features, which indicate their value for unseen signs.

Distances are Euclidean. A clip is only compared with clips by other signers, if signers are known, so that recognising
the signer doesn't help. docs/embeddings.md defines each metric.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from slr.metrics.classification import TOP, accuracy, ranks, wilson
from slr.metrics.silhouette import silhouette, whole_glosses

SHOTS = {"one_shot": 1, "five_shot": 5}
GALLERIES = 50
"""Random galleries for each number of examples, and random halves of the glosses."""
NEIGHBOURS = 5
"""Nearest clips that vote."""
FEWEST_WAYS = 5
"""Fewest glosses among which a few-shot accuracy is measured: by custom five, and among two or three most guesses hit.
"""
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
    vectors : array (N, D), optional
        The clips' features, of which centroids are made.
    """

    distances: np.ndarray
    glosses: np.ndarray
    signers: np.ndarray | None
    vectors: np.ndarray | None = None

    def turns(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Queries and candidates (indices): for each signer their clips and all others', else all and all."""
        clips = np.arange(len(self.glosses))
        if self.signers is None:
            return [(clips, clips)]
        return [(clips[self.signers == signer], clips[self.signers != signer]) for signer in np.unique(self.signers)]


class GalleryPairs(Pairs):
    """Clips of a given gallery, of which `signers` is 0, and clips that ask, of which it is 1: `pair_with_gallery`."""

    def turns(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [(np.flatnonzero(self.signers == 1), np.flatnonzero(self.signers == 0))]


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
        metrics |= few_shot(pairs, shots, name, fewest_ways=FEWEST_WAYS)
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
    return Pairs(distances, pd.factorize(glosses, sort=True)[0], numbers, features)


def pair_with_gallery(features: np.ndarray, glosses: np.ndarray, asking: np.ndarray) -> Pairs:
    """Compute the distances of the clips that ask to those of a given gallery, whoever signs them.

    Parameters
    ----------
    features : array (clips, D)
    glosses : array (clips,)
    asking : array (clips,) bool
        Which clips ask; all others are the gallery. Not all of them, and not none.
    """
    from scipy.spatial.distance import cdist

    distances = np.full((len(features), len(features)), np.inf)
    vectors = features.astype(np.float64)
    distances[np.ix_(asking, ~asking)] = cdist(vectors[asking], vectors[~asking])
    return GalleryPairs(distances, pd.factorize(glosses, sort=True)[0], asking.astype(int), features)


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


Scores = Callable[[Pairs, np.ndarray, np.ndarray], np.ndarray]
"""A rule: of the pairs, queries (Q,) and candidates (N,), sorted by gloss, the score (Q, glosses of the candidates) of
each gloss; the highest wins, and -inf is for a gloss without a candidate."""


def nearest_scores(pairs: Pairs, queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Negative distance to the nearest clip of each gloss."""
    starts = np.unique(pairs.glosses[candidates], return_index=True)[1]
    return -np.minimum.reduceat(pairs.distances[queries[:, None], candidates], starts, axis=1)


def centroid_scores(pairs: Pairs, queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Negative distance to the mean of each gloss's clips (a query that is a candidate is left out of its own)."""
    from scipy.spatial.distance import cdist

    assert pairs.vectors is not None
    vectors = pairs.vectors.astype(np.float64)
    names, starts, counts = np.unique(pairs.glosses[candidates], return_index=True, return_counts=True)
    sums = np.add.reduceat(vectors[candidates], starts)
    scores = -cdist(vectors[queries], sums / counts[:, None])
    inside = np.flatnonzero(np.isin(queries, candidates))
    clips, own = queries[inside], np.searchsorted(names, pairs.glosses[queries[inside]])
    left = counts[own] - 1
    centroids = (sums[own] - vectors[clips]) / np.maximum(left, 1)[:, None]
    scores[inside, own] = np.where(left > 0, -np.linalg.norm(vectors[clips] - centroids, axis=1), -np.inf)
    return scores


def vote_scores(pairs: Pairs, queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Number of each gloss's clips among the `NEIGHBOURS` nearest; of equals, the one with the nearest clip wins."""
    nearest = nearest_scores(pairs, queries, candidates)
    names, glosses = np.unique(pairs.glosses[candidates], return_inverse=True)
    distances = pairs.distances[queries[:, None], candidates]
    voting = np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]
    votes = np.zeros(nearest.shape)
    allowed = np.isfinite(np.take_along_axis(distances, voting, 1))
    np.add.at(votes, (np.arange(len(queries))[:, None], glosses[voting]), allowed)
    # A distance, scaled to less than one vote, decides between equal votes.
    return votes + nearest / (2 * distances[np.isfinite(distances)].max(initial=1e-12))


RULES: dict[str, Scores] = {"nearest": nearest_scores, "centroid": centroid_scores, "vote": vote_scores}
"""How the gloss of a query is found among several examples of each: by the nearest one, by the nearest mean, or by a
vote of the `NEIGHBOURS` nearest."""


def few_shot(pairs: Pairs, shots: int, name: str, rule: str = "nearest", fewest_ways: int = 2) -> dict[str, float]:
    """Few-shot accuracy with the given number of examples per gloss.

    Each signer's clips are the queries in turn, and the gallery is sampled from the others' clips: `shots` of each
    gloss; glosses with fewer are left out. Without known signers the gallery is sampled from all clips, and the rest
    are queries. The prediction is the gloss of the nearest example, or that of another of `RULES`.

    Returns
    -------
    dict
        `name`, the mean over `GALLERIES` galleries; `name_ci_low` and `name_ci_high`, the 95 % interval when galleries
        and queries are resampled (clips assumed independent), at least as wide as Wilson's interval of the mean, since
        resampling only correct queries never gives an error; `name_ways`, the glosses of the smallest gallery; with
        more than five, `name_top5`. Empty without queries, or with fewer than
        `fewest_ways` glosses.
    """
    rng = np.random.default_rng([_SEED, shots])
    ways = [len(pools) for _, answering in pairs.turns() if len(pools := _pools(pairs.glosses, answering, shots)) > 1]
    if not ways or min(ways) < fewest_ways:
        return {}
    top1, top5, resampled = [], [], []
    for _ in range(GALLERIES):
        places = np.concatenate([_ask(pairs, asking, answering, shots, rng, RULES[rule])
                                 for asking, answering in pairs.turns()])
        if not len(places):
            return {}
        top1.append((places == 1).mean())
        top5.append((places <= TOP).mean())
        resampled.extend((places == 1)[rng.integers(len(places), size=(_RESAMPLES, len(places)))].mean(1))
    mean = float(np.mean(top1))
    low, high = np.quantile(resampled, [0.025, 0.975])
    least_low, least_high = wilson(mean * len(places), len(places))
    metrics = {name: mean, f"{name}_ci_low": min(float(low), least_low),
               f"{name}_ci_high": max(float(high), least_high), f"{name}_ways": min(ways)}
    return metrics | ({f"{name}_top5": float(np.mean(top5))} if min(ways) > TOP else {})


def all_shot(pairs: Pairs) -> dict[str, float]:
    """Accuracy with all candidates as examples, by each of `RULES`.

    Returns
    -------
    dict
        `top1` with `top1_ci_low` and `top1_ci_high` (Wilson), and with more than five glosses `top5`, over the clips
        with a candidate of their own gloss, by the nearest clip of each gloss; the same as `centroid_top1` ... and
        `vote_top1` ..., by the others. Empty if there are no such clips.
    """
    metrics: dict[str, float] = {}
    glosses = len(np.unique(pairs.glosses))
    for rule, scores in RULES.items():
        places = np.concatenate([_places(pairs, asking, answering, scores) for asking, answering in pairs.turns()])
        if not len(places) or glosses < 2:
            return {}
        start = "" if rule == "nearest" else f"{rule}_"
        metrics |= accuracy(f"{start}top1", places == 1)
        metrics |= {f"{start}top5": float((places <= TOP).mean())} if glosses > TOP else {}
    return metrics


def shots_by_rule(pairs: Pairs) -> dict[str, float]:
    """`few_shot` of several examples, by the rules other than `nearest`: `five_shot_centroid`, `five_shot_vote`."""
    return {name: value for shots_name, shots in SHOTS.items() if shots > 1
            for rule in RULES if rule != "nearest"
            for name, value in few_shot(pairs, shots, f"{shots_name}_{rule}", rule, FEWEST_WAYS).items()
            if not name.endswith("_ways")}


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


def _places(pairs: Pairs, asking: np.ndarray, answering: np.ndarray, scores: Scores) -> np.ndarray:
    """(queries,) int: rank of each query's gloss among all candidates, if it has one there."""
    candidates = answering[np.argsort(pairs.glosses[answering], kind="stable")]
    same = pairs.glosses[asking, None] == pairs.glosses[answering]
    asking = asking[(same & np.isfinite(pairs.distances[asking[:, None], answering])).any(1)]
    if not len(asking):
        return np.empty(0, int)
    names = np.unique(pairs.glosses[candidates])
    return ranks(scores(pairs, asking, candidates), np.searchsorted(names, pairs.glosses[asking]))


def _ask(pairs: Pairs, asking: np.ndarray, answering: np.ndarray, shots: int, rng: np.random.Generator,
         scores: Scores) -> np.ndarray:
    """(queries,) int: rank of each query's gloss in one random gallery."""
    shuffled = rng.permutation(answering)
    shuffled = shuffled[np.argsort(pairs.glosses[shuffled], kind="stable")]
    ways = _pools(pairs.glosses, answering, shots)
    if len(ways) < 2:
        return np.empty(0, int)
    gallery = shuffled[np.searchsorted(pairs.glosses[shuffled], ways)[:, None] + np.arange(shots)]  # (ways, shots)
    queries = asking[np.isin(pairs.glosses[asking], ways) & ~np.isin(asking, gallery)]
    if not len(queries):
        return np.empty(0, int)
    return ranks(scores(pairs, queries, gallery.ravel()), np.searchsorted(ways, pairs.glosses[queries]))
