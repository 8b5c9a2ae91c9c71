"""RWTH-BOSTON-104: 201 sentences of American Sign Language by 3 signers, as tracks of both hands and the nose.

Layout
------
As in Udacity's release: `hands_condensed.csv` (`video,frame,left-x,left-y,right-x,right-y,nose-x,nose-y`), made from
the manually annotated hand positions in every frame of the database (Dreuw et al., LREC 2008); `train_words.csv` (161
videos) and `test_words.csv` (the 40 others): `video,speaker,word,startframe,endframe`; `speaker.csv`: `video,speaker`.

Content of the files
--------------------
- 15,746 frames, 41 to 162 per video, numbered from 0 without gaps. No position is missing: no -1, no 0. Pixels, x to
  the right and y down: x from 54 to 290, y from 22 to 251. The frame size isn't specified; it is assumed to be `SIZE`,
  so that x and y have the same scale. The frame rate, 30 per second, is from the publication.
- Left and right are the signer's: the left hand is right of the other in the image in 84 % of the frames. Positions are
  whole pixels, and constant while a hand rests: 62 % of the steps of the left hand, 37 % of the right one's.
- 888 words, 1 to 8 per video, 3 to 30 frames each; both ends are included, so that `endframe` is at most the last
  frame. They are in order but touch: 113 of the 687 words that follow another one begin on its last frame, and 8 one or
  two frames before that. The segments keep these overlaps (of at most 3 frames).
- Words cover 9,512 frames. The remaining frames, before, between and after them, are rest and transitions between
  signs.
- 112 glosses in training, and one (MUST) only in the test sentences. Variants are glosses of their own (GO, GO1, GO2).
- Every signer is in both splits: there are no held-out signers.
"""

from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from slr.corpora.imported.recordings import place, same_file
from slr.corpora.problems import Problem
from slr.corpora.reading import Scan, collect, missing, nfc, read_text, require_folder, row
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ClipError, CorpusError
from slr.params import ImportedParams

FPS = 30.0
SIZE = (320, 256)
"""Width and height of a frame that contains all positions."""
LAYOUT = "the folder with hands_condensed.csv, speaker.csv, train_words.csv and test_words.csv of RWTH-BOSTON-104"
TRACKS = "hands_condensed.csv"
_WORDS = {"train": "train_words.csv", "test": "test_words.csv"}
_PREFIXES = {"nose": "nose", "left_hand": "left", "right_hand": "right"}
"""Column prefixes of the skeleton's joints."""


class _Word(NamedTuple):
    """A word of a sentence, as a segment of the manifest; frames half-open."""

    start: int
    end: int
    label: str


def joints(root: str | Path, settings: ImportedParams) -> Skeleton:
    """Nose, left and right hand, independent of the settings."""
    return skeleton("boston-3")


def scan(root: str | Path, *, subset: str | None = None, workers: int = 0) -> Scan:
    """The sentences `<video>` (three digits), or their words `<video>@<startframe>-<endframe>`.

    Parameters
    ----------
    root : path
        Folder of the four files.
    subset : {"words"}, optional
        `words` gives each word as a clip with one gloss; None gives whole sentences with words as segments.
    workers : int
        Not used, but part of the reader interface.

    Returns
    -------
    clips : DataFrame
        The manifest's columns; the split is the official one, `train` or `test`.
    problems : list of Problem
        Kinds: `bad-line` (frames beyond the video), `duplicate-id` (a word listed twice, or a video in both splits),
        `missing-video` (words of videos without a track), `gloss-missing` (tracks without words).

    Raises
    ------
    CorpusError
        If a file is missing or lacks a column, or a number can't be read.
    """
    root = require_folder(root)
    n_frames = {video: len(track) for video, track in _tracks(same_file(_file(root, TRACKS))).items()}
    signers = dict(_table(_file(root, "speaker.csv"), {"video": "int64", "speaker": "str"}).itertuples(index=False))
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
    seen: set[int] = set()
    absent: set[int] = set()
    for split, name in _WORDS.items():
        for video, words in _words(_file(root, name), n_frames, problems, absent).items():
            seen.add(video)
            rows += _rows(video, words, signers.get(video), split, by_word=subset == "words")
    if absent:
        problems.append(missing("missing-video", [str(video) for video in sorted(absent)], len(seen | absent),
                                f"have no track in {TRACKS}", "use the released file, or remove their words"))
    if wordless := sorted(n_frames.keys() - seen):
        problems.append(missing("gloss-missing", [str(video) for video in wordless], len(n_frames),
                                f"of {TRACKS} have no words", "add their words, or remove their tracks"))
    return collect(rows, problems), problems


