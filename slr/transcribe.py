"""Videos of any length: where signing is, and the glosses of it, with times.

Landmarks go to a temporary file as they are found, and windows and stretches of signing are read back from there: no
more of the video is in memory than the longest stretch that is recognised at once.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from slr.data.clips import cut
from slr.data.normalise import normaliser
from slr.decoding.decoder import Decoder
from slr.decoding.records import in_seconds, named
from slr.errors import ClipError, ModelError
from slr.landmarks.store import ClipLandmarks
from slr.predict import VideoReader
from slr.progress import progress
from slr.segments import Segment
from slr.segments.finding import segments_of
from slr.segments.frames import frame_edges, frame_probabilities
from slr.training.trained import TrainedModel, load_model, transcripts

SIGNING, GLOSSES = "signing", "glosses"
"""Tiers of what is written."""
DETECTOR, RECOGNISER = Path("models/sca_stgcn_detection"), Path("models/pose_ctc")
BLOCK = 512
"""Frames in memory while windows are looked at."""
LONGEST_S = 60.0
"""A longer stretch of signing is recognised in pieces of this length."""
AROUND_S = 0.3
"""Seconds before and after a stretch of signing that are shown to the recogniser, which knows pauses from training."""


class Spool:
    """The landmarks of a video on disk: `spool[start:end]` reads so many frames (T, J, 4)."""

    def __init__(self, file: BinaryIO, joints: int):
        self._file, self._shape = file, (joints, 4)
        self.times_s: list[float] = []
        self.size = (0, 0)

    def append(self, coordinates: np.ndarray, timestamp_s: float, size: tuple[int, int]) -> None:
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(coordinates, np.float32).tobytes())
        self.times_s.append(timestamp_s)
        self.size = size

    def __len__(self) -> int:
        return len(self.times_s)

    def __getitem__(self, frames: slice) -> np.ndarray:
        start, end, _ = frames.indices(len(self))
        step = int(np.prod(self._shape)) * 4
        self._file.seek(start * step)
        return np.frombuffer(self._file.read((end - start) * step), np.float32).reshape(-1, *self._shape)


@contextmanager
def spooled(reader: VideoReader, video: str | Path) -> Iterator[Spool]:
    """A video's landmarks, in a temporary file that goes afterwards.

    Raises
    ------
    ClipError
        If the video can't be read, or no person is found in it.
    """
    with tempfile.TemporaryFile() as file:
        spool = Spool(file, len(reader.source))
        anyone = False
        with progress("landmarks", None, unit="frame") as advance:
            for frame in reader.stream(video):
                spool.append(frame.coordinates, frame.timestamp_s, frame.size)
                anyone = anyone or not np.isnan(frame.coordinates).all()
                advance()
        if not anyone:
            raise ClipError(f"no person found in any of its {len(spool)} frames")
        yield spool


class Transcriber:
    """Finds signing in videos and, with a recogniser, reads it.

    Parameters
    ----------
    detector : path
        Folder of a model of streams.
    recogniser : path, optional
        Folder of a model of sentences.
    any_extractor : bool, default False
        See `slr.predict.Predictor`.

    Raises
    ------
    ModelError
        If a model is missing, is of another kind, or both were trained on landmarks of different skeletons.
    """

    def __init__(self, detector: str | Path = DETECTOR, recogniser: str | Path | None = None,
                 any_extractor: bool = False):
        self.detector = _model(detector, "detection", "says where signing is")
        self.recogniser = None if recogniser is None else _model(recogniser, "continuous", "reads sentences")
        self.reader = VideoReader(self.detector, detector, any_extractor)
        if self.recogniser is not None:
            different = [name for name in ("skeleton", "frames") if self.recogniser.config["preprocessing"][name] !=
                         self.detector.config["preprocessing"][name]]
            if different:
                raise ModelError(f"{detector} and {recogniser} were trained on landmarks with different "
                                 f"{' and '.join(different)}; train both on the same corpus")

    def __call__(self, video: str | Path) -> dict[str, list[Segment]]:
        """The tiers of a video: `signing`, and `glosses` where there is a recogniser.

        Raises
        ------
        ClipError
            If the video can't be read or no person is found in it.
        """
        with spooled(self.reader, video) as spool:
            edges = frame_edges(np.array(spool.times_s), self._fps(spool))
            signing = self._signing(spool, edges)
            if self.recogniser is None:
                return {SIGNING: signing}
            return {SIGNING: signing, GLOSSES: [gloss for stretch in signing
                                                for gloss in self._glosses(spool, edges, stretch)]}

    def _fps(self, spool: Spool) -> float:
        """Of the frames that were taken; measured where the models were trained at the native rate."""
        if self.reader.frames.fps:
            return self.reader.frames.fps
        return (len(spool) - 1) / (spool.times_s[-1] - spool.times_s[0]) if len(spool) > 1 else 1.0

    def _clip(self, spool: Spool, start: int, end: int) -> ClipLandmarks:
        return ClipLandmarks("", self._fps(spool), *spool.size, spool[start:end])

    def _signing(self, spool: Spool, edges: np.ndarray) -> list[Segment]:
        windows = self.detector.params.windows
        length = min(windows.frames, len(spool))
        starts = np.arange(0, len(spool) - length + 1, windows.stride)
        positive = self.detector.labels.index(windows.positive)
        found = []
        for first in range(0, len(starts), max(1, BLOCK // windows.stride)):
            of_block = starts[first:first + max(1, BLOCK // windows.stride)]
            block = self._clip(spool, int(of_block[0]), int(of_block[-1]) + length)
            clips = cut(self.detector.clip(block, self.reader.source),
                        [(0, int(start - of_block[0]), -1) for start in of_block], length)
            found.append(self.detector.probabilities(clips)[:, positive].numpy())
        probabilities = frame_probabilities(np.concatenate(found), starts, length, len(spool))
        return segments_of(probabilities, edges, SIGNING, self.detector.config["training"]["threshold"])

    def _glosses(self, spool: Spool, edges: np.ndarray, stretch: Segment) -> Iterator[Segment]:
        model, decode = self.recogniser, Decoder(boundaries="middle")
        first, end = (int(np.searchsorted(edges, at)) for at in (stretch.start_s - AROUND_S, stretch.end_s + AROUND_S))
        end, most = min(end, len(spool)), max(1, int(LONGEST_S * self._fps(spool)))
        for start in range(first, end, most):
            piece = self._clip(spool, start, min(start + most, end))
            scores = transcripts(model.model, model.clip(piece, self.reader.source),
                                 normaliser(model.params.normalise, model.skeleton))[0].numpy()
            heard = decode(scores)[0]
            sure = [float(np.exp(scores[int(gloss.start):int(np.ceil(gloss.end)), gloss.label].max()))
                    for gloss in heard.glosses]
            timed = in_seconds(named(heard.glosses, model.labels), model.params.pooling, self._fps(spool))
            for gloss, score in zip(timed, sure, strict=True):
                yield Segment(edges[start] + gloss.start, edges[start] + gloss.end, gloss.label, score)


def _model(folder: str | Path, task: str, does: str) -> TrainedModel:
    trained = load_model(folder)
    if trained.params.task != task:
        raise ModelError(f"the model in {folder} isn't one that {does}; name another")
    return trained
