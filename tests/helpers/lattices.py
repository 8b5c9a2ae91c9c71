"""Log-probabilities for tests, and what they mean by definition: every path, one by one."""

import itertools
from collections import defaultdict

import numpy as np

from slr.decoding.ngram import Fusion, train_ngrams


def noise(rng, frames, classes, scale=1.0):
    """(T, V) log-probabilities at random."""
    return normalised(scale * rng.normal(size=(frames, classes)))


def spikes(rng, frames, classes):
    """(T, V) log-probabilities as trained networks give them: blanks, and here and there a gloss for a frame or two."""
    logits = rng.normal(size=(frames, classes))
    logits[:, 0] += 9
    for t in range(2, frames - 1, 5):
        logits[t:t + rng.integers(1, 3), rng.integers(1, classes)] += rng.uniform(6, 12)
    return normalised(logits)


def normalised(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def collapsed(path):
    """A path's glosses: repeats merged, blanks dropped."""
    return tuple(label for label, _ in itertools.groupby(path) if label != 0)


def paths(log_probs):
    """(path, its log-probability) of every path."""
    frames, classes = log_probs.shape
    for path in itertools.product(range(classes), repeat=frames):
        yield path, sum(log_probs[t, label] for t, label in enumerate(path))


def readings(log_probs):
    """Log-probability of every gloss sequence."""
    found = defaultdict(lambda: -np.inf)
    for path, score in paths(log_probs):
        found[collapsed(path)] = np.logaddexp(found[collapsed(path)], score)
    return dict(found)


def fusion(classes, rng, weight=0.7, bonus=0.4):
    """A language model of random sentences of the glosses g1 to g`classes - 1`, and its part in a score."""
    labels = [f"g{i}" for i in range(1, classes)]
    sentences = [[labels[i] for i in rng.integers(0, len(labels), rng.integers(1, 6))] for _ in range(20)]
    return Fusion(train_ngrams(sentences, labels), weight, bonus)