def load(root: str | Path, media: str, settings: ImportedParams) -> ClipLandmarks:
    """One sentence, (T, 3, 2) in fractions of `SIZE`; raises ClipError if there is no such video in the file."""
    path, video = place(root, media)
    tracks = _tracks(same_file(path))
    if video not in tracks:
        raise ClipError(f"{path} has no video {video}; run `dvc repro corpus` again")
    return ClipLandmarks(media, FPS, *SIZE, (tracks[video] / SIZE).astype(np.float32))


def _rows(video: int, words: list[_Word], signer: str | None, split: str, *, by_word: bool) -> list[dict[str, Any]]:
    """The rows of one sentence: the sentence itself, or its words."""
    media = f"{TRACKS}#{video}"
    if by_word:
        return [row(f"{video:03d}@{word.start}-{word.end - 1}", media, [word.label], signer=signer, split=split,
                    fps=FPS, start_frame=word.start, end_frame=word.end) for word in words]
    sentence = row(f"{video:03d}", media, [word.label for word in words], signer=signer, split=split, fps=FPS)
    return [sentence | {"segments": [word._asdict() for word in words]}]


def _words(path: Path, n_frames: dict[int, int], problems: list[Problem], absent: set[int]) -> dict[int, list[_Word]]:
    """Words by video, ordered by start; videos without a track are added to `absent`."""
    found: dict[int, list[_Word]] = {}
    table = _table(path, {"video": "int64", "word": "str", "startframe": "int64", "endframe": "int64"})
    for number, (video, word, start, end) in enumerate(table.itertuples(index=False), start=2):
        if video not in n_frames:
            absent.add(video)
        elif not 0 <= start <= end < n_frames[video]:
            problems.append(Problem(f"{path.name} line {number}", "bad-line", "error",
                                    f"frames {start} to {end} of video {video}, which has {n_frames[video]}",
                                    "use the released file, or correct the line"))
        else:
            found.setdefault(video, []).append(_Word(start, end + 1, nfc(word)))
    return {video: sorted(words) for video, words in found.items()}


@lru_cache(maxsize=1)
def _tracks(file: tuple[str, int, int]) -> dict[int, np.ndarray]:
    """(T, 3, 2) pixels of each video in the skeleton's order, cached until the file changes."""
    path = Path(file[0])
    columns = [f"{_PREFIXES[joint]}-{axis}" for joint in skeleton("boston-3").joints for axis in "xy"]
    table = _table(path, {"video": "int64", "frame": "int64", **dict.fromkeys(columns, "float64")})
    tracks = {}
    for video, frames in table.groupby("video"):
        frames = frames.sort_values("frame")
        if not np.array_equal(frames["frame"], np.arange(len(frames))):
            raise CorpusError(f"{path}: the frames of video {video} are not 0, 1, 2, ...; download the file again")
        tracks[int(video)] = frames[columns].to_numpy().reshape(len(frames), -1, 2)
    return tracks


def _file(root: Path, name: str) -> Path:
    path = root / name
    if not path.is_file():
        raise CorpusError(f"{root} has no {name}; set corpus.root to {LAYOUT}")
    return path


def _table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """These columns of a CSV, in this order and with these types."""
    try:
        table = pd.read_csv(StringIO(read_text(path)), dtype=columns, keep_default_na=False)
        return table[list(columns)]
    except KeyError as error:
        raise CorpusError(f"{path} lacks a column ({error.args[0]}); is it RWTH-BOSTON-104's?") from None
    except (ValueError, OverflowError, pd.errors.ParserError) as error:
        raise CorpusError(f"{path} can't be read ({' '.join(str(error).split())}); download it again") from None
