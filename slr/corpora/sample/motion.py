"""Hand motion over time, as a right hand: rest, the movement of a sign, and transitions.

Metres from the midpoint of the shoulders: x to the viewer's right, y up, z towards the viewer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from slr.corpora.sample.hand import HANDSHAPES
from slr.corpora.sample.signer import Signer
from slr.corpora.sample.signs import PLACES, Sign


class Hand(NamedTuple):
    """Hand poses at T times: `centre` of the palm (T, 3) metres, `turn` T rotations from its axes (see `hand`) to the
    body's, `shape` (T, 18) as in `hand.HANDSHAPES`."""

    centre: np.ndarray
    turn: Rotation
    shape: np.ndarray


class Movement(NamedTuple):
    """The movement of a sign, at times u in 0..1.

    `offset` (T, 2) from its location: out and up, in shoulder widths; `roll`, `twist` (T,) degrees about the line of
    sight and about the hand's long axis; `change` (T,) progress of the handshape change, 0..1.
    """

    offset: np.ndarray
    roll: np.ndarray
    twist: np.ndarray
    change: np.ndarray


def ease(u: np.ndarray) -> np.ndarray:
    """Minimum-jerk profile from 0 to 1 (Flash and Hogan, 1985)."""
    return u * u * u * (10 + u * (6 * u - 15))


def _movement(u: np.ndarray, out: float | np.ndarray = 0.0, up: float | np.ndarray = 0.0,
              roll: float | np.ndarray = 0.0, twist: float | np.ndarray = 0.0,
              change: float | np.ndarray = 0.0) -> Movement:
    zero = np.zeros_like(u)
    return Movement(np.stack([zero + out, zero + up], -1), zero + roll, zero + twist, zero + change)


def _wave(u: np.ndarray) -> Movement:
    swing = np.sin(4 * np.pi * u)
    return _movement(u, out=0.15 * swing, roll=16 * swing)


def _circle(u: np.ndarray) -> Movement:
    angle = 2 * np.pi * ease(u) * 1.5
    return _movement(u, out=0.20 * np.sin(angle), up=0.20 * (1 - np.cos(angle)) - 0.2)


def _raise(u: np.ndarray) -> Movement:
    return _movement(u, up=-0.2 + 0.6 * ease(u))


def _drop(u: np.ndarray) -> Movement:
    return _movement(u, up=0.4 - 0.6 * ease(u))


def _sweep(u: np.ndarray) -> Movement:
    e = ease(u)
    return _movement(u, out=-0.35 + 0.6 * e, up=0.12 * np.sin(np.pi * e), roll=-20 + 40 * e)


def _apart(u: np.ndarray) -> Movement:
    return _movement(u, out=0.34 * ease(u))


def _together(u: np.ndarray) -> Movement:
    return _movement(u, out=0.34 - 0.34 * ease(u))


def _twist(u: np.ndarray) -> Movement:
    return _movement(u, twist=30 * np.sin(4 * np.pi * u))


def _close(u: np.ndarray) -> Movement:
    return _movement(u, up=0.05 * np.sin(np.pi * u), change=ease(np.clip(1.6 * u - 0.3, 0, 1)))


def _open(u: np.ndarray) -> Movement:
    return _movement(u, up=0.05 * np.sin(np.pi * u), change=1 - ease(np.clip(1.6 * u - 0.3, 0, 1)))


MOVEMENTS: dict[str, Callable[[np.ndarray], Movement]] = {
    "wave": _wave, "circle": _circle, "raise": _raise, "drop": _drop, "sweep": _sweep, "apart": _apart,
    "together": _together, "twist": _twist, "close": _close, "open": _open,
}
_CHANGED_TO = "fist"  # closed handshape of an opening or closing hand
_STROKE_S = 0.65  # at a tempo of 1
_LONGER_STROKES_S = {"wave": 0.85, "circle": 0.9, "twist": 0.85}


def facing(fingers: tuple[float, float, float], palm: tuple[float, float, float]) -> Rotation:
    """One orientation: the fingers point to `fingers`, the palm faces `palm` (orthogonalised)."""
    f = np.array(fingers) / np.linalg.norm(fingers)
    n = np.array(palm) - f * np.dot(palm, f)
    n /= np.linalg.norm(n)
    return Rotation.from_matrix(np.stack([np.cross(f, n), f, n], -1)[None])


