"""USTC-CSL: 100 sentences of Chinese Sign Language, five times by each of 50 signers (Huang et al., AAAI 2018).

Layout
------
As released: `corpus.txt` with a line `000000 <sentence>` for each folder `color/000000`, and there the videos
`P01_s1_00_0_color.avi` (or `..._0._color.avi`) of signer P01, or folders of images with these names, 30 per second.
There is no list of splits: P41 to P50 are tested, as in Split I of the papers and in other projects' lists.

The sentences of `corpus.txt` aren't separated into words. A list of words beside it, `dictionary.txt` (number, tab,
word) or `voc.txt` (a word a line), separates them, by the longest word that fits next; without one each character is a
gloss.

As other projects prepare it, with the words of published results: `train.txt`, `dev.txt` and, if there is a validation
set, `test.txt`, of lines `<folder>/video450|<words>`, and folders of images (or videos) `video450` in the root. Without
a test.txt, dev.txt has the sentences to test on. These names don't tell the signer.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, is_video, missing, nfc, read_text, require_folder
from slr.corpora.sentences import Sentence, sentence_rows
from slr.errors import CorpusError
from slr.io.files import entries

LAYOUT = "ROOT/corpus.txt and ROOT/color/000000/P01_s1_00_0_color.avi, or ROOT/{train,dev}.txt and ROOT/video450/*.jpg"
FPS = 30.0
TRAINED = 40
"""Signers with a higher number are tested."""
_CORPUS, _LISTS, _WORDS = "corpus.txt", ("train.txt", "dev.txt", "test.txt"), ("dictionary.txt", "voc.txt")
_LINE = re.compile(r"(\d+)\s+(\S.*)")
_NAME = re.compile(r"(P(\d+)_s\d+_\d+_\d+)(\.?_color)?")
_ALTERNATIVES = re.compile("[（）()、]")


def scan(root: str | Path, annotations: str | Path | None = None, *, workers: int = 1) -> Scan:
    """Read the sentences that exist, and list what is missing or wrong.

    Parameters
    ----------
    root : path
        The release, or the folder of the folders of images.
    annotations : path, optional
        Folder of corpus.txt, or of train.txt and dev.txt, which take precedence; default: the root.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the id is `000000_P01_s1_00_0`, or `video450`.
    problems : list of Problem
        Kinds: `bad-line`, `gloss-missing`, `ignored-file`, `duplicate-id`, `outside-root`, `missing-video`.

    Raises
    ------
    CorpusError
        If the root or the lists are missing.
    """
    root = require_folder(root)
    folder = root if annotations is None else Path(annotations)
    problems: list[Problem] = []
    if (folder / _LISTS[0]).is_file():
        sentences = _listed(root, folder, problems)
    elif (folder / _CORPUS).is_file():
        sentences = _released(root, folder, problems)
    else:
        raise CorpusError(f"{folder} has neither {_CORPUS} nor {_LISTS[0]}; set corpus.root to the release, or "
                          "corpus.annotations to the folder of one of them")
    rows = sentence_rows(root, sentences, FPS, problems, way_out="put the released recordings there, or set "
                                                                 "corpus.on_error: skip")
    return collect(rows, problems), problems


def _released(root: Path, folder: Path, problems: list[Problem]) -> Iterator[Sentence]:
    """The recordings in the folders of the sentences in corpus.txt; a folder that isn't there is a problem."""
    words = _words(folder)
    texts: dict[str, str] = {}
    for number, line in enumerate(read_text(folder / _CORPUS).splitlines(), start=1):
        found = _LINE.fullmatch(line.strip())
        if found:
            texts[found[1]] = found[2]
        elif line.strip():
            problems.append(_bad_line(_CORPUS, number, line, "<number> <sentence>"))
    home = root / "color" if (root / "color").is_dir() else root
    absent = []
    for sentence, text in texts.items():
        names = _recordings(home / sentence, problems)
        if not names:
            absent.append(sentence)
        glosses = " ".join(_separated(nfc(text), words))
        for name, (recording, signer) in names.items():
            yield Sentence(f"{sentence}_{recording}", glosses, f"P{signer}",
                           "train" if int(signer) <= TRAINED else "test", [home / sentence / name])
    if absent:
        problems.append(missing("missing-video", absent, len(texts), f"of {_CORPUS} have no recordings in {home}",
                                "put the released folders there, or set corpus.on_error: skip"))


def _recordings(folder: Path, problems: list[Problem]) -> dict[str, tuple[str, str]]:
    """The recordings of a sentence by their names without suffix: without the ending `_color`, and the signer."""
    found = {}
    for entry in entries(folder):
        if not (entry.is_dir() or is_video(entry)):
            continue
        name = entry.name if entry.is_dir() else entry.stem
        parts = _NAME.fullmatch(name)
        if parts is None:
            problems.append(Problem(f"{folder.name}/{entry.name}", "ignored-file", "warning",
                                    "its name isn't like P01_s1_00_0_color",
                                    "rename it, or leave it"))
        else:
            found[name] = (parts[1], parts[2])
    return found


def _words(folder: Path) -> dict[str, str]:
    """The gloss of each word: the first of the alternatives in its line; none without a list."""
    path = next((folder / name for name in _WORDS if (folder / name).is_file()), None)
    words: dict[str, str] = {}
    for line in read_text(path).splitlines() if path else ():
        alternatives = _ALTERNATIVES.sub(" ", nfc(line.rpartition("\t")[2])).split()
        words |= {word: alternatives[0] for word in alternatives}
    return words


def _separated(text: str, words: Mapping[str, str]) -> Iterator[str]:
    """The glosses of a sentence: at its spaces, and between them the longest word that fits next, else a character."""
    longest = max(map(len, words), default=1)
    for part in text.split():
        while part:
            size = next((n for n in range(min(longest, len(part)), 1, -1) if part[:n] in words), 1)
            yield words.get(part[:size], part[:size])
            part = part[size:]


def _listed(root: Path, folder: Path, problems: list[Problem]) -> Iterator[Sentence]:
    """The sentences of train.txt, dev.txt and test.txt."""
    tested = (folder / _LISTS[2]).is_file()
    for list_name, split in zip(_LISTS, ("train", "val" if tested else "test", "test"), strict=True):
        path = folder / list_name
        for number, line in enumerate(read_text(path).splitlines() if path.is_file() else (), start=1):
            place, bar, glosses = line.partition("|")
            name = PurePosixPath(place.strip()).name
            if bar and name:
                yield Sentence(name, glosses, None, split, [root / name])
            elif line.strip():
                problems.append(_bad_line(list_name, number, line, "<folder>|<words>"))


def _bad_line(name: str, number: int, line: str, expected: str) -> Problem:
    return Problem(f"{name} line {number}", "bad-line", "error", f"{line[:80]!r} is not {expected}",
                   "use the released file, or remove the line")
