"""Validation of a whole corpus before any computation, listing all problems."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from slr.corpora import scanning
from slr.corpora.copies import copies
from slr.corpora.films import Filming, film_of_landmarks, movement
from slr.corpora.imported import landmark_format
from slr.corpora.landmark_checks import LandmarkChecks
from slr.corpora.lookalikes import lookalikes
from slr.corpora.problems import EXAMPLES, Problem, by_kind, errors
from slr.dataset.landmarks import check_landmarks
from slr.dataset.manifest import is_gallery
from slr.dataset.splits import MIN_SIGNERS
from slr.errors import ClipError, CorpusError
from slr.io.files import file_hash
from slr.io.progress import progress
from slr.io.video import read_video
from slr.io.workers import map_unordered
from slr.params import CorpusParams
from slr.params.corpora import BUILT_IN, comes_as_landmarks

MIN_FRAMES = 5
"""Clips with fewer frames are too short to show a sign."""
OUTLIER = 3.5
"""Modified z-score of an outlier (Iglewicz and Hoaglin, 1993)."""
_MIN_SPREAD = 0.1
# In natural logarithm: if nearly all clips are equal (MAD of 0), only ratios above exp(3.5 * 0.1 / 0.6745) = 1.7 count.
_MIN_SAMPLE = 8
_SLACK = 1.02
"""Tolerance of a bounding box beyond the image: rounding, and encoders that drop a row."""


@dataclass(frozen=True)
class Media:
    """Result of decoding a file: `content` is the hash of its bytes, `reason` why it can't be used (or None).

    `movement` is what moves where in it (`slr.corpora.films`).
    """

    n_frames: int = 0
    fps: float = 0.0
    width: int = 0
    height: int = 0
    content: str = ""
    reason: str | None = None
    movement: np.ndarray | None = field(default=None, compare=False)


def check_corpus(params: CorpusParams, workers: int = 0,
                 foreseen: Callable[[pd.DataFrame], Iterable[Problem]] = lambda clips: ()) -> list[Problem]:
    """Decode every recording of a corpus and list all problems, errors first.

    Parameters
    ----------
    params : CorpusParams
        The recordings of the built-in corpus are synthetic and have no problems; they aren't drawn.
    workers : int, default 0
        Processes; 0 for one per core.
    foreseen : callable, optional
        Further problems of the manifest's rows: `slr.partition.feasible.foreseen`.

    Returns
    -------
    list of Problem
        Kinds: those of the corpus's reader (layout, annotations), and `unreadable`, `outside-range`, `outside-box`,
        `too-short`, `duplicate-content`, `near-copy`, `one-clip`, `similar-glosses`, `similar-signers`,
        `signer-unknown`, `few-signers`, `size-outlier`, `duration-outlier`; those of `slr.corpora.landmark_checks` for
        landmarks; and those of `foreseen`.

    Raises
    ------
    CorpusError
        If the corpus as a whole can't be read, or has no clips.
    """
    if params.name == BUILT_IN:
        from slr.corpora.sample.corpus import planned

        return list(foreseen(planned(params.sample)))
    clips, problems = scanning.scan(params, workers)
    if clips.empty and not problems:
        raise CorpusError(f"corpus {params.root} has no clips; expected {scanning.module_of(params.name).LAYOUT}")
    if not clips.empty:
        looked = LandmarkChecks(params)
        media = (inspect_landmarks(params, clips.media.unique(), looked) if comes_as_landmarks(params.name)
                 else inspect_media(Path(params.root), clips.media.unique(), workers))
        contents, movements = ({name: getattr(file, attribute) for name, file in media.items()}
                               for attribute in ("content", "movement"))
        problems += [*copies(params, clips, contents, movements, workers)]
        problems += [*_media_problems(clips, media), *_glosses(clips), *_signers(clips),
                     *lookalikes(clips), *_outliers(clips, media), *looked.problems(clips), *foreseen(clips)]
    return sorted(problems, key=lambda problem: (problem.severity, problem.kind, problem.clip))


def print_problems(problems: Sequence[Problem], every: bool = False) -> None:
    """Print problems by kind, errors first, each kind with its number, some examples and its remedy; then the totals.

    Names are never truncated, so that they can be searched for and piped.

    Parameters
    ----------
    problems : sequence of Problem
    every : bool, default False
        All of each kind instead of the first `slr.corpora.problems.EXAMPLES`, with the names of all clips.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    if not problems:
        console.print("no problems: `dvc repro` can start")
        return
    for same in by_kind(sorted(problems, key=lambda p: (p.severity, p.kind, p.way_out, p.clip))):
        severity, kind, number = same[0].severity, same[0].kind, len(same)
        console.print(Text(f"{severity}: {kind} ({number})", style="red" if severity == "error" else "yellow"))
        for way_out, alike in groupby(same if every else same[:EXAMPLES], key=lambda problem: problem.way_out):
            for problem in alike:
                console.print(Text(f"  {problem.clip}: {problem.reason}" if problem.clip else f"  {problem.reason}"))
                if every and problem.items:
                    console.print(Text(f"    all {problem.count}: {', '.join(problem.items)}"))
            console.print(Text(f"  -> {way_out}", style="dim"))
        if not every and number > EXAMPLES:
            console.print(Text(f"  ... and {number - EXAMPLES} more: slr check --all"))
    n_errors = len(errors(problems))
    console.print(f"errors: {n_errors}, warnings: {len(problems) - n_errors}"
                  + (" (errors stop `dvc repro`, or spoil its results)" if n_errors else ""))


