"""Content of a clip: rest, transitions and strokes in sequence, with their exact boundaries."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from slr.corpora.sample import motion
from slr.corpora.sample.bust import Expression
from slr.corpora.sample.hand import HANDSHAPES
from slr.corpora.sample.motion import Hand
from slr.corpora.sample.signer import Signer
from slr.corpora.sample.signs import Sign

_REST_S = (0.1, 0.2)
_MOVE_S = 0.36  # from rest to a sign and back
_TRANSITION_S = 0.30  # between signs
_TURNS = 4  # of a stream
_SWAY_M = 0.006
_BLINK_S, _BLINKS_EVERY_S = 0.16, 4.0
_MOUTHS = (0.0, 0.35, 0.7, 1.0)  # as few as look natural: each is drawn once per clip

Course = Callable[[np.ndarray], Hand]


class Segment(NamedTuple):
    """Frames `start` (inclusive) to `end` (exclusive) with the label `label`."""

    start: int
    end: int
    label: str


class Action(NamedTuple):
    """A clip's content: both hands, each as a right hand, the segments, and whether the signer speaks, per frame."""

    dominant: Hand
    other: Hand
    segments: list[Segment]
    speaking: np.ndarray


class _Piece(NamedTuple):
    duration_s: float
    dominant: Course
    other: Course
    label: str | None
    speaking: bool


class Timeline:
    """Builds a clip's content piece by piece; each begins where the last one ended.

    Set `label` and `speaking` for subsequent pieces; a sign may have its own label.
    """

    def __init__(self, signer: Signer, rng: np.random.Generator):
        self.signer, self.rng = signer, rng
        self.rest = motion.rest_hand(signer)
        self.dominant = self.other = self.rest
        self.label: str | None = None
        self.speaking = False
        self._pieces: list[_Piece] = []

    def hold(self, duration_s: float) -> None:
        self._add(duration_s, _still(self.dominant), _still(self.other))

    def move(self, dominant: Hand, other: Hand, duration_s: float) -> None:
        self._add(duration_s, _way(self.dominant, dominant, self.signer), _way(self.other, other, self.signer))

    def move_to_rest(self) -> None:
        self.move(self.rest, self.rest, self._seconds(_MOVE_S))

    def sign(self, sign: Sign, label: str | None, move_s: float) -> None:
        """Move to the start of `sign` (in `move_s` at a tempo of 1), and perform it, labelled `label`."""
        take = motion.perform(sign, self.signer, self.rng)
        dominant = _performance(take, self.signer)
        other = _still(self.rest)
        if sign.hands == 2:
            echo = motion.perform(sign, self.signer, self.rng)
            other = _performance(echo, self.signer)
        start = np.zeros(1)
        self.move(dominant(start), other(start), self._seconds(move_s))
        self._add(take.duration_s, dominant, other, label)

    def _seconds(self, at_tempo_1: float) -> float:
        return at_tempo_1 / self.signer.tempo * self.rng.uniform(0.9, 1.1)

    def _add(self, duration_s: float, dominant: Course, other: Course, label: str | None = None) -> None:
        self._pieces.append(_Piece(duration_s, dominant, other, label or self.label, self.speaking))
        end = np.ones(1)
        self.dominant, self.other = dominant(end), other(end)

    @property
    def duration_s(self) -> float:
        return sum(piece.duration_s for piece in self._pieces)

    def sample(self, fps: float) -> Action:
        """The content at each frame; frame i is at i / fps seconds."""
        times = np.arange(int(np.ceil(self.duration_s * fps))) / fps
        ends = np.cumsum([piece.duration_s for piece in self._pieces])
        firsts = np.searchsorted(times, np.concatenate([[0], ends]))
        firsts[-1] = len(times)
        dominant: list[motion.Hand] = []
        other: list[motion.Hand] = []
        segments: list[Segment] = []
        speaking: list[np.ndarray] = []
        for piece, end, first, last in zip(self._pieces, ends, firsts[:-1], firsts[1:], strict=True):
            if first == last:
                continue
            u = np.clip((times[first:last] - (end - piece.duration_s)) / piece.duration_s, 0, 1)
            dominant.append(piece.dominant(u))
            other.append(piece.other(u))
            speaking.append(np.full(last - first, piece.speaking))
            if segments and segments[-1].end == first and segments[-1].label == piece.label:
                first = segments.pop().start
            if piece.label is not None:
                segments.append(Segment(int(first), int(last), piece.label))
        return Action(motion.join(dominant), motion.join(other), segments, np.concatenate(speaking))


