"""Common code of the readers of sentence corpora: `|`-separated tables, and the locations of media."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slr.corpora.problems import Problem
from slr.corpora.reading import is_image_folder, is_video, missing, nfc, read_text, row, stays_inside
from slr.errors import CorpusError
from slr.io.video import VIDEO_SUFFIXES


class Sentence(NamedTuple):
    """One sentence of a corpus.

    Attributes
    ----------
    name : str
        The clip's id.
    annotation : str
        Its glosses, separated by spaces.
    signer : str or None
    split : str
        The manifest's name of it.
    places : iterable of Path
        Possible locations of its media, in search order: folders of images, or videos without suffix.
    translation : str
        The sentence in a spoken language; empty if unknown.
    """

    name: str
    annotation: str
    signer: str | None
    split: str
    places: Iterable[Path]
    translation: str = ""


def read_table(path: Path, columns: Sequence[str], problems: list[Problem]) -> Iterator[dict[str, str]]:
    """The lines of a table as dicts keyed by its header; a line with a different number of fields is a problem.

    Raises
    ------
    CorpusError
        If the file can't be read, or lacks a column.
    """
    lines = read_text(path).splitlines()
    header = [name.strip() for name in lines[0].split("|")] if lines else []
    if absent := [name for name in columns if name not in header]:
        raise CorpusError(f"{path} has no column '{absent[0]}' (found: {', '.join(header) or 'nothing'}); use the "
                          "released file, with | between its columns")
    for number, line in enumerate(lines[1:], start=2):
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == len(header):
            yield dict(zip(header, fields, strict=True))
        elif line.strip():
            problems.append(Problem(f"{path.name} line {number}", "bad-line", "error",
                                    f"{len(fields)} fields for {len(header)} columns: {line[:80]!r}",
                                    "use the released file, or remove the line"))


def sentence_rows(root: Path, sentences: Iterable[Sentence], fps: float, problems: list[Problem], *,
                  way_out: str) -> Iterator[dict[str, Any]]:
    """Rows of the sentences whose media exist; the others become one problem, `missing-video`, per split.

    Parameters
    ----------
    fps : float
        Frame rate of the folders of images; a video's own times take precedence.
    way_out : str
        Remedy: where to put missing media.
    """
    totals: dict[str, int] = {}
    absent: dict[str, list[str]] = {}
    for sentence in sentences:
        totals[sentence.split] = totals.get(sentence.split, 0) + 1
        glosses = nfc(sentence.annotation).split()
        if not glosses:
            problems.append(Problem(sentence.name, "gloss-missing", "error", "it has no glosses",
                                    "remove its line, or add them"))
            continue
        found = next(filter(None, map(_media, sentence.places)), None)
        if found is None:
            absent.setdefault(sentence.split, []).append(sentence.name)
            continue
        media = (found.relative_to(root) if found.is_relative_to(root) else found).as_posix()
        if stays_inside(root, media, sentence.name, problems):
            yield row(sentence.name, media, glosses, signer=sentence.signer, split=sentence.split,
                      fps=fps if found.is_dir() else None, translation=nfc(sentence.translation) or None)
    problems += [missing("missing-video", names, totals[split], f"of {split} have no frames or video in {root}",
                         way_out) for split, names in absent.items()]


def _media(place: Path) -> Path | None:
    """The folder of images, or the video of that name; None if neither exists."""
    if is_image_folder(place):
        return place
    return next((path for suffix in VIDEO_SUFFIXES if is_video(path := place.with_name(place.name + suffix))), None)
