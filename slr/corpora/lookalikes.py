"""Glosses, or signers, that look the same and count as different: `House` and `HOUSE`, or one with an unseen blank."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from slr.corpora.problems import Problem

_LATIN = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХ", "ABEZHIKMNOPTYXABEKMHOPCTYX")
"""Greek and Cyrillic capitals, and the Latin ones that look the same (Unicode Technical Standard 39, table of
confusables)."""
_DECIMAL = re.compile(r"(\d+)\.0+(?!\d)")


def lookalikes(clips: pd.DataFrame) -> Iterator[Problem]:
    """A warning for each group of glosses, and of signers, that look the same, with their spellings and counts."""
    for kind, names, column in (("gloss", clips.glosses.explode().dropna(), "glosses"),
                                ("signer", clips.signer.dropna(), "signers")):
        groups: dict[str, dict[str, int]] = defaultdict(dict)
        for name, count in names.value_counts().items():
            groups[appearance(name)][name] = count
        for spellings in groups.values():
            if len(spellings) > 1:
                listed = ", ".join(f"{_shown(name)} ({count})" for name, count in sorted(spellings.items()))
                yield Problem(min(spellings), f"similar-{column}", "warning",
                              f"these count as {len(spellings)} different {column}: {listed}",
                              f"spell a {kind} in one way only, unless they are different ones")


def appearance(name: str) -> str:
    """What different spellings of a name have in common: NFKC, without case, format characters and repeated blanks;
    Greek and Cyrillic letters as the Latin ones that look like them, `1.0` as `1`."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).upper()
    seen = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return _DECIMAL.sub(r"\1", " ".join(seen.translate(_LATIN).split()))


def _shown(name: str) -> str:
    """The name in quotes, with what isn't seen, or isn't Latin where the name is, as its code point."""
    return "'" + "".join(
        letter if letter.isprintable() and (letter.isascii() or letter.upper().translate(_LATIN) == letter.upper())
        else f"<U+{ord(letter):04X}>" for letter in name) + "'"
