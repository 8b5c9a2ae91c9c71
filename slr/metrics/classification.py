"""Classification metrics, from plain arrays."""

import math
from collections.abc import Sequence

import numpy as np

Z95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""
TOP = 5
"""Number of guesses of top-5 accuracy."""
FEWEST_OF_SIGNER = 5
"""The worst signer is one of those with at least this many test clips (or sentences, windows): with fewer, a single
error decides."""


def ranks(probabilities: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """(N,) int: rank of each clip's own class, 1 for the most probable.

    Parameters
    ----------
    probabilities : array (N, classes)
    actual : array (N,) int
        A class of -1 (unknown to the model) is ranked after all others.

    Ties are resolved to the lower class, as in `numpy.argmax`.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    places = np.argmax(order == actual[:, None], axis=1) + 1
    return np.where(actual < 0, probabilities.shape[1] + 1, places)


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """The 95 % interval of a proportion.

    Wilson's score interval (E. B. Wilson, JASA 1927): unlike the normal one it stays within 0 and 1 and has a width at
    0 % and 100 %. It assumes independent clips; clips of one signer aren't quite, so with few signers the true interval
    is wider.

    Raises
    ------
    ValueError
        If there are no trials.
    """
    if trials < 1:
        raise ValueError("an interval needs at least one trial")
    share, z2 = successes / trials, Z95**2 / trials
    centre, half = share + z2 / 2, Z95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials))
    return max(0.0, (centre - half) / (1 + z2)), min(1.0, (centre + half) / (1 + z2))


def accuracy(name: str, correct: np.ndarray) -> dict[str, float]:
    """The share of `correct` (N,) bool as the metric `name`, with Wilson's interval: `_ci_low` and `_ci_high`."""
    low, high = wilson(int(correct.sum()), len(correct))
    return {name: float(correct.mean()), f"{name}_ci_low": low, f"{name}_ci_high": high}


def macro_f1(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Mean over the classes that occur in `actual` or `predicted` of the harmonic mean of precision and recall."""
    scores = []
    for label in np.union1d(actual, predicted):
        hits = np.sum((actual == label) & (predicted == label))
        scores.append(2 * hits / (np.sum(actual == label) + np.sum(predicted == label)))
    return float(np.mean(scores))


def by_group(correct: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Share of correct clips in each group (signer, gloss), by name."""
    return {str(group): float(np.mean(correct[groups == group])) for group in sorted(set(groups))}


def signer_gap(correct: np.ndarray, signers: np.ndarray) -> dict[str, float]:
    """`worst_signer_top1` and `signer_gap`, over the signers of at least `FEWEST_OF_SIGNER` of the (N,) clips; empty if
    there are none."""
    names, counts = np.unique(signers.astype(str), return_counts=True)
    top1 = by_group(correct, signers.astype(str))
    shares = [top1[name] for name in names[counts >= FEWEST_OF_SIGNER]]
    return {"worst_signer_top1": min(shares), "signer_gap": max(shares) - min(shares)} if shares else {}


def confusion_matrix(actual: Sequence[str], predicted: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """(G, G) counts, rows the actual and columns the predicted names, and the G names in order."""
    names = sorted({*actual, *predicted})
    number = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, ([number[name] for name in actual], [number[name] for name in predicted]), 1)
    return counts, names
