"""Results of decoding: glosses with times, hypotheses with scores."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from slr.decoding import BLANK
from slr.errors import DecodingError

if TYPE_CHECKING:
    from torch import Tensor

Label = TypeVar("Label", int, str)


@dataclass(frozen=True)
class Gloss(Generic[Label]):
    """One recognised gloss.

    Attributes
    ----------
    label : int or str
        Class (from 1), or the gloss itself after `named`.
    start, end : float
        Half-open, in output frames, or in seconds (`in_seconds`).
    """

    label: Label
    start: float
    end: float


@dataclass(frozen=True)
class Hypothesis(Generic[Label]):
    """One hypothesis of a whole sentence.

    Attributes
    ----------
    glosses : tuple of Gloss
        Ordered by time, without overlap.
    score : float
        Natural logarithm of its probability, including the language-model score if there is one.
    """

    glosses: tuple[Gloss[Label], ...]
    score: float

    @property
    def labels(self) -> list[Label]:
        """The glosses without times."""
        return [gloss.label for gloss in self.glosses]


@dataclass(frozen=True)
class Reading:
    """One gloss recognised by a network.

    Attributes
    ----------
    gloss : Gloss
        Its name; `start` and `end` in output frames, up to the middle of the blanks around it.
    label : int
        Its class.
    said : slice
        The output frames of the gloss on the most probable path.
    """

    gloss: Gloss[str]
    label: int
    said: slice

    def score(self, logits: "Tensor") -> "Tensor":
        """Attribution target: the sum of the gloss's logits (T', classes), before the softmax, over these frames."""
        return logits[self.said, self.label].sum()


def named(glosses: Sequence[Gloss[int]], labels: Sequence[str]) -> tuple[Gloss[str], ...]:
    """The glosses with names instead of classes; `labels[i]` is the name of class i + 1."""
    return tuple(Gloss(labels[gloss.label - 1], gloss.start, gloss.end) for gloss in glosses)


def in_seconds(glosses: Sequence[Gloss[Label]], stride: int, fps: float) -> tuple[Gloss[Label], ...]:
    """The glosses with times in seconds.

    Parameters
    ----------
    glosses : sequence of Gloss
        With times in output frames.
    stride : int
        Temporal stride: output frame t covers the video's frames [t * stride, (t + 1) * stride).
    fps : float
        Frame rate of the video.
    """
    return tuple(replace(gloss, start=gloss.start * stride / fps, end=gloss.end * stride / fps) for gloss in glosses)


def checked(log_probs: np.ndarray) -> np.ndarray:
    """The log-probabilities, validated, as float64.

    Raises
    ------
    DecodingError
        If they aren't (T, V >= 2), or a frame has NaN, plus infinity or no possible class.
    """
    log_probs = np.asarray(log_probs, np.float64)
    if log_probs.ndim != 2 or log_probs.shape[1] < 2:
        raise DecodingError(f"log-probabilities of shape {log_probs.shape} can't be decoded; give (frames, classes), "
                            f"class {BLANK} the blank")
    broken = np.flatnonzero(~np.isfinite(log_probs.max(axis=1)))
    if len(broken):
        raise DecodingError(f"frame {broken[0]} of the log-probabilities holds NaN or infinity, or no possible class; "
                            "look for it in the model's output")
    return log_probs
