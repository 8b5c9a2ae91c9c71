"""The invented signs, as data. They belong to no sign language and have no meaning."""

from dataclasses import dataclass, fields
from itertools import combinations


@dataclass(frozen=True)
class Sign:
    """One invented sign.

    Attributes
    ----------
    gloss : str
    handshape : str
        A name of `hand.HANDSHAPES`.
    place : str
        A name of `PLACES`.
    movement : str
        A name of `motion.MOVEMENTS`.
    hands : {1, 2}
        The dominant hand only, or both as mirror images.
    palm : {"out", "in"}
        Faces the viewer, fingers up; or the signer, fingers up and inwards.
    """

    gloss: str
    handshape: str
    place: str
    movement: str
    hands: int = 1
    palm: str = "out"


# Location of the centre of the palm, in shoulder widths from the midpoint of the shoulders: out to the dominant side,
# up, towards the viewer. The hand covers neither the face nor the other hand, where MediaPipe would lose it.
PLACES = {
    "head": (0.70, 0.40, 0.45),
    "shoulder": (0.66, -0.02, 0.55),
    "chest": (0.34, -0.22, 0.52),
    "side": (0.85, -0.12, 0.45),
}

SIGNS = (
    Sign("BALO", "five", "head", "wave"),
    Sign("TENKI", "fist", "head", "wave"),
    Sign("KIVEL", "vee", "shoulder", "raise"),
    Sign("LOMBA", "vee", "shoulder", "sweep"),
    Sign("PODEM", "flat", "chest", "circle"),
    Sign("SARVO", "flat", "head", "circle"),
    Sign("DASTI", "claw", "shoulder", "drop"),
    Sign("ORPEN", "claw", "shoulder", "drop", hands=2),
    Sign("FENTA", "flat", "chest", "apart", hands=2, palm="in"),
    Sign("WELUN", "flat", "chest", "together", hands=2, palm="in"),
    Sign("GIRMO", "fist", "chest", "apart", hands=2, palm="in"),
    Sign("ZIMEK", "five", "shoulder", "close"),
    Sign("JOLTA", "five", "shoulder", "open"),
    Sign("RUSAM", "index", "head", "wave"),
    Sign("NURIK", "ell", "shoulder", "raise"),
    Sign("HUPRA", "why", "side", "twist"),
)


def differences(a: Sign, b: Sign) -> tuple[str, ...]:
    """The parameters in which two signs differ, of `handshape`, `place`, `movement`, `hands`, `palm`."""
    return tuple(f.name for f in fields(Sign)[1:] if getattr(a, f.name) != getattr(b, f.name))


MINIMAL_PAIRS = [(a.gloss, b.gloss) for a, b in combinations(SIGNS, 2) if len(differences(a, b)) == 1]
"""Pairs of glosses whose signs differ in only one parameter."""
