"""Synthetic signers: bodies, appearances and signing styles, spread evenly over their ranges."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Colour = tuple[float, float, float]
_Option = TypeVar("_Option")

_SKINS = ((244, 205, 178), (233, 185, 150), (215, 160, 120), (186, 128, 90), (150, 98, 66), (132, 86, 60))
_HAIRS = ((52, 34, 24), (24, 20, 20), (120, 74, 40), (176, 132, 74), (112, 112, 116), (140, 58, 34))
_SHIRTS = ((34, 40, 62), (52, 92, 66), (98, 46, 110), (40, 84, 138), (64, 64, 70), (26, 92, 100), (232, 232, 226),
           (120, 30, 44))
_BACKGROUNDS = ((186, 190, 192), (120, 140, 172), (66, 92, 84), (206, 200, 186), (150, 170, 150), (96, 100, 116))
_HAIR_STYLES = ("short", "long", "bun", "cap")
_STRATA = 8  # each block of this many signers covers the range of every trait evenly (a Latin hypercube)
_LEFT_HANDED = (2, 5)  # places in a block


@dataclass(frozen=True)
class Signer:
    """Traits of a signer. Lengths in metres, angles in degrees, colours sRGB 0-255; factors if a trait has no unit.

    Attributes
    ----------
    shoulders : float
        Between the shoulder joints.
    hand, head, build : float
        Sizes of hand, head, chest, as factors.
    neck : float
        Length added to the shortest neck.
    tempo, space : float
        Signing speed and size of the signing space, as factors.
    lift : float
        Vertical offset of the signing space.
    elbow_flare : float
        Elbows hang (0) or stand out.
    hand_roll : float
        Rotation of the hands about the line of sight while signing.
    laxness : float
        Added to the flexion of every finger joint.
    sloppiness : float
        Variation between performances, and undershoot.
    swing : float
        How far hands swing towards the viewer in transitions.
    rest_out, rest_up, rest_degrees : float
        Rest position of the palms beside and below the midpoint of the shoulders, and direction of the fingers there: 0
        inwards.
    sleeve : float
        Its end: 0 at the shoulder, 1 at the elbow, 2 at the wrist.
    """

    name: str
    left_handed: bool
    # body
    shoulders: float
    upper_arm: float
    forearm: float
    hand: float
    head: float
    neck: float
    build: float
    # habits
    tempo: float
    space: float
    lift: float
    elbow_flare: float
    hand_roll: float
    laxness: float
    sloppiness: float
    swing: float
    rest_out: float
    rest_up: float
    rest_degrees: float
    # looks
    skin: Colour
    hair: Colour
    shirt: Colour
    background: Colour
    hair_style: str
    sleeve: float


_TRAITS = {
    "shoulders": (0.345, 0.405), "upper_arm": (0.245, 0.315), "forearm": (0.215, 0.275), "hand": (0.86, 1.14),
    "head": (0.92, 1.10), "neck": (0.0, 0.03), "build": (0.9, 1.15),
    "tempo": (0.85, 1.2), "space": (0.85, 1.15), "lift": (-0.03, 0.04), "elbow_flare": (0.25, 1.1),
    "hand_roll": (-14, 14), "laxness": (0, 9), "sloppiness": (0.3, 1.0), "swing": (0.01, 0.05),
    "rest_out": (0.135, 0.215), "rest_up": (-0.42, -0.33), "rest_degrees": (-40, 25),
    "skin": (0, 1), "hair": (0, 1), "shirt": (0, 1), "background": (0, 1), "hair_style": (0, 1), "sleeve": (0.25, 1.25),
}


def make_signers(count: int, seed: int) -> list[Signer]:
    """The first `count` signers of a seed; a larger count keeps the earlier ones."""
    return [_signer(index, seed) for index in range(count)]


def _signer(index: int, seed: int) -> Signer:
    block, place = divmod(index, _STRATA)
    shared = np.random.default_rng([seed, 1, block])
    own = np.random.default_rng([seed, 2, index])
    at = {trait: (shared.permutation(_STRATA)[place] + own.uniform(0.1, 0.9)) / _STRATA for trait in _TRAITS}
    traits = {trait: low + at[trait] * (high - low) for trait, (low, high) in _TRAITS.items()}
    skin = _pick(_SKINS, at["skin"])
    traits |= {
        "skin": skin, "hair": _pick(_HAIRS, at["hair"]), "hair_style": _pick(_HAIR_STYLES, at["hair_style"]),
        "shirt": _pick(_unlike(_SHIRTS, skin), at["shirt"]),
        "background": _pick(_unlike(_BACKGROUNDS, skin), at["background"]),
    }
    return Signer(name=f"s{index:02d}", left_handed=place in _LEFT_HANDED, **traits)


def _pick(options: tuple[_Option, ...], at: float) -> _Option:
    return options[int(at * len(options))]


def _unlike(colours: tuple[Colour, ...], skin: Colour) -> tuple[Colour, ...]:
    """Colours with enough contrast to this skin: a hand without contrast isn't detected."""
    return tuple(c for c in colours if np.abs(np.subtract(c, skin)).sum() > 120)
