"""Greedy decoding: the most probable class of each frame, repeats merged, blanks removed."""

import numpy as np

from slr.decoding import BLANK
from slr.decoding.records import Gloss, Hypothesis, checked


def greedy(log_probs: np.ndarray) -> Hypothesis[int]:
    """Best-path decoding (Graves et al., ICML 2006, section 3.2).

    Parameters
    ----------
    log_probs : (T, V) array

    Returns
    -------
    Hypothesis
        `score` is the best path's log-probability; a gloss's span is its frames on that path. Ties are resolved to the
        lower class.
    """
    log_probs = checked(log_probs)
    path = log_probs.argmax(axis=1)
    changes = np.flatnonzero(path[1:] != path[:-1]) + 1
    runs = zip([0, *changes.tolist()], [*changes.tolist(), len(path)], strict=True) if len(path) else ()
    return Hypothesis(tuple(Gloss(int(path[start]), start, end) for start, end in runs if path[start] != BLANK),
                      float(log_probs.max(axis=1).sum()))
