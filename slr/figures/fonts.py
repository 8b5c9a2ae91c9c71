"""Fonts for names in any script: the one bundled with matplotlib, and installed ones for the letters that it lacks.

DejaVu Sans is the same on all machines and has Latin, Greek, Cyrillic, Arabic and more, but neither Chinese, Japanese
and Korean nor the scripts of India and Southeast Asia. Text is drawn in it as far as possible, so that pictures without
such names are the same everywhere.
"""

import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from slr.io.progress import warn

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

MAIN = "DejaVu Sans"
_PREFERRED = ("Noto Sans CJK JP", "Noto Sans", "Source Han Sans", "WenQuanYi")
"""Beginnings of the names of fonts that are taken before others, in this order."""
_PACKAGES = dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC",
                           "FULLWIDTH", "HALFWIDTH"), "fonts-noto-cjk")
"""Debian's package for the letters whose Unicode names begin so; for all others it is `_OTHER_PACKAGE`."""
_OTHER_PACKAGE = "fonts-noto-core"
_NO_FONT = "Last Resort"
"""Beginning of the names of fonts that draw the name of its script for every letter."""
_warned: set[str] = set()
_Run = tuple[str, str]


@contextmanager
def lettered(style: "dict[RcKeyType, Any]", texts: Iterable[str]) -> Iterator[None]:
    """Matplotlib's style, and fonts that have all letters of the texts; the first that has a letter draws it.

    Letters that no installed font has get a warning with the package that brings one.
    """
    import matplotlib

    runs = _runs("".join(sorted(set().union(*texts))))
    needed = list(dict.fromkeys([MAIN, *(family for family, _ in runs)]))
    fonts: dict[RcKeyType, Any] = {"font.family": [*needed, "sans-serif"]} if len(needed) > 1 else {}
    with matplotlib.rc_context({**style, **fonts}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # one warning is enough
        yield


class Lettering:
    """Draws text with Pillow, at one size; bold only where it is in DejaVu Sans."""

    def __init__(self, size: int, bold: bool = False):
        self.size, self.bold = size, bold

    def length(self, text: str) -> float:
        """Width in pixels."""
        return sum(self._font(family).getlength(run) for family, run in _runs(text))

    def draw(self, image: "ImageDraw", place: tuple[float, float], text: str, ink: tuple[int, int, int],
             anchor: str = "la") -> None:
        """Draw one line at `place`, which Pillow's `anchor` names: `l` or `r`, and `a` (top) or `m` (middle)."""
        runs = _runs(text)
        if all(family == MAIN for family, _ in runs):
            image.text(place, text, ink, self._font(MAIN), anchor)
            return
        x, y = place
        ascent, descent = self._font(MAIN).getmetrics()
        baseline = y + {"a": ascent, "m": (ascent - descent) / 2}[anchor[1]]
        x -= self.length(text) if anchor[0] == "r" else 0
        for family, run in runs:
            image.text((x, baseline), run, ink, self._font(family), "ls")
            x += self._font(family).getlength(run)

    def _font(self, family: str) -> "FreeTypeFont":
        return _truetype(_file_of(family, self.bold and family == MAIN), self.size)


def _runs(text: str) -> list[_Run]:
    """The text in pieces, each with the family that has its letters; blanks and marks stay with what they follow."""
    runs: list[_Run] = []
    missing: set[str] = set()
    for letter in text:
        if runs and not _is_letter(letter) and _has(runs[-1][0], letter):
            family: str | None = runs[-1][0]
        else:
            family = _family_with(letter)
        if family is None:
            missing.add(letter)
        name = family or MAIN
        if runs and runs[-1][0] == name:
            runs[-1] = name, runs[-1][1] + letter
        else:
            runs.append((name, letter))
    for letter in sorted(missing):
        _warn(letter)
    return runs


def _is_letter(letter: str) -> bool:
    return unicodedata.category(letter)[0] not in "MZ"


@lru_cache(maxsize=8192)
def _family_with(letter: str) -> str | None:
    """The first installed family that has a letter; control characters need none."""
    if _has(MAIN, letter) or unicodedata.category(letter)[0] == "C":
        return MAIN
    return next((family for family in _installed() if _has(family, letter)), None)


class _File(NamedTuple):
    path: str
    face: int  # its number in a collection


@lru_cache(maxsize=1)
def _installed() -> dict[str, _File]:
    """The upright installed fonts, regular if there is a choice; preferred ones first."""
    from matplotlib.font_manager import fontManager

    fonts = sorted((entry for entry in fontManager.ttflist
                    if entry.style == "normal" and not entry.name.startswith(_NO_FONT)),
                   key=lambda entry: (abs(entry.weight - 400) if isinstance(entry.weight, int) else 0, entry.fname))
    found: dict[str, _File] = {}
    for entry in fonts:
        found.setdefault(entry.name, _File(str(entry.fname), entry.index))
    return {name: found[name] for name in sorted(found, key=_preference)}


def _preference(name: str) -> tuple[int, bool, str]:
    place = next((number for number, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))
    return place, "Mono" in name or "Serif" in name, name


def _has(family: str, letter: str) -> bool:
    return ord(letter) in _letters_of(family)


@lru_cache(maxsize=512)
def _letters_of(family: str) -> frozenset[int]:
    """Code points that a family's regular font has; none if the file can't be read."""
    from matplotlib.ft2font import FT2Font

    file = _file_of(family, False)
    try:
        return frozenset(FT2Font(file.path, face_index=file.face).get_charmap())
    except (OSError, RuntimeError, ValueError):  # a colour font, or one removed since matplotlib listed it
        return frozenset()


def _file_of(family: str, bold: bool) -> _File:
    from matplotlib import get_data_path

    if family == MAIN:
        return _File(f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf", 0)
    return _installed()[family]


@lru_cache(maxsize=64)
def _truetype(file: _File, size: int) -> "FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(file.path, size, file.face)


def _package(letter: str) -> str:
    return _PACKAGES.get(unicodedata.name(letter, "").partition(" ")[0], _OTHER_PACKAGE)


def _warn(letter: str) -> None:
    """Once for each package."""
    package = _package(letter)
    if package not in _warned:
        _warned.add(package)
        warn(f"no installed font has '{letter}' ({unicodedata.name(letter, 'unknown').lower()}), which is drawn as a "
             f"box, and maybe others; install one, such as Debian's {package}")
