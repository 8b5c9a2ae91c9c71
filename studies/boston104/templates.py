"""Words as templates: how far a stretch of a sentence is from the training words of a gloss, by dynamic time warping.

A second opinion beside the networks, of another kind: it names words alone, and says of a transcript how well words of
its glosses, one after the other, cover the sentence.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from dtaidistance.dtw_ndim import distance_fast

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks

MOTION = 3.0
"""What the motion from frame to frame counts beside the places."""
STEP = 2
"""Stretches begin and end at every second frame."""
LENGTHS = np.array([4, 6, 8, 10, 12, 16, 20, 26, 32])
"""Frames of the stretches that may be a word."""


def track(clip: ClipLandmarks) -> np.ndarray:
    """(T, 12): where both hands are, in picture heights; where from the nose; and how far they move in a frame."""
    points = clip.coordinates[..., :2].astype(np.float64) * [clip.width / clip.height, 1]
    nose, hands = points[:, :1], points[:, 1:3]
    found = np.concatenate([hands, hands - nose], 1).reshape(len(points), -1)
    whole = pd.DataFrame(found).interpolate(limit_direction="both").fillna(0).to_numpy()
    motion = np.gradient(whole[:, :4], axis=0) if len(whole) > 1 else np.zeros_like(whole[:, :4])
    return np.ascontiguousarray(np.concatenate([whole, MOTION * motion], 1))


class Choice(NamedTuple):
    """Transcripts of a sentence, most probable first, and their scores; what each gloss costs where
    (`Templates.stretches`); and the sentence's steps."""

    transcripts: list[list[str]]
    scores: list[float]
    costs: dict[str, np.ndarray]
    moments: int


class Templates:
    """The training words of each gloss.

    Parameters
    ----------
    store : LandmarkStore
        Of words.
    words : DataFrame
        Manifest rows of those to learn.

    Attributes
    ----------
    labels : list of str
        The glosses, sorted.
    """

    def __init__(self, store: LandmarkStore, words: pd.DataFrame):
        tracks: dict[str, list[np.ndarray]] = {}
        for clip_id, glosses in zip(words.clip_id, words.glosses, strict=True):
            tracks.setdefault(glosses[0], []).append(track(store[clip_id]))
        self.labels = sorted(tracks)
        self._tracks = tracks

    def distance(self, stretch: np.ndarray, gloss: str) -> float:
        """Mean squared distance between a stretch (T, 12) and the word of that gloss that is nearest to it."""
        return min(distance_fast(stretch, word) ** 2 / max(len(stretch), len(word)) for word in self._tracks[gloss])

    def distances(self, stretch: np.ndarray) -> np.ndarray:
        """(glosses,): to each gloss, in the order of `labels`."""
        return np.array([self.distance(stretch, gloss) for gloss in self.labels])

    def stretches(self, sentence: np.ndarray, gloss: str) -> np.ndarray:
        """(T / STEP + 1, LENGTHS): `distance` times frames of each stretch, by its beginning; infinite past the end."""
        found = np.full((len(sentence) // STEP + 1, len(LENGTHS)), np.inf)
        for begin in range(len(found)):
            for i, length in enumerate(LENGTHS):
                stretch = sentence[STEP * begin:STEP * begin + length]
                if len(stretch) == length:
                    found[begin, i] = length * self.distance(stretch, gloss)
        return found

    def choice(self, sentence: np.ndarray, transcripts: list[list[str]], scores: list[float]) -> Choice:
        """These transcripts of a sentence (T, 12)."""
        costs = {gloss: self.stretches(sentence, gloss) for gloss in set().union(*transcripts)}
        return Choice(transcripts, scores, costs, len(sentence) // STEP)


class Cover(NamedTuple):
    """How a sentence is covered by words: what a frame between words costs, and what the cost counts in a transcript's
    score."""

    between: float
    weight: float

    def cost(self, words: Iterable[np.ndarray], moments: int) -> float:
        """Least cost of these words (each as `Templates.stretches` has it), one after the other without overlap.

        Parameters
        ----------
        words : iterable of (moments + 1, LENGTHS) arrays
        moments : int
            Steps of the sentence.
        """
        between = STEP * self.between * np.arange(moments + 1)
        least = between  # to be at each moment, with no word yet
        for costs in words:
            behind = np.full(moments + 1, np.inf)
            for length, cost in zip(LENGTHS // STEP, costs.T, strict=True):
                begins = max(0, moments + 1 - length)
                behind[length:] = np.minimum(behind[length:], least[:begins] + cost[:begins])
            least = np.minimum.accumulate(behind - between) + between
        return float(least[-1])

    def best(self, choice: Choice) -> list[str]:
        """The transcript with the best score less weighed cost; one that can't be laid over the sentence is never
        chosen before one that can."""
        totals = [score - self.weight * self.cost([choice.costs[gloss] for gloss in glosses], choice.moments)
                  for glosses, score in zip(choice.transcripts, choice.scores, strict=True)]
        return choice.transcripts[int(np.argmax(totals))]
