"""Forced alignment: the frames of each gloss on the most probable path through the CTC lattice.

CTC is trained on the order of glosses, not their times: a trained network often predicts a gloss for a frame or two (a
spike) somewhere within the sign and blanks around it (Graves et al., ICML 2006, figure 1). A span here is the spike
only; `widen` distributes the blanks between neighbours.
"""

from collections.abc import Sequence

import numpy as np

from slr.decoding import BLANK
from slr.decoding.records import checked
from slr.errors import DecodingError


def align(log_probs: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Frames of each gloss on the most probable path that decodes to these glosses (Viterbi).

    Parameters
    ----------
    log_probs : (T, V) array
    classes : sequence of N int
        The glosses in order.

    Returns
    -------
    (N, 2) array of int
        First frame and the one after the last, of the non-blank frames.

    Raises
    ------
    DecodingError
        If there is no such path: there are fewer frames than glosses plus adjacent repeats (which need a blank between
        them), or a required class is impossible.
    """
    log_probs = checked(log_probs)
    glosses = np.asarray(classes, int)
    if len(glosses) == 0:
        return np.empty((0, 2), int)
    states = np.full(2 * len(glosses) + 1, BLANK)  # a blank, the first gloss, a blank, ..., the last gloss, a blank
    states[1::2] = glosses
    may_skip = np.r_[False, False, (states[2:] != BLANK) & (states[2:] != states[:-2])]
    emitted = log_probs[:, states]

    came_from = np.zeros((len(log_probs), len(states)), np.int8)  # back pointers, as the number of states advanced
    best = np.full(len(states), -np.inf)
    best[:2] = emitted[0, :2] if len(emitted) else -np.inf
    for t in range(1, len(emitted)):
        ways = np.stack([best, np.r_[-np.inf, best[:-1]], np.where(may_skip, np.r_[-np.inf, -np.inf, best[:-2]],
                                                                   -np.inf)])
        came_from[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]

    state = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    if not np.isfinite(best[state]):
        needed = len(glosses) + int(np.sum(glosses[1:] == glosses[:-1]))
        raise DecodingError(f"no path of {len(log_probs)} frames reads as these {len(glosses)} glosses, which need "
                            f"{needed}; lower the model's stride, or align fewer glosses")
    path = np.empty(len(emitted), int)
    for t in range(len(emitted) - 1, -1, -1):
        path[t] = state
        state -= came_from[t, state]
    frames = np.flatnonzero(path % 2)
    of_gloss = path[frames] // 2
    first = np.searchsorted(of_gloss, np.arange(len(glosses)))
    last = np.searchsorted(of_gloss, np.arange(len(glosses)), side="right") - 1
    return np.stack([frames[first], frames[last] + 1], axis=1)


def widen(spans: np.ndarray, n_frames: int, at_most: float = np.inf) -> np.ndarray:
    """Extend spans to the middle of the blanks between them.

    Parameters
    ----------
    spans : (N, 2) array
        In order, without overlap.
    n_frames : int
        Number of frames of the recording.
    at_most : float
        Maximum extension of a span on one side: a long pause between two signs belongs to neither.

    Returns
    -------
    (N, 2) array of float
        The first gloss is extended at its start, and the last at its end, by as much as on its other side, within the
        recording. A single gloss is unchanged.
    """
    spans = np.asarray(spans, float).reshape(-1, 2)
    if len(spans) < 2:
        return spans
    half_gaps = np.minimum((spans[1:, 0] - spans[:-1, 1]) / 2, at_most)
    starts = spans[:, 0] - np.r_[half_gaps[0], half_gaps]
    ends = spans[:, 1] + np.r_[half_gaps, half_gaps[-1]]
    return np.clip(np.stack([starts, ends], axis=1), 0, n_frames)
