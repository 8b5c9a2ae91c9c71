"""Decoding of whole sentences: a configured object that is called with each sentence's log-probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, Self

import numpy as np

from slr.decoding import beam, flashlight
from slr.decoding.align import align, widen
from slr.decoding.greedy import greedy
from slr.decoding.ngram import Fusion
from slr.decoding.records import Gloss, Hypothesis
from slr.errors import DecodingError
from slr.params.families.ctc import DecodingParams


@dataclass(frozen=True)
class Decoder:
    """Maps log-probabilities to hypotheses with times.

    Attributes
    ----------
    method : "beam" or "greedy"
    decoder : "auto", "own" or "flashlight"
        Search implementation: by default flashlight-text if it is installed (extra `decoding`), no language model is
        given and states are pruned, else the project's own. Both give the same result.
    width : int
        Minimum number of prefixes kept after each frame (`slr.decoding.beam`).
    top : int
        Number of classes considered in each frame.
    pruning : "states" or "prefixes"
        Whether the two states of a prefix are pruned each by itself or together (`slr.decoding.beam`).
    merge_repeats : bool
        Whether equal neighbours of the decoded glosses, which are separated by a blank, become one gloss; then no gloss
        is recognised twice in a row. Scores are those before the merge.
    fusion : Fusion, optional
        Language-model fusion; for beam search only.
    boundaries : "spikes" or "middle"
        Whether a gloss's span is its non-blank frames only, or extends to the middle of the blanks before and after
        (`slr.decoding.align`).
    at_most : float
        Maximum extension of a gloss on one side with "middle", in frames.

    Raises
    ------
    DecodingError
        If flashlight-text is asked for but not installed, or to prune prefixes, or a language model is given to greedy
        decoding.
    """

    method: Literal["beam", "greedy"] = "beam"
    decoder: Literal["auto", "own", "flashlight"] = "auto"
    width: int = beam.WIDTH
    top: int = beam.TOP
    pruning: beam.Pruning = "states"
    merge_repeats: bool = False
    fusion: Fusion | None = None
    boundaries: Literal["spikes", "middle"] = "spikes"
    at_most: float = np.inf

    @classmethod
    def of(cls, params: DecodingParams, method: Literal["beam", "greedy"] = "beam", fusion: Fusion | None = None,
           boundaries: Literal["spikes", "middle"] = "spikes") -> Self:
        """The decoder that a model's settings ask for."""
        return cls(method, width=params.width, top=params.top, pruning=params.pruning,
                   merge_repeats=params.merge_repeats, fusion=fusion, boundaries=boundaries)

    def __post_init__(self) -> None:
        if self.decoder == "flashlight" and not flashlight.installed():
            raise DecodingError("flashlight-text is not installed; pip install 'slr[decoding]', or set decoder: own")
        if self.decoder == "flashlight" and self.pruning == "prefixes":
            raise DecodingError("flashlight-text prunes states, not prefixes; set pruning: states, or decoder: own")
        if self.method == "greedy" and self.fusion is not None:
            raise DecodingError("greedy decoding can't use a language model; set method: beam, or leave the model out")

    def __call__(self, log_probs: np.ndarray, n_best: int = 1) -> list[Hypothesis[int]]:
        """The most probable hypotheses of one sentence, best first; greedy decoding returns one.

        Parameters
        ----------
        log_probs : (T, V) array
        n_best : int
        """
        if self.method == "greedy":
            found = greedy(log_probs)
            return [self._timed(found.labels, found.score, np.array([[g.start, g.end] for g in found.glosses]),
                                len(log_probs))]
        by_flashlight = self.decoder == "flashlight" or (
            self.decoder == "auto" and self.fusion is None and self.pruning == "states" and flashlight.installed())
        searched = (flashlight.beam_search(log_probs, self.width, self.top, n_best, self.fusion) if by_flashlight else
                    beam.beam_search(log_probs, self.width, self.top, n_best, self.fusion, self.pruning))
        return [self._timed(classes, score, align(log_probs, classes), len(log_probs)) for classes, score in searched]

    def _timed(self, classes: Sequence[int], score: float, spans: np.ndarray, n_frames: int) -> Hypothesis[int]:
        if self.merge_repeats:
            classes, spans = merged(classes, spans)
        if self.boundaries == "middle":
            spans = widen(spans, n_frames, self.at_most)
        return Hypothesis(tuple(Gloss(label, float(start), float(end))
                                for label, (start, end) in zip(classes, spans, strict=True)), score)


def merged(classes: Sequence[int], spans: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Glosses with spans (N, 2), equal neighbours as one gloss from the first one's start to the last one's end."""
    runs = [[i for i, _ in run] for _, run in groupby(enumerate(classes), key=lambda gloss: gloss[1])]
    return ([classes[run[0]] for run in runs],
            np.array([(spans[run[0]][0], spans[run[-1]][1]) for run in runs]).reshape(-1, 2))