def inspect_media(root: Path, media: Sequence[str], workers: int = 0) -> dict[str, Media]:
    """Decode each file (or folder of images) below `root`, in worker processes."""
    found: dict[str, Media] = {}
    with progress("check", total=len(media), unit="file") as advance:
        for done in map_unordered(_inspect, [(root, name) for name in media], workers):
            found[done.item[1]] = done.result if done.error is None else Media(reason=str(done.error))
            advance()
    return found


def inspect_landmarks(params: CorpusParams, media: Sequence[str], looked: LandmarkChecks) -> dict[str, Media]:
    """Read each recording of a landmark corpus, and let `looked` see it."""
    reader = landmark_format(params.name)
    joints = reader.joints(params.root, params.imported)
    found: dict[str, Media] = {}
    channels = None
    with progress("check", total=len(media), unit="recording") as advance:
        for name in media:
            try:
                recording = reader.load(params.root, name, params.imported)
                check_landmarks(recording, joints, channels)
                looked.add(name, recording, joints)
                channels = recording.coordinates.shape[2]
                content = hashlib.md5(recording.coordinates.tobytes(), usedforsecurity=False).hexdigest()
                found[name] = Media(len(recording), recording.fps, recording.width, recording.height, content,
                                    movement=movement(film_of_landmarks(recording)))
            except (ClipError, CorpusError) as error:
                found[name] = Media(reason=str(error))
            advance()
    return found


def _inspect(place: tuple[Path, str]) -> Media:
    root, name = place
    path = root / name
    filming = Filming()
    try:
        frames = filming.passing(read_video(path))
        first = last = next(frames)
        for frame in frames:
            last = frame
    except ClipError as error:
        return Media(reason=str(error))
    height, width = last.image.shape[:2]
    span_s = last.timestamp_s - first.timestamp_s
    return Media(last.number + 1, last.number / span_s if span_s else 0.0, width, height, file_hash(path),
                 movement=movement(filming.film()))


