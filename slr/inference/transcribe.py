"""Transcription of videos of any length: segments of signing, and their glosses, with times.

Landmarks are written to a temporary file as they are extracted, and windows and segments of signing are read from it:
apart from a few numbers per frame, memory holds only the part of a video that is being recognised. An RGB model reads
the video a second time, once the segments are known.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from slr.dataset import provenance
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.errors import ClipError, ModelError
from slr.extraction.persons import PeopleCheck
from slr.extraction.video import stream_landmarks
from slr.inference.model import TrainedModel, load_model
from slr.inference.notes import Note, model_notes, picture_notes
from slr.inference.recognisers import LONGEST_S, recogniser_of
from slr.inference.spool import Spool
from slr.inference.video import video_reader
from slr.io.progress import progress
from slr.io.video import announced_frames
from slr.models.device import choose_device
from slr.params.persons import Person
from slr.preprocessing.clips import cut
from slr.segments import Segment
from slr.segments.files import Tiers
from slr.segments.finding import MIN_LENGTH_S, segments_of
from slr.segments.frames import frame_probabilities

SIGNING, GLOSSES = "signing", "glosses"
"""Tiers of the output; the first is also the label of its segments."""
BLOCK = 512
"""Frames whose windows are processed together."""
AROUND_S = 0.3
"""Context in seconds before and after a segment of signing that is passed to the recogniser, which was trained with
pauses."""


class Transcription(NamedTuple):
    """The tiers of a video, and notes: why there is no gloss, and what may make the others wrong."""

    tiers: dict[str, list[Segment]]
    notes: list[Note]


class Transcriber:
    """Detects signing in videos and, with a recogniser, transcribes it.

    Parameters
    ----------
    detector : path or None
        Folder of a detection model; without one, the entire video is recognised.
    recogniser : path, optional
        Folder of a sentence model, from landmarks or RGB frames.
    any_extractor : bool, default False
        See `slr.inference.predict.Predictor`.
    dataset : Dataset, optional
        Where clips are that are given by their id; by default the pipeline's.
    device : str, default "cpu"
        See `slr.models.device.choose_device`.
    person : str or tuple, optional
        See `slr.inference.predict.Predictor`.

    Raises
    ------
    ParamsError
        If this machine doesn't have the device.
    ModelError
        If a model is missing or has another task, was trained on landmarks of another extractor, or the two were
        trained on landmarks that were made differently; says what differs.
    ValueError
        If there is neither a detector nor a recogniser.

    Examples
    --------
    >>> Transcriber("models/sca_stgcn_detection", "models/pose_ctc")("talk.mp4")["glosses"][0]
    Segment(start_s=1.2, end_s=1.73, label='hello', score=0.98)
    """

    def __init__(self, detector: str | Path | None, recogniser: str | Path | None = None, any_extractor: bool = False,
                 device: str = "cpu", dataset: Dataset | None = None, person: Person | None = None):
        if detector is None and recogniser is None:
            raise ValueError("neither a detector nor a recogniser is given")
        on = choose_device(device, "device")
        self.detector = None if detector is None else replace(load_model(detector, "detection", on), person=person)
        self.recogniser = None if recogniser is None else recogniser_of(
            replace(load_model(recogniser, "continuous", on), person=person))
        self._landmark_models = [] if self.detector is None else [self.detector]
        if self.recogniser is not None:
            self._landmark_models += self.recogniser.landmark_models
        self.dataset = dataset or Dataset()
        readers = [video_reader(model, any_extractor) for model in self._landmark_models]
        self.reader = readers[0] if readers else None
        if len(self._landmark_models) == 2:
            policy = provenance.frames_and_joints if any_extractor else provenance.video
            first, second = (model.config["preprocessing"] for model in reversed(self._landmark_models))
            if different := provenance.differences(first, second, policy):
                raise ModelError(f"the model in {recogniser} was trained on landmarks that were made differently from "
                                 f"those of the one in {detector} ({'; '.join(different)}); train both on one corpus")

    def __call__(self, video: str | Path) -> dict[str, list[Segment]]:
        """The tiers of a video, or of a clip by its id: `signing` if there is a detector, `glosses` if there is a
        recogniser.

        Segments are in order, don't overlap others of their tier, and lie within the video, whose last frame is assumed
        to have the average duration. The score of a segment of signing is its mean probability, that of a gloss its
        maximum probability over the output frames.

        Raises
        ------
        ClipError
            If the video can't be read or no person is found in it, or if a model that reads videos is given an id.
        CorpusError
            If there is neither a file nor a clip of that name.
        SlrError
            If there is no disk space for its landmarks.
        """
        return self.transcribe(video).tiers

    def transcribe(self, video: str | Path) -> Transcription:
        """The same, with notes: why there is no gloss, a person small in the picture, a second one, a recogniser that
        knows invented signs only."""
        video = Path(video)
        if self.recogniser is not None and not self.recogniser.landmark_models and not video.exists():
            raise ClipError(f"{video}: there is no such file, and the recogniser reads videos; name the clip's video")
        if self.reader is None:
            assert self.recogniser is not None  # at least one of the two is given
            glosses = self.recogniser.glosses_throughout(video)
            return Transcription({GLOSSES: glosses}, [*model_notes(self.recogniser.trained), *_unread(glosses)])
        people = PeopleCheck()
        with self.spooled(video, people) as spool:
            edges_s = spool.edges_s
            if self.detector is None:
                signing, tiers = np.ones(len(spool)), {}
                found = [Segment(float(edges_s[0]), float(edges_s[-1]), SIGNING)]
            else:
                signing = signing_probabilities(self.detector, spool)
                found = segments_of(signing, edges_s, SIGNING, self.detector.config["training"]["threshold"])
                tiers = {SIGNING: found}
            notes = [*spool.seen.notes(), *picture_notes(people, self._landmark_models[0].frames.person is not None)]
            if self.detector is not None and not found:
                threshold = self.detector.config["training"]["threshold"]
                why = (f"its probability is at most {signing.max():.2f} in any frame, and {threshold:.2f} are needed"
                       if signing.max() < threshold else f"no stretch of it lasts {MIN_LENGTH_S:g} s")
                notes.insert(0, Note("no-signing", f"no signing was found: {why}" + (
                    "; --whole transcribes the entire video" if self.recogniser else "")))
            if self.recogniser is None:
                return Transcription(tiers, notes)
            bounds = list(pieces(found, signing, edges_s, self.recogniser.longest_s))
            glosses = self.recogniser.glosses(video, spool, bounds)
            return Transcription(tiers | {GLOSSES: glosses}, [
                *model_notes(self.recogniser.trained), *(_unread(glosses) if found else []), *notes])

    @contextmanager
    def spooled(self, video: Path, people: PeopleCheck | None = None) -> Iterator[Spool]:
        """The landmarks of all of a video's frames, for the duration of the context; raises like a call. `people` looks
        at the pictures of a file."""
        reader = self.reader
        assert reader is not None
        frames, source = stream_landmarks(video, self._store, lambda: reader, people)
        total = announced_frames(video, reader.frames.fps) if video.exists() else None
        with tempfile.TemporaryFile() as file:
            spool = Spool(file, source, [model.skeleton for model in self._landmark_models], reader.frames.fps)
            try:
                with progress("landmarks", total, unit="frame") as advance:
                    for frame in frames:
                        spool.append(frame.coordinates, frame.timestamp_s, frame.size)
                        advance()
                if not spool.seen.person:
                    raise ClipError(f"no person found in any of its {len(spool)} frames")
            except ClipError as error:
                raise ClipError(f"{video}: {error}") from None
            yield spool

    def _store(self) -> LandmarkStore:
        return cast(LandmarkStore, self._landmark_models[0].open(self.dataset))


def _unread(glosses: Sequence[Segment]) -> list[Note]:
    """The note that signing was passed to the recogniser, which found no gloss in it."""
    return [] if glosses else [Note("no-gloss", "the recogniser read no gloss in the signing: it may be none of the "
                                    "signs that it knows")]


def window_probabilities(detector: TrainedModel, spool: Spool) -> tuple[np.ndarray, np.ndarray]:
    """A detection model's probabilities for each window of a video; a shorter video is a single window.

    Returns
    -------
    starts : ndarray, (N,) int
        First frame of each window.
    probabilities : ndarray, (N, classes) float32
    """
    windows = detector.windows
    length = min(detector.window_frames, len(spool))
    starts = np.arange(0, len(spool) - length + 1, windows.stride)
    at_once = max(1, BLOCK // windows.stride)
    found = []
    for first in range(0, len(starts), at_once):
        of_block = starts[first:first + at_once]
        block = detector.clip(spool.clip(int(of_block[0]), int(of_block[-1]) + length), spool.source)
        clips = cut(block, [(0, int(start - of_block[0]), -1) for start in of_block], length)
        found.append(detector.probabilities(clips).numpy())
    return starts, np.concatenate(found)


def signing_probabilities(detector: TrainedModel, spool: Spool) -> np.ndarray:
    """(T,): the probability of signing in each frame of a video, averaged over the windows that cover it."""
    starts, probabilities = window_probabilities(detector, spool)
    positive = detector.labels.index(detector.windows.signing)
    return frame_probabilities(probabilities[:, positive], starts, detector.window_frames, len(spool))


def pieces(stretches: Sequence[Segment], signing: np.ndarray, edges_s: np.ndarray,
           longest_s: float = LONGEST_S) -> Iterator[tuple[int, int]]:
    """Pieces to recognise at once, as half-open frame ranges.

    Segments of signing with a context of `AROUND_S` on both sides, at most to the middle of the pause before the next
    segment. A piece longer than `longest_s` is split where signing is least probable, in the second half of that time;
    at the last such frame if tied.

    Parameters
    ----------
    stretches : sequence of Segment
    signing : ndarray, (T,)
        Probability of signing in each frame.
    edges_s : ndarray, (T + 1,)
        See `slr.segments.frames.frame_edges`.
    """
    middles_s = [(a.end_s + b.start_s) / 2 for a, b in zip(stretches, stretches[1:], strict=False)]
    for stretch, before_s, after_s in zip(stretches, [-np.inf, *middles_s], [*middles_s, np.inf], strict=False):
        start, end = np.searchsorted(edges_s, [max(stretch.start_s - AROUND_S, before_s),
                                               min(stretch.end_s + AROUND_S, after_s)]).clip(max=len(signing)).tolist()
        while end - start > 1 and edges_s[end] - edges_s[start] > longest_s:
            earliest, latest = np.searchsorted(edges_s, edges_s[start] + [longest_s / 2, longest_s], side="right") - 1
            earliest, latest = max(earliest, start + 1), max(latest, start + 1)
            pause = int(latest - signing[earliest:latest + 1][::-1].argmin())
            yield start, pause
            start = pause
        yield start, end


def print_tiers(tiers: Tiers) -> None:
    """Print a table of the segments of all tiers, ordered by time."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("start", "end", "tier", "label", "score")
    rows = [(segment, tier) for tier, segments in tiers.items() for segment in segments]
    for segment, tier in sorted(rows, key=lambda row: (row[0].start_s, -row[0].end_s)):
        table.add_row(_clock(segment.start_s), _clock(segment.end_s), tier, escape(segment.label),
                      f"{segment.score:.2f}")
    console = Console()
    if rows:
        console.print(table)
    console.print(summary(tiers), highlight=False)


def summary(tiers: Tiers) -> str:
    """A one-sentence summary of the result."""
    parts = []
    if SIGNING in tiers:
        signing = tiers[SIGNING]
        if not signing:
            return "no signing was found"
        total_s = sum(segment.length_s for segment in signing)
        parts.append(f"{len(signing)} stretch{'' if len(signing) == 1 else 'es'} of signing, {total_s:.1f} s")
    if GLOSSES in tiers:
        parts.append(f"{len(tiers[GLOSSES])} gloss{'' if len(tiers[GLOSSES]) == 1 else 'es'}")
    return "; ".join(parts)


def _clock(time_s: float) -> str:
    minutes, rest_ms = divmod(round(time_s * 1000), 60_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest_ms / 1000:06.3f}"
