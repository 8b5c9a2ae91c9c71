"""Open-set rejection: the confidence that a query's sign is known, and when the result is "none of these".

This is a hypothesis test. Each clip of the gallery acts as an unknown sign when all clips of its gloss are left out.
The share of such clips that came at least as close as the query is the conformal p-value of "the query's sign is
unknown" (Vovk et al., Algorithmic Learning in a Random World, 2005; as a test for outliers Bates et al., Annals of
Statistics 2023), and confidence is 1 - p. Clips of one gloss aren't independent, so each gloss counts once, with the
share of its clips (the pooled p-value for groups of Dunn, Wasserman and Ramdas, JASA 2023). One clip per gloss is
enough.

Closeness is the ratio of the distances to the nearest and to the second nearest gloss (Lowe, IJCV 2004; for open sets
the nearest neighbours distance ratio of Mendes Junior et al., Machine Learning 2017), or the distance itself.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from slr.errors import GalleryError
from slr.gallery import FALSE_ACCEPT_RATE
from slr.gallery.search import Search
from slr.io.evenly import evenly
from slr.io.progress import progress

MOST_CLIPS = 1000
"""Maximum number of clips that are left out in turn, evenly chosen."""
FEWEST_GLOSSES = 3
"""Minimum number of glosses: a left-out clip needs two others for a ratio."""
_DIGITS = 6
_ROUNDING = 1e-9

Score = Literal["ratio", "distance"]


@dataclass(frozen=True)
class Calibration:
    """Scores of unknown signs, small = close.

    Attributes
    ----------
    score : {"ratio", "distance"}
    outside : tuple of tuple of float
        For each gloss the sorted scores of its clips when the gloss is left out; at most `MOST_CLIPS` in total.
    true_accept_rate : float, optional
        Share of the clips that are accepted at the default false-accept rate when only they are left out; if their
        gloss has clips of other signers, compared with those only. None if no gloss has a second clip.
    auroc : float, optional
        Area under the ROC curve of the score between these and `outside`: chance is 0.5. None as above.
    """

    score: Score
    outside: tuple[tuple[float, ...], ...]
    true_accept_rate: float | None = None
    auroc: float | None = None

    def confidence(self, distances: Sequence[float]) -> float:
        """Confidence 1 - p of a query by its distances to the nearest different glosses, nearest first (two, if
        possible)."""
        scores, shares = self._pooled
        nearer = shares[np.searchsorted(scores, score_of(distances, self.score), side="right")]
        return float(1 - (nearer + 1) / (len(self.outside) + 1))

    def false_accept_rate(self, wanted: float = FALSE_ACCEPT_RATE) -> float:
        """The attainable false-accept rate: the requested one, or the lower limit with n glosses.

        The limit is 1 / (n + 1), where only queries closer than every unknown sign are accepted.
        """
        return max(wanted, 1 / (len(self.outside) + 1))

    def threshold(self, false_accept_rate: float = FALSE_ACCEPT_RATE) -> float:
        """The confidence threshold for a false-accept rate."""
        return 1 - self.false_accept_rate(false_accept_rate) - _ROUNDING

    @cached_property
    def _pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """All scores, sorted, and the number of glosses below each, each gloss by the share of its clips."""
        scores = np.concatenate([np.array(of_gloss) for of_gloss in self.outside])
        weights = np.concatenate([np.full(len(of_gloss), 1 / len(of_gloss)) for of_gloss in self.outside])
        order = np.argsort(scores, kind="stable")
        return scores[order], np.r_[0, np.cumsum(weights[order])]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, content: dict[str, Any] | None) -> "Calibration | None":
        """The inverse of `to_json`; raises GalleryError for invalid content."""
        if content is None:
            return None
        try:
            outside = tuple(tuple(map(float, of_gloss)) for of_gloss in content["outside"])
            made = cls(**{**content, "outside": outside})
            complete = outside and all(outside) and np.isfinite(np.concatenate(outside)).all()
            if made.score not in get_args(Score) or not complete:
                raise ValueError(f"score {made.score}, {len(outside)} glosses")
        except (TypeError, KeyError, ValueError) as error:
            raise GalleryError(f"the gallery's calibration is broken ({error}); build it again") from None
        return made


def score_of(distances: Sequence[float], score: Score) -> float:
    """Score of a query by its distances to its nearest different glosses, nearest first."""
    if score == "distance":
        return float(distances[0])
    return float(distances[0] / distances[1]) if distances[1] > 0 else 1.0


def calibrate(search: Search) -> Calibration | None:
    """Calibrate a gallery by leaving out each gloss in turn.

    If glosses have several clips, the score is the one of the two that separates known from unknown signs better; else
    it is the ratio.

    Returns
    -------
    Calibration or None
        None with fewer than `FEWEST_GLOSSES` glosses.
    """
    if search.n_glosses < FEWEST_GLOSSES:
        return None
    rows = evenly(len(search.gallery), MOST_CLIPS)
    outside: dict[int, list[list[float]]] = {}
    inside = []
    with progress("calibration", total=len(rows)) as advance:
        for row, gloss in zip(rows, search.gloss_of(rows), strict=True):
            start = search.starts[gloss]
            same = range(start, start + search.counts[gloss])
            _, others = search.nearest_rows(search.gallery.vectors[row], 2, same)
            outside.setdefault(int(gloss), []).append(others.tolist())
            own = _own(search, row, same)
            if own is not None:
                inside.append(sorted([own, *others.tolist()])[:2])
            advance()
    made = [_calibration(score, list(outside.values()), inside) for score in get_args(Score)]
    return max(made, key=lambda one: one.auroc or 0)


def _own(search: Search, row: int, same: range) -> float | None:
    """Distance of a clip to the nearest other of its gloss, by another signer if possible; None if there is none."""
    rows = [i for i in same if i != row]
    signers = search.gallery.signers
    rows = [i for i in rows if signers[row] is not None and signers[i] not in (None, signers[row])] or rows
    return float(search.distances(search.gallery.vectors[row], np.array(rows)).min()) if rows else None


def _calibration(score: Score, outside: list[list[list[float]]], inside: list[list[float]]) -> Calibration:
    """Calibration of one score, from pairs of distances: of the clips of each left-out gloss, and of left-out clips."""
    scores = tuple(tuple(sorted(float(f"{score_of(pair, score):.{_DIGITS}g}") for pair in pairs)) for pairs in outside)
    bare = Calibration(score, scores)
    if not inside:
        return bare
    out = np.sort(np.concatenate([np.array(of_gloss) for of_gloss in scores]))
    known = np.array([score_of(pair, score) for pair in inside])
    below, upto = np.searchsorted(out, known, side="left"), np.searchsorted(out, known, side="right")
    auroc = 1 - (below + upto).mean() / 2 / len(out)  # the Mann-Whitney statistic, ties counted half
    kept = np.mean([bare.confidence(pair) >= bare.threshold() for pair in inside])
    return Calibration(score, scores, round(float(kept), 4), round(float(auroc), 4))
