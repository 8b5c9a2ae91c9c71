"""Decoding of whole sentences: a configured object that is called with each sentence's log-probabilities."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from slr.decoding import beam, flashlight
from slr.decoding.align import align, widen
from slr.decoding.greedy import greedy
from slr.decoding.ngram import Fusion
from slr.decoding.records import Gloss, Hypothesis
from slr.errors import DecodingError


@dataclass(frozen=True)
class Decoder:
    """Maps log-probabilities to hypotheses with times.

    Attributes
    ----------
    method : "beam" or "greedy"
    decoder : "auto", "own" or "flashlight"
        Search implementation: by default flashlight-text if it is installed (extra `decoding`) and no language model is
        given, else the project's own. Both give the same result.
    width : int
        Minimum number of prefixes kept after each frame (`slr.decoding.beam`).
    top : int
        Number of classes considered in each frame.
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
        If flashlight-text is asked for but not installed, or a language model is given to greedy decoding.
    """

    method: Literal["beam", "greedy"] = "beam"
    decoder: Literal["auto", "own", "flashlight"] = "auto"
    width: int = beam.WIDTH
    top: int = beam.TOP
    fusion: Fusion | None = None
    boundaries: Literal["spikes", "middle"] = "spikes"
    at_most: float = np.inf

    def __post_init__(self) -> None:
        if self.decoder == "flashlight" and not flashlight.installed():
            raise DecodingError("flashlight-text is not installed; pip install 'slr[decoding]', or set decoder: own")
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
            self.decoder == "auto" and self.fusion is None and flashlight.installed())
        search = flashlight.beam_search if by_flashlight else beam.beam_search
        return [self._timed(classes, score, align(log_probs, classes), len(log_probs))
                for classes, score in search(log_probs, self.width, self.top, n_best, self.fusion)]

    def _timed(self, classes: list[int], score: float, spans: np.ndarray, n_frames: int) -> Hypothesis[int]:
        if self.boundaries == "middle":
            spans = widen(spans, n_frames, self.at_most)
        return Hypothesis(tuple(Gloss(label, float(start), float(end))
                                for label, (start, end) in zip(classes, spans, strict=True)), score)