def sentence(signs: Sequence[Sign], signer: Signer, rng: np.random.Generator) -> Timeline:
    """Rest, one sign or several with transitions between them, rest."""
    timeline = Timeline(signer, rng)
    timeline.hold(rng.uniform(*_REST_S))
    for i, sign in enumerate(signs):
        timeline.sign(sign, sign.gloss, _TRANSITION_S if i else _MOVE_S)
    timeline.move_to_rest()
    timeline.hold(rng.uniform(*_REST_S))
    return timeline


def stream(signs: Sequence[Sign], signer: Signer, rng: np.random.Generator) -> Timeline:
    """Turns of signing (S), speaking with gestures (P) and idling (n), each frame in one labelled segment."""
    timeline = Timeline(signer, rng)
    kind = ""
    for _ in range(_TURNS):
        kind = str(rng.choice([k for k in "SPn" if k != kind]))
        timeline.label, timeline.speaking = kind, kind == "P"
        if kind == "S":
            _sign_some(timeline, signs)
        elif kind == "P":
            _speak(timeline)
        else:
            _idle(timeline)
    return timeline


def _sign_some(timeline: Timeline, signs: Sequence[Sign]) -> None:
    for i in range(timeline.rng.integers(2, 5)):
        sign = signs[timeline.rng.integers(len(signs))]
        timeline.sign(sign, None, _TRANSITION_S if i else _MOVE_S)
    timeline.move_to_rest()


def _speak(timeline: Timeline) -> None:
    """Small beat gestures of half-open hands before the belly and the chest: movement without signing."""
    rng = timeline.rng
    both = rng.random() < 0.5
    for _ in range(rng.integers(5, 10)):
        other = _gesture(timeline) if both else timeline.rest
        timeline.move(_gesture(timeline), other, rng.uniform(0.22, 0.5))
        if rng.random() < 0.3:
            timeline.hold(rng.uniform(0.1, 0.4))
    timeline.move_to_rest()


def _gesture(timeline: Timeline) -> Hand:
    rng, rest = timeline.rng, timeline.rest
    place = np.array([[-rng.uniform(0.10, 0.24), rng.uniform(-0.34, -0.16), rng.uniform(0.20, 0.28)]])
    turn = motion.facing((rng.uniform(0.2, 0.7), 0.8, 0.3), (0.6, 0.1, rng.uniform(-0.8, -0.4)))
    openness = rng.uniform(0.2, 0.8)
    shape = rest.shape + openness * (HANDSHAPES["five"] - rest.shape)
    return Hand(place, turn, shape)


def _idle(timeline: Timeline) -> None:
    """Rest, with occasional small movements of a hand."""
    rng = timeline.rng
    for _ in range(rng.integers(2, 4)):
        timeline.hold(rng.uniform(0.5, 1.2))
        if rng.random() < 0.5:
            rest = timeline.rest
            shifted = rest._replace(centre=rest.centre + rng.uniform(-0.03, 0.05, (1, 3)) * [0.5, 1, 0.3])
            timeline.move(shifted, rest, rng.uniform(0.4, 0.8))
            timeline.move(rest, rest, rng.uniform(0.4, 0.8))


def _still(hand: Hand) -> Course:
    return lambda u: motion.hold(hand, len(u))


def _way(start: Hand, end: Hand, signer: Signer) -> Course:
    return lambda u: motion.between(start, end, u, signer.swing)


def _performance(take: motion.Take, signer: Signer) -> Course:
    return lambda u: motion.stroke(take, signer, u)


def sway(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, 3) metres: slow movement of the whole body, in the image plane."""
    phase, rate = rng.uniform(0, 2 * np.pi, (2, 1)), rng.uniform(0.15, 0.35, (2, 1))
    x, y = _SWAY_M * np.sin(phase + 2 * np.pi * rate * times)
    return np.stack([x, 0.4 * y, np.zeros_like(x)], -1)


def expressions(times: np.ndarray, speaking: np.ndarray, rng: np.random.Generator) -> list[Expression]:
    """A facial expression per frame: blinks, and a mouth that moves while speaking."""
    eyes = np.ones(len(times))
    blink = rng.uniform(0, _BLINKS_EVERY_S)
    while blink < times[-1]:
        eyes[(times >= blink) & (times < blink + _BLINK_S)] = 0
        blink += rng.exponential(_BLINKS_EVERY_S) + 1
    rate, phase = rng.uniform(2.5, 4), rng.uniform(0, 2 * np.pi)
    wave = 0.5 + 0.5 * np.sin(phase + 2 * np.pi * rate * times) * np.sin(2 * np.pi * 0.7 * times)
    mouths = np.where(speaking, np.array(_MOUTHS)[np.round(wave * (len(_MOUTHS) - 1)).astype(int)], 0.0)
    return [Expression(float(mouth), float(eye)) for mouth, eye in zip(mouths, eyes, strict=True)]