def _media_problems(clips: pd.DataFrame, media: dict[str, Media]) -> Iterator[Problem]:
    """Undecodable files, ranges outside a file, and clips of only a few frames."""
    for clip in clips.itertuples():
        file = media[clip.media]
        if file.reason is not None:
            yield Problem(clip.clip_id, "unreadable", "error", f"'{clip.media}': {file.reason}",
                          "replace the file, or remove it")
            continue
        start, end = _range(clip, file)
        if start >= file.n_frames:
            yield Problem(clip.clip_id, "outside-range", "error",
                          f"starts at frame {start}, but '{clip.media}' has {file.n_frames}",
                          "correct start_s and end_s")
        elif not pd.isna(clip.end_frame) and clip.end_frame > file.n_frames + 1:  # one for rounding of seconds
            yield Problem(clip.clip_id, "outside-range", "warning",
                          f"ends at frame {clip.end_frame}, but '{clip.media}' has {file.n_frames}", "correct end_s")
        if clip.bbox is not None and (clip.bbox[2] > _SLACK * file.width or clip.bbox[3] > _SLACK * file.height):
            yield Problem(clip.clip_id, "outside-box", "warning",
                          f"its box {list(clip.bbox)} goes beyond its picture of {file.width} x {file.height} pixels",
                          "get the video in the size that was annotated, or set corpus.crop: none")
        if reason := few_frames(end - start):
            yield Problem(clip.clip_id, "too-short", "warning", reason,
                          "record it again, or remove it if it shows no sign")


def few_frames(n_frames: int) -> str | None:
    """What is wrong with a clip of so few frames; None if they are enough."""
    return f"only {n_frames} frame{'' if n_frames == 1 else 's'}" if 0 < n_frames < MIN_FRAMES else None


def _range(clip: Any, file: Media) -> tuple[int, int]:
    """A clip's first frame and end frame in its file."""
    start = 0 if pd.isna(clip.start_frame) else int(clip.start_frame)
    return start, file.n_frames if pd.isna(clip.end_frame) else min(int(clip.end_frame), file.n_frames)


def _duration_s(clip: Any, file: Media) -> float:
    start, end = _range(clip, file)
    return max(0, end - start) / file.fps


def _glosses(clips: pd.DataFrame) -> Iterator[Problem]:
    if is_gallery(clips):  # which is one problem, not one of each gloss
        return
    single = clips.glosses[clips.glosses.map(len) == 1].map(lambda glosses: glosses[0]).value_counts()
    for gloss in single.index[single == 1]:
        yield Problem(gloss, "one-clip", "warning", "this gloss has one clip, so it is trained or tested, not both",
                      "record more, or leave the gloss out")


def _signers(clips: pd.DataFrame) -> Iterator[Problem]:
    unknown = int(clips.signer.isna().sum())
    if unknown:
        yield Problem("", "signer-unknown", "warning", f"the signer of {unknown} of {len(clips)} clips is unknown",
                      "name signers in a CSV's column 'signer': only then can accuracy on unseen people be measured")
    elif clips.signer.nunique() < MIN_SIGNERS:
        yield Problem("", "few-signers", "warning", f"signers: {clips.signer.nunique()}, too few for a split by signer",
                      f"with at least {MIN_SIGNERS}, accuracy on unseen people can be measured")


def _outliers(clips: pd.DataFrame, media: dict[str, Media]) -> Iterator[Problem]:
    """Clips far longer or shorter than the others, and images far larger or smaller."""
    usable = [clip for clip in clips.itertuples() if media[clip.media].fps > 0]
    durations = [_duration_s(clip, media[clip.media]) for clip in usable]
    for index in outliers(durations):
        yield Problem(usable[index].clip_id, "duration-outlier", "warning",
                      f"{durations[index]:.1f} s long; the others {np.median(durations):.1f} s (median)",
                      "look whether it shows what its gloss says, and nothing else")
    names = sorted(name for name, file in media.items() if file.n_frames)
    sides = [min(media[name].width, media[name].height) for name in names]
    for index in outliers(sides):
        file = media[names[index]]
        yield Problem(names[index], "size-outlier", "warning",
                      f"{file.width} x {file.height}; the others' short side is {np.median(sides):.0f} (median)",
                      "look whether it was cut or scaled differently")


def outliers(values: Sequence[float]) -> np.ndarray:
    """Indices of positive `values` whose logarithm is far from the median, by the median absolute deviation.

    The modified z-score of Iglewicz and Hoaglin (1993), at least `OUTLIER`; none among fewer than eight values.
    """
    if len(values) < _MIN_SAMPLE:
        return np.array([], np.int64)
    logs = np.log(np.maximum(values, 1e-6))
    distance = np.abs(logs - np.median(logs))
    return np.flatnonzero(0.6745 * distance / max(np.median(distance), _MIN_SPREAD) > OUTLIER)
