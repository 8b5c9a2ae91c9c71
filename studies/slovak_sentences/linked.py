"""Are the dictionary words that somebody linked to a sentence in its transcript? A weak check.

The links are unordered, incomplete and sometimes wrong; a sentence says a word in another form, or not at all; and a
transcript with many glosses has many words by luck. So the share that is found is compared with that of the same
transcripts dealt to other sentences.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from slr.corpora.reading import nfc

SHUFFLES, SEED = 100, 1
_SHORTEST_PART = 3
"""Letters of a part of `Kamarát/ka` that stands for the whole: the ending alone doesn't."""


class Check(NamedTuple):
    """What was found.

    Attributes
    ----------
    known : int
        Linked words that the model has a gloss for; of these is all that follows.
    unknown : int
        The other linked words.
    found : float
        Share of the known ones that are in their sentence's transcript; NaN where none is known.
    by_chance : array (SHUFFLES,)
        The same shares with the transcripts shuffled among the sentences.
    """

    known: int
    unknown: int
    found: float
    by_chance: np.ndarray


def linked_words(path: Path) -> dict[str, list[str]]:
    """The words linked to each sentence (by its clip id, the name of its video) of sentences.csv."""
    with open(path, encoding="utf-8") as file:
        return {Path(line["path"]).stem: [word for word in line["dictionary_words_unordered"].split("|") if word]
                for line in csv.DictReader(file)}


def forms(word: str) -> set[str]:
    """How a word or gloss may be written: in small letters, whole and each of its variants around `/`."""
    whole = nfc(word).strip().casefold()
    parts = (part.strip() for part in whole.split("/"))
    return {whole, *(part for part in parts if len(part) >= _SHORTEST_PART)}


def check(linked: Sequence[Sequence[str]], transcripts: Sequence[Sequence[str]], glosses: Sequence[str]) -> Check:
    """Look for each sentence's linked words in its transcript, and in others.

    Parameters
    ----------
    linked, transcripts : sequence of sequences of str
        Words and glosses of the same sentences, in the same order.
    glosses : sequence of str
        All that the model knows.
    """
    of_glosses = {gloss: forms(gloss) for gloss in glosses}
    asked = [[meant for word in words if (meant := {gloss for gloss, others in of_glosses.items()
                                                    if others & forms(word)})] for words in linked]
    known = sum(map(len, asked))
    said = [set(transcript) for transcript in transcripts]
    rng = np.random.default_rng(SEED)
    shuffled = [rng.permutation(len(said)) for _ in range(SHUFFLES)]
    return Check(known, sum(map(len, linked)) - known, _share(asked, said),
                 np.array([_share(asked, [said[i] for i in order]) for order in shuffled]))


def _share(asked: Sequence[Sequence[set[str]]], said: Sequence[set[str]]) -> float:
    """Of all words asked for, the share of which a meant gloss was said in the same place."""
    hits = [bool(meant & glosses) for words, glosses in zip(asked, said, strict=True) for meant in words]
    return float(np.mean(hits)) if hits else float("nan")
