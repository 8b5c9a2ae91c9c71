"""Continuous recognition in videos of any length: the glosses of segments of a video, with times."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from slr.decoding.decoder import Decoder
from slr.decoding.records import named
from slr.errors import ClipError
from slr.extraction.frames import clip_frames
from slr.inference.model import TrainedModel
from slr.inference.spool import Spool
from slr.inference.stretches import Stretch, stretches_of
from slr.io.progress import progress
from slr.io.video import IMAGES_FPS, Frame, announced_frames
from slr.params.families.stfnet import StfnetParams
from slr.params.lookup import locate
from slr.segments import Segment
from slr.segments.frames import frame_edges

LONGEST_S = 60.0
"""A longer segment of signing is recognised in pieces."""
SHORTEST_S = 0.001
"""Minimum duration of a gloss, for damaged videos with several frames at the same time."""


class Recogniser(Protocol):
    """A trained sentence model, for videos.

    Attributes
    ----------
    trained : TrainedModel
    landmark_models : list of TrainedModel
        The model, if its input is landmarks.
    longest_s : float
        Maximum length of a piece of video.
    """

    trained: TrainedModel
    landmark_models: list[TrainedModel]
    longest_s: float

    def glosses(self, video: Path, spool: Spool, bounds: Sequence[tuple[int, int]]) -> list[Segment]:
        """The glosses in these half-open segments of a video's frames, whose landmarks are in the spool."""

    def glosses_throughout(self, video: Path) -> list[Segment]:
        """The glosses in an entire video, whose landmarks weren't extracted."""


def recogniser_of(trained: TrainedModel) -> Recogniser:
    """The recogniser for a model, by its input type."""
    return locate(trained.inputs.recogniser)(trained)


class LandmarkRecogniser:
    """Continuous recognition from landmarks."""

    def __init__(self, trained: TrainedModel):
        self.trained = trained
        self.landmark_models = [trained]
        self.longest_s = LONGEST_S

    def glosses(self, video: Path, spool: Spool, bounds: Sequence[tuple[int, int]]) -> list[Segment]:
        return [gloss for start, end in bounds for gloss in self.glosses_between(spool, start, end)]

    def glosses_between(self, spool: Spool, start: int, end: int) -> Iterator[Segment]:
        """The glosses of the frames from `start` up to `end`."""
        piece = self.trained.clip(spool.clip(start, end), spool.source)
        return decoded(self.trained, self.trained.log_probabilities(piece)[0], end - start,
                       spool.edges_s[start:end + 1])

    def glosses_throughout(self, video: Path) -> list[Segment]:
        raise AssertionError("a model that reads landmarks has a spool of them")


class RgbRecogniser:
    """Continuous recognition from RGB frames, made like the training frames."""

    def __init__(self, trained: TrainedModel):
        self.trained = trained
        self.landmark_models: list[TrainedModel] = []
        self.images = cast(StfnetParams, trained.params).images
        # Short enough that no frame is dropped, at the training frame rate.
        self.longest_s = min(LONGEST_S, self.images.max_frames / (trained.frames.fps or IMAGES_FPS))

    def glosses(self, video: Path, spool: Spool, bounds: Sequence[tuple[int, int]]) -> list[Segment]:
        edges_s = spool.edges_s
        return self.glosses_in(video, [(edges_s[start], edges_s[end]) for start, end in bounds])

    def glosses_throughout(self, video: Path) -> list[Segment]:
        return self.glosses_in(video, ((i * self.longest_s, (i + 1) * self.longest_s) for i in count()))

    def glosses_in(self, video: Path, spans_s: Iterable[tuple[float, float]]) -> list[Segment]:
        """The glosses in these time spans of a video."""
        params = self.trained.frames
        with progress("frames", announced_frames(video, params.fps), unit="frame") as advance:

            def frames() -> Iterator[Frame]:
                for frame in clip_frames(video, params):
                    advance()
                    yield frame

            try:
                return [gloss for stretch in stretches_of(frames(), spans_s, self.images)
                        for gloss in self.glosses_of(stretch)]
            except ClipError as error:
                raise ClipError(f"{video}: {error}") from None

    def glosses_of(self, stretch: Stretch) -> Iterator[Segment]:
        """The glosses of a segment."""
        times, fps = stretch.timestamps_s, self.trained.frames.fps
        if times[-1] > times[0]:
            fps = (len(times) - 1) / (times[-1] - times[0])
        edges_s = frame_edges(times, fps or IMAGES_FPS).clip(max=stretch.end_s)
        return decoded(self.trained, self.trained.clip_log_probabilities(stretch.batch), int(stretch.batch.lengths),
                       edges_s)


def decoded(trained: TrainedModel, log_probabilities: np.ndarray, seen: int, edges_s: np.ndarray) -> Iterator[Segment]:
    """Beam-search decoding of a piece with these frame boundaries, of whose frames so many were evenly sampled."""
    glosses = Decoder.of(trained.decoding, boundaries="middle")(log_probabilities)[0].glosses
    frames, stride = np.linspace(0, seen, len(edges_s)), trained.temporal_stride
    for gloss, name in zip(glosses, named(glosses, trained.labels), strict=True):
        outputs = slice(int(gloss.start), int(np.ceil(gloss.end)))
        start_s, end_s = np.interp(np.array([gloss.start, gloss.end]) * stride, frames, edges_s)
        yield Segment(float(start_s), float(max(end_s, start_s + SHORTEST_S)), name.label,
                      float(np.exp(log_probabilities[outputs, gloss.label].max())))
