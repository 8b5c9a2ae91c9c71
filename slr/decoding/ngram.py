"""N-gram language model of glosses: probability of the next gloss, or of the end, given the previous ones.

N-grams with Witten-Bell smoothing (Witten and Bell, IEEE Transactions on Information Theory 37, 1991), interpolated as
in Chen and Goodman (Computer Speech and Language 13, 1999, section 2.4): of the mass after a history h, the share T(h)
/ (c(h) + T(h)) goes to the shorter history's distribution, where c(h) is how often h occurred and T(h) how many
different glosses followed it. It needs neither held-out text nor counts of counts, for which a few hundred sentences of
glosses aren't enough.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from slr.errors import DecodingError
from slr.io.files import parse_json, read_named_text, write_json

BOUNDARY = 0
"""Start of the sentence in a history, end of the sentence as an outcome; no class, so it reuses the blank's number."""
_KEPT = 4096  # cached histories: 40 MB for 1,200 glosses


class NgramModel:
    """Conditional probabilities of the next gloss.

    Parameters
    ----------
    labels : sequence of str
        The glosses, class i + 1 at index i, as in a model.
    order : int
        Length of the n-grams: 3 is conditioned on the two previous glosses.
    counts : dict
        Counts of the n-grams of that order: `order` classes, with `BOUNDARY` for the start (repeated as padding) and
        the end.
    """

    def __init__(self, labels: Sequence[str], order: int, counts: dict[tuple[int, ...], int]):
        self.labels, self.order, self.counts = list(labels), order, counts
        self._followers: dict[tuple[int, ...], dict[int, int]] = {}
        for (*history, outcome), count in counts.items():
            for shorter in range(order):
                after = self._followers.setdefault(tuple(history[shorter:]), {})
                after[outcome] = after.get(outcome, 0) + count

    @property
    def start(self) -> tuple[int, ...]:
        """The history before the first gloss."""
        return self.history((BOUNDARY,) * (self.order - 1))

    def history(self, classes: Sequence[int]) -> tuple[int, ...]:
        """The part of a history that is used: its longest suffix of up to order - 1 classes that occurred in
        training."""
        classes = tuple(classes)[max(0, len(classes) - self.order + 1):]
        while classes not in self._followers:
            classes = classes[1:]
        return classes

    def log_probs(self, history: Sequence[int]) -> np.ndarray:
        """(V,) float64: log-probability of each class after a history, and at index 0 of the sentence's end."""
        return np.log(self._probabilities(self.history(history)))

    def score(self, classes: Sequence[int]) -> float:
        """Log-probability of a whole sentence, including its end."""
        padded = (BOUNDARY,) * (self.order - 1) + tuple(classes) + (BOUNDARY,)
        first = self.order - 1
        return float(sum(self.log_probs(padded[:i])[padded[i]] for i in range(first, len(padded))))

    def _probabilities(self, history: tuple[int, ...]) -> np.ndarray:
        outcomes = len(self.labels) + 1
        shorter = self._probabilities(self.history(history[1:])) if history else np.full(outcomes, 1 / outcomes)
        after = self._followers[history]
        counts = np.zeros(outcomes)
        counts[list(after)] = list(after.values())
        return (counts + len(after) * shorter) / (counts.sum() + len(after))

    def save(self, path: str | Path) -> None:
        """Write the model as JSON: `order`, `labels`, and `counts`, a list of n-grams with their counts."""
        write_json(path, {"order": self.order, "labels": self.labels,
                          "counts": [[*ngram, count] for ngram, count in sorted(self.counts.items())]})


def train_ngrams(sentences: Iterable[Sequence[str]], labels: Sequence[str], order: int = 3) -> NgramModel:
    """Estimate the model from the n-grams of training sentences.

    Parameters
    ----------
    sentences : iterable of sequences of str
        Glosses of the training sentences only.
    labels : sequence of str
        The model's glosses.
    order : int

    Raises
    ------
    DecodingError
        If there is no sentence, a gloss isn't among `labels`, or the order is below 1.
    """
    if order < 1:
        raise DecodingError(f"a language model of order {order} can't be; give 1 or more")
    classes = {label: number for number, label in enumerate(labels, 1)}
    counts: Counter[tuple[int, ...]] = Counter()
    for sentence in sentences:
        unknown = [gloss for gloss in sentence if gloss not in classes]
        if unknown:
            raise DecodingError(f"gloss '{unknown[0]}' of the language model's sentences is not among the model's "
                                f"{len(labels)} glosses; leave its sentence out, or train the model on it")
        padded = (BOUNDARY,) * (order - 1) + tuple(classes[gloss] for gloss in sentence) + (BOUNDARY,)
        counts.update(padded[i:i + order] for i in range(len(padded) - order + 1))
    if not counts:
        raise DecodingError("a language model needs at least one training sentence")
    return NgramModel(labels, order, dict(counts))


def load_ngrams(path: str | Path, labels: Sequence[str]) -> NgramModel:
    """Read a language model written by `NgramModel.save`.

    Raises
    ------
    DecodingError
        If the file is missing or invalid, or has other glosses than the model's `labels`.
    """
    text = read_named_text(path, DecodingError, "there is no language model: train one with train_ngrams")
    try:
        content = parse_json(text)
        order, counts = content["order"], {tuple(ngram): count for *ngram, count in content["counts"]}
        of = content["labels"]
        right = order >= 1 and len(counts) > 0 and all(len(ngram) == order for ngram in counts)
        right = right and all(0 <= number <= len(of) for ngram in counts for number in ngram)
    except (ValueError, KeyError, TypeError) as broken:
        raise DecodingError(f"{path} is not a language model ({broken!r}); train it again") from broken
    if not right:
        raise DecodingError(f"{path} is not a language model (its n-grams don't fit its order and glosses); train it "
                            "again")
    if of != list(labels):
        raise DecodingError(f"{path} is a language model of other glosses than the model's; train it on these")
    return NgramModel(of, order, counts)


class Fusion:
    """Shallow fusion with a language model: weight * log-probability + bonus for each gloss.

    Parameters
    ----------
    model : NgramModel
    weight : float
        0 disables the language model.
    insertion_bonus : float
        Added for each gloss: positive values favour longer sentences, against the language model's bias towards short
        ones.
    """

    def __init__(self, model: NgramModel, weight: float = 1.0, insertion_bonus: float = 0.0):
        self.model, self.weight, self.insertion_bonus = model, weight, insertion_bonus
        self._kept: OrderedDict[tuple[int, ...], np.ndarray] = OrderedDict()

    def scores(self, history: Sequence[int]) -> np.ndarray:
        """(V,) score of each class after a history, and at index 0 of the sentence's end; read-only."""
        history = self.model.history(history)
        if history in self._kept:
            self._kept.move_to_end(history)
            return self._kept[history]
        scores = self._kept[history] = self.weight * self.model.log_probs(history)
        scores[1:] += self.insertion_bonus
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return scores