_PALMS = {"out": facing((0.12, 1.0, 0.10), (0.15, 0.0, 1.0)), "in": facing((0.75, 0.8, 0.15), (0.1, 0.1, -1.0))}


def rest_hand(signer: Signer) -> Hand:
    """Rest pose of this signer's hands (one state)."""
    angle = np.radians(signer.rest_degrees)
    turn = facing((np.cos(angle), np.sin(angle), 0.25), (0.1, 0.3, -1.0))
    centre = np.array([[-signer.rest_out, signer.rest_up, 0.20]])
    return Hand(centre, turn, HANDSHAPES["rest"][None])


@dataclass(frozen=True)
class Take:
    """One performance of a sign: its stroke's duration, and its deviations from the ideal.

    `shift` (3,) of its location, metres; `size` of its movement, a factor; `turn` of the hand; `shape` (18,) added to
    the handshape.
    """

    sign: Sign
    duration_s: float
    shift: np.ndarray
    size: float
    turn: Rotation
    shape: np.ndarray


def perform(sign: Sign, signer: Signer, rng: np.random.Generator) -> Take:
    """Sample a performance of `sign` by `signer`."""
    loose = signer.sloppiness
    duration = _LONGER_STROKES_S.get(sign.movement, _STROKE_S) / signer.tempo * rng.uniform(0.92, 1.08)
    shape = np.zeros(18)
    shape[:8] = np.radians(signer.laxness * rng.uniform(0.6, 1.4) + rng.normal(0, 2.5 * loose, 8))
    shape[9:] = rng.normal(0, 0.05 * loose, 9)
    return Take(
        sign, duration, rng.normal(0, 0.016 * loose, 3), signer.space * rng.uniform(1 - 0.15 * loose, 1.05),
        Rotation.from_rotvec(rng.normal(0, np.radians(5 * loose), 3)), shape,
    )


def stroke(take: Take, signer: Signer, u: np.ndarray) -> Hand:
    """The (dominant) hand at times u in 0..1 of a performance."""
    movement = MOVEMENTS[take.sign.movement](u)
    place = np.tile(PLACES[take.sign.place], (len(u), 1)) * [signer.space, signer.space, 1]  # wider, not nearer
    place[:, :2] += movement.offset * take.size
    centre = signer.shoulders * place * [-1, 1, 1] + [0, signer.lift, 0] + take.shift
    roll = Rotation.from_rotvec(np.radians(movement.roll + signer.hand_roll)[:, None] * [0, 0, 1.0])
    twist = Rotation.from_rotvec(np.radians(movement.twist)[:, None] * [0, 1.0, 0])
    first, last = HANDSHAPES[take.sign.handshape], HANDSHAPES[_CHANGED_TO]
    shape = first + movement.change[:, None] * (last - first) + take.shape
    return Hand(centre, take.turn * roll * _PALMS[take.sign.palm] * twist, shape)


def between(a: Hand, b: Hand, u: np.ndarray, swing: float) -> Hand:
    """The transition from the last state of `a` to the first of `b` at u in 0..1, `swing` metres towards the viewer."""
    e = ease(u)
    start, end = a.centre[-1], b.centre[0]
    centre = start + e[:, None] * (end - start) + np.sin(np.pi * e)[:, None] * [0, 0, swing]
    step = (a.turn[-1].inv() * b.turn[0]).as_rotvec()
    return Hand(centre, a.turn[-1] * Rotation.from_rotvec(e[:, None] * step),
                a.shape[-1] + e[:, None] * (b.shape[0] - a.shape[-1]))


def hold(hand: Hand, frames: int) -> Hand:
    """The last state of `hand`, held for this many frames."""
    return Hand(np.repeat(hand.centre[-1:], frames, 0), Rotation.concatenate([hand.turn[-1]] * frames),
                np.repeat(hand.shape[-1:], frames, 0))


def join(states: list[Hand]) -> Hand:
    """Concatenate hand motions."""
    return Hand(np.concatenate([s.centre for s in states]), Rotation.concatenate([s.turn for s in states]),
                np.concatenate([s.shape for s in states]))
