"""CTC prefix beam search: the most probable gloss sequences, each summed over its paths.

After Graves and Jaitly (ICML 2014, algorithm 1) and Hannun et al. (arXiv 1408.2873). A prefix (the glosses so far) has
two states: its paths that end in a blank, and those that end in its last gloss. In each frame only the `top` most
probable classes are considered (the blank only if it is among them). After each frame the search is pruned to

- `states`: the 2 * `width` most probable states, so at least `width` different prefixes; as flashlight does, so that
  both give the same result;
- `prefixes`: the `width` prefixes with the most probable sum of both states, as Hannun et al. do, and ctcdecode.
"""

import itertools
import weakref
from typing import Literal, NamedTuple

import numpy as np

from slr.decoding import BLANK
from slr.decoding.ngram import Fusion
from slr.decoding.records import checked

WIDTH = 10
TOP = 16
Pruning = Literal["states", "prefixes"]
_NOT_FUSED = np.empty(0)  # scores without a language model


class Prefix:
    """A gloss sequence, as a linked list to the empty prefix."""

    __slots__ = ("parent", "label", "history", "fused", "number", "__weakref__")
    _numbers = itertools.count()

    def __init__(self, parent: "Prefix | None", label: int, fusion: Fusion | None):
        self.parent, self.label, self.number = parent, label, next(self._numbers)
        self.history: tuple[int, ...] = ()
        self.fused = _NOT_FUSED
        if fusion is not None:
            self.history = fusion.model.start if parent is None else fusion.model.history((*parent.history, label))
            self.fused = fusion.scores(self.history)

    def classes(self, after: "Prefix | None" = None) -> list[int]:
        """The glosses of the prefix, or those after an ancestor."""
        classes, prefix = [], self
        while prefix is not after and prefix.parent is not None:
            classes.append(prefix.label)
            prefix = prefix.parent
        return classes[::-1]


class Step(NamedTuple):
    """Predecessors of the prefixes after a frame.

    Attributes
    ----------
    stayed : list of int
        For each prefix its index before the frame; -1 for a new one.
    grown_from : list of int
        For each prefix the index, before the frame, of the prefix without its last gloss; -1 if that was pruned.
    """

    stayed: list[int]
    grown_from: list[int]


class PrefixBeam:
    """The active prefixes, frame by frame.

    Parameters
    ----------
    width, top : int
    pruning : "states" or "prefixes"
        See the module docstring.
    fusion : Fusion, optional
        Language-model fusion.

    Attributes
    ----------
    prefixes : list of Prefix
    blank, label : (P,) arrays
        Score of each prefix's paths that end in a blank, and in its last gloss.
    """

    def __init__(self, width: int = WIDTH, top: int = TOP, fusion: Fusion | None = None, pruning: Pruning = "states"):
        self.width, self.top, self.fusion = width, top, fusion
        self._kept = {"states": _kept_states, "prefixes": _kept_prefixes}[pruning]
        root = Prefix(None, BLANK, fusion)
        self._known: weakref.WeakValueDictionary[tuple[int, int], Prefix] = weakref.WeakValueDictionary()
        self.prefixes, self.blank, self.label = [root], np.zeros(1), np.full(1, -np.inf)

    def advance(self, frame: np.ndarray, classes: np.ndarray) -> Step:
        """Process one frame.

        Parameters
        ----------
        frame : (V,) array
            Log-probabilities.
        classes : (K,) array of int
            Its most probable classes (`most_probable`).
        """
        number = len(self.prefixes)
        last = np.array([prefix.label for prefix in self.prefixes])
        allowed = np.full(len(frame), -np.inf)
        allowed[classes] = frame[classes]
        total = np.logaddexp(self.blank, self.label)

        to_blank = total + allowed[BLANK]
        to_same = self.label + np.where(last == BLANK, -np.inf, allowed[last])
        # A repeat of the last gloss is new only after a blank.
        grown = np.where(last[:, None] == classes, self.blank[:, None], total[:, None])
        grown = grown + np.where(classes == BLANK, -np.inf, frame[classes])  # (P, K)
        if self.fusion is not None:
            grown += np.stack([prefix.fused[classes] for prefix in self.prefixes])

        place = {id(prefix): i for i, prefix in enumerate(self.prefixes)}
        column = {label: k for k, label in enumerate(classes.tolist())}
        parents = [place.get(id(prefix.parent), -1) for prefix in self.prefixes]
        merged = [(i, parents[i], column[prefix.label]) for i, prefix in enumerate(self.prefixes)
                  if parents[i] >= 0 and prefix.label in column]
        if merged:
            same, parent, gloss = np.array(merged).T
            to_same[same] = np.logaddexp(to_same[same], grown[parent, gloss])
            grown[parent, gloss] = -np.inf

        scores = np.concatenate([to_blank, to_same, grown.ravel()])
        kept = self._kept(scores, number, self.width)
        kept = kept[scores[kept] > -np.inf]

        alive = np.full(2 * number, -np.inf)
        old = kept[kept < 2 * number]
        alive[old] = scores[old]
        to_blank, to_same = alive.reshape(2, number)
        stay = np.flatnonzero(np.maximum(to_blank, to_same) > -np.inf)
        new = kept[kept >= 2 * number]
        parent, gloss = np.divmod(new - 2 * number, len(classes))
        self.blank = np.concatenate([to_blank[stay], np.full(len(new), -np.inf)])
        self.label = np.concatenate([to_same[stay], scores[new]])
        stay, parent = stay.tolist(), parent.tolist()
        self.prefixes = ([self.prefixes[i] for i in stay]
                         + [self._child(self.prefixes[i], label)
                            for i, label in zip(parent, classes[gloss].tolist(), strict=True)])
        return Step(stay + [-1] * len(new), [parents[i] for i in stay] + parent)

    def _child(self, parent: Prefix, label: int) -> Prefix:
        """The same object for the same glosses, as long as it is referenced: merging compares prefixes by identity."""
        key = (parent.number, label)
        child = self._known.get(key)
        if child is None:
            child = self._known[key] = Prefix(parent, label, self.fusion)
        return child

    def keep(self, alive: list[int]) -> None:
        """Drop all prefixes except these."""
        self.prefixes = [self.prefixes[i] for i in alive]
        self.blank, self.label = self.blank[alive], self.label[alive]

    def scores(self, *, ended: bool) -> np.ndarray:
        """(P,) score of each prefix, including the language model's end-of-sentence score if it has `ended`."""
        scores = np.logaddexp(self.blank, self.label)
        if ended and self.fusion is not None:
            scores = scores + [prefix.fused[BLANK] for prefix in self.prefixes]
        return scores


