"""The same beam search by flashlight-text (Kahn et al., ICML 2022), in C++: extra `decoding`."""

import importlib.util
from typing import TYPE_CHECKING

import numpy as np

from slr.decoding import BLANK
from slr.decoding.beam import TOP, WIDTH, most_probable
from slr.decoding.ngram import Fusion
from slr.decoding.records import checked

if TYPE_CHECKING:
    from flashlight.lib.text.decoder import LM

_NO_THRESHOLD = 1e30


def installed() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("flashlight") is not None


def beam_search(log_probs: np.ndarray, width: int = WIDTH, top: int = TOP, n_best: int = 1,
                fusion: Fusion | None = None) -> list[tuple[list[int], float]]:
    """Like `slr.decoding.beam.beam_search`, up to rounding: flashlight uses float32.

    Flashlight's beam counts states, not prefixes, hence 2 * `width`; `log_add` sums a prefix's paths instead of keeping
    only the best one. A language model is called through Python: then the project's own search is faster.
    """
    from flashlight.lib.text.decoder import CriterionType, LexiconFreeDecoder, LexiconFreeDecoderOptions, ZeroLM

    log_probs = checked(log_probs)
    if len(log_probs) == 0:
        return [([], 0.0 if fusion is None else float(fusion.scores(fusion.model.start)[BLANK]))]
    classes = most_probable(log_probs, top)
    # Flashlight selects a frame's classes itself; making all others impossible makes ties unambiguous.
    emissions = np.full(log_probs.shape, -np.inf, np.float32)
    np.put_along_axis(emissions, classes, np.take_along_axis(log_probs, classes, axis=1).astype(np.float32), axis=1)
    options = LexiconFreeDecoderOptions(
        beam_size=2 * width, beam_size_token=classes.shape[1], beam_threshold=_NO_THRESHOLD, lm_weight=1.0,
        sil_score=0.0, log_add=True, criterion_type=CriterionType.CTC)
    model = ZeroLM() if fusion is None else _language_model(fusion)
    decoder = LexiconFreeDecoder(options, model, BLANK, BLANK, [])
    readings = [(_collapsed(result.tokens[1:-1]), result.score) for result in
                decoder.decode(emissions.ctypes.data, *emissions.shape)]
    return sorted(readings, key=lambda reading: (-reading[1], len(reading[0]), reading[0]))[:n_best]


def _collapsed(path: list[int]) -> list[int]:
    """A path's glosses: repeats merged, blanks removed."""
    return [token for before, token in zip([BLANK, *path], path, strict=False) if token not in (before, BLANK)]


def _language_model(fusion: Fusion) -> "LM":
    """The language model in flashlight's interface: a state is a whole prefix, so that only equal ones are merged."""
    from flashlight.lib.text.decoder import LM, LMState

    class Fused(LM):
        def __init__(self) -> None:
            super().__init__()
            self.history_of: dict[LMState, tuple[int, ...]] = {}
            self.scores_after: dict[tuple[int, ...], list[float]] = {}

        def start(self, start_with_nothing: bool) -> LMState:
            state = LMState()
            self.history_of = {state: fusion.model.start}
            return state

        def score(self, state: LMState, token: int) -> tuple[LMState, float]:
            history = self.history_of[state]
            child = state.child(token)
            self.history_of[child] = fusion.model.history((*history, token))
            return child, self._scores(history)[token]

        def finish(self, state: LMState) -> tuple[LMState, float]:
            return state, self._scores(self.history_of[state])[BLANK]

        def _scores(self, history: tuple[int, ...]) -> list[float]:
            if history not in self.scores_after:
                self.scores_after[history] = fusion.scores(history).tolist()
            return self.scores_after[history]

    return Fused()
