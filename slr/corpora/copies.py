"""Problems of recordings that are in a corpus twice: one in training, the other in the test set, spoil every result."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from slr.corpora.films import LANDMARKS, PICTURES, Film, film_of, film_of_landmarks, near_copies
from slr.corpora.imported import landmark_format
from slr.corpora.problems import Problem
from slr.errors import ClipError, CorpusError
from slr.io.video import read_video
from slr.io.workers import map_unordered
from slr.params import CorpusParams
from slr.params.corpora import comes_as_landmarks

_SHOWN = 3


def copies(params: CorpusParams, clips: pd.DataFrame, contents: Mapping[str, str],
           movements: Mapping[str, np.ndarray | None], workers: int = 0) -> Iterator[Problem]:
    """Recordings with the same bytes (`duplicate-content`), and those that show the same (`near-copy`).

    An error where one could be in training and the other in the test set, a warning if the corpus puts both into one
    split.

    Parameters
    ----------
    params : CorpusParams
    clips : DataFrame
        The manifest's rows.
    contents : dict of str to str
        A hash of each recording's content; empty if it can't be read.
    movements : dict of str to (D,) array or None
        See `slr.corpora.films.movement`; None if it can't be read.
    workers : int, default 0
        Processes that decode the few recordings which are looked at closely; 0 for one per core.
    """
    of_media = dict(iter(clips.groupby("media")))
    first: dict[str, str] = {}
    for name in sorted(contents):
        if contents[name] and first.setdefault(contents[name], name) != name:
            yield _problem("duplicate-content", "the same bytes as", name, first[contents[name]], of_media)

    def films(names: Sequence[str]) -> dict[str, Film]:
        return _landmark_films(params, names) if comes_as_landmarks(params.name) else _films(params, names, workers)

    once = {name: found for name, found in movements.items() if found is not None and first[contents[name]] == name}
    bars = LANDMARKS if comes_as_landmarks(params.name) else PICTURES
    for other, name in near_copies(once, films, bars, same=lambda one, other: False):
        yield _problem("near-copy", "shows the same as", name, other, of_media)


def may_cross(one: set[str | None], other: set[str | None]) -> bool:
    """Whether recordings of these splits could be in different ones: not if both are in the same, which is known."""
    return None in one | other or len(one | other) > 1


def described(clips: pd.DataFrame) -> str:
    """The splits and glosses of one recording's clips, for a message."""
    names = sorted(split or "no split" for split in _splits(clips))
    glosses = list(dict.fromkeys(" ".join(glosses) or "no gloss" for glosses in clips.glosses))
    shown = ", ".join(glosses[:_SHOWN]) + (", ..." if len(glosses) > _SHOWN else "")
    return f"{' and '.join(names)}: {shown}"


def _problem(kind: str, how: str, name: str, other: str, of_media: Mapping[str, pd.DataFrame]) -> Problem:
    here, there = of_media[name], of_media[other]
    reason = f"{described(here)}; {how} '{other}' ({described(there)})"
    if may_cross(_splits(here), _splits(there)):
        return Problem(name, kind, "error", reason,
                       "remove one of them: a copy in training makes the test meaningless")
    return Problem(name, kind, "warning", reason, "remove one of them: it counts twice")


def _splits(clips: pd.DataFrame) -> set[str | None]:
    return {None if pd.isna(split) else split for split in clips.split}


def _films(params: CorpusParams, names: Sequence[str], workers: int) -> dict[str, Film]:
    places = [(Path(params.root) / name, name) for name in names]
    return {done.item[1]: done.result for done in map_unordered(_film, places, workers) if done.error is None}


def _film(place: tuple[Path, str]) -> Film:
    return film_of(read_video(place[0]))


def _landmark_films(params: CorpusParams, names: Sequence[str]) -> dict[str, Film]:
    load = landmark_format(params.name).load
    found = {}
    for name in names:
        try:
            found[name] = film_of_landmarks(load(params.root, name, params.imported))
        except (ClipError, CorpusError):  # changed meanwhile
            continue
    return found