def _kept_states(scores: np.ndarray, number: int, width: int) -> np.ndarray:
    """Which of the states are kept, in order.

    Parameters
    ----------
    scores : (2 * number + new,) array
        Of `number` prefixes the paths that end in a blank, then those that end in their last gloss, then new prefixes.
    number, width : int
    """
    return _largest(scores, 2 * width)


def _kept_prefixes(scores: np.ndarray, number: int, width: int) -> np.ndarray:
    """As `_kept_states`, both states of a prefix together."""
    together = np.logaddexp(scores[:number], scores[number:2 * number])
    kept = _largest(np.concatenate([together, scores[2 * number:]]), width)
    return np.concatenate([kept[kept < number], kept + number])


def _largest(scores: np.ndarray, count: int) -> np.ndarray:
    """Indices of the `count` largest scores, in order."""
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.sort(np.argpartition(-scores, count - 1)[:count])


def most_probable(log_probs: np.ndarray, top: int) -> np.ndarray:
    """(T, K) int: the `top` most probable classes of each frame in class order, or all if there are fewer."""
    if top >= log_probs.shape[1]:
        return np.tile(np.arange(log_probs.shape[1]), (len(log_probs), 1))
    return np.sort(np.argpartition(-log_probs, top - 1, axis=1)[:, :top], axis=1)


def beam_search(log_probs: np.ndarray, width: int = WIDTH, top: int = TOP, n_best: int = 1,
                fusion: Fusion | None = None, pruning: Pruning = "states") -> list[tuple[list[int], float]]:
    """The most probable gloss sequences found by the search.

    Parameters
    ----------
    log_probs : (T, V) array
    width, top : int
    pruning : "states" or "prefixes"
        See the module docstring.
    n_best : int
        Fewer are returned if the search ends with fewer.
    fusion : Fusion, optional

    Returns
    -------
    list of (classes, score)
        Best first; ties are ordered by length, then by class. A score is the logarithm of the summed probability of the
        paths that weren't pruned, hence a lower bound of the sequence's own.
    """
    log_probs = checked(log_probs)
    beam = PrefixBeam(width, top, fusion, pruning)
    for frame, classes in zip(log_probs, most_probable(log_probs, top), strict=True):
        beam.advance(frame, classes)
    found = [(prefix.classes(), float(score))
             for prefix, score in zip(beam.prefixes, beam.scores(ended=True), strict=True)]
    return sorted(found, key=lambda reading: (-reading[1], len(reading[0]), reading[0]))[:n_best]
