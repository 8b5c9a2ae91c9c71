"""Landmarks of videos outside a corpus, extracted as in the pipeline."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks, Extent, rounded, without_empty_ends
from slr.dataset.skeleton import Skeleton
from slr.errors import ClipError, CorpusError
from slr.extraction.extractor import extractor_class
from slr.extraction.frames import clip_frames
from slr.params import FramesParams, LandmarksParams

Watch = Callable[[float, np.ndarray], None]


class SeenFrame(NamedTuple):
    """A frame of a video: its time in seconds, its width and height in pixels, its landmarks (J, C)."""

    timestamp_s: float
    size: tuple[int, int]
    coordinates: np.ndarray


class VideoReader:
    """Extracts the landmarks of videos.

    Parameters
    ----------
    frames : FramesParams
    landmarks : LandmarksParams

    Attributes
    ----------
    source : Skeleton
        The joints of the landmarks.
    """

    def __init__(self, frames: FramesParams, landmarks: LandmarksParams):
        self.frames = frames
        kind = extractor_class(landmarks)
        kind.prepare(landmarks)
        self.extractor = kind(landmarks)
        self.source = self.extractor.skeleton

    def landmarks(self, video: str | Path, watch: Watch | None = None) -> ClipLandmarks:
        """The landmarks of a video (or a folder of images), as in the landmark store; its path is the clip id.

        `watch` gets the time in seconds and the picture of each frame.

        Raises
        ------
        ClipError
            If the video can't be read or no person is found in it.
        """
        frames = list(self.stream(video, watch))
        coordinates = np.stack([frame.coordinates for frame in frames]).astype(np.float32)
        if np.isnan(coordinates).all():
            raise ClipError(f"no person found in any of its {len(coordinates)} frames")
        times = np.array([frame.timestamp_s for frame in frames])
        return ClipLandmarks(str(video), self.frames.fps or 1, *frames[-1].size,
                             rounded(coordinates, Extent.of(coordinates)), times)

    def stream(self, video: str | Path, watch: Watch | None = None) -> Iterator[SeenFrame]:
        """The landmarks of a video frame by frame, in bounded memory; `watch` as above.

        Raises
        ------
        ClipError
            If the video can't be read.
        """
        seen: deque[tuple[float, tuple[int, int]]] = deque()

        def images() -> Iterator[np.ndarray]:
            for frame in clip_frames(Path(video), self.frames):
                seen.append((frame.timestamp_s, (frame.image.shape[1], frame.image.shape[0])))
                if watch is not None:
                    watch(frame.timestamp_s, frame.image)
                yield frame.image

        for coordinates in self.extractor.stream(images()):
            yield SeenFrame(*seen.popleft(), coordinates)


def find_landmarks(clip: str | Path, store: Callable[[], LandmarkStore],
                   reader: Callable[[], VideoReader], watch: Watch | None = None) -> tuple[ClipLandmarks, Skeleton]:
    """The landmarks of a video (or a folder of images) of that name if it exists, else of a clip of the corpus.

    Parameters
    ----------
    clip : str or Path
        A file or folder, or a clip id.
    store, reader : callable
        Return the store and the reader, called only when needed.
    watch : callable, optional
        Gets the time in seconds and the picture of each frame of a video.

    Returns
    -------
    landmarks : ClipLandmarks
    skeleton : Skeleton
        The landmarks' joints.

    Raises
    ------
    ClipError
        If the video can't be read, or no person is found in it.
    CorpusError
        If there is neither a file nor a clip of that name.
    """
    if not Path(clip).exists():
        try:
            opened = store()
        except CorpusError as error:
            raise CorpusError(f"there is no file {clip}, and no corpus with such a clip: {error}") from None
        opened.require(str(clip))
        return opened[str(clip)], opened.skeleton
    try:
        return reader().landmarks(clip, watch), reader().source
    except ClipError as error:
        raise ClipError(f"{clip}: {error}") from None


def find_sign(clip: str | Path, store: Callable[[], LandmarkStore], reader: Callable[[], VideoReader],
              watch: Watch | None = None) -> tuple[ClipLandmarks, Skeleton, int]:
    """As `find_landmarks`, of a video with one sign: without frames without any joint at its ends, and how many these
    were. A clip of the corpus is as in the store, as models were tested on it."""
    landmarks, joints = find_landmarks(clip, store, reader, watch)
    if not Path(clip).exists():
        return landmarks, joints, 0
    sign = without_empty_ends(landmarks)
    return sign, joints, len(landmarks) - len(sign)


def stream_landmarks(clip: str | Path, store: Callable[[], LandmarkStore],
                     reader: Callable[[], VideoReader],
                     watch: Watch | None = None) -> tuple[Iterator[SeenFrame], Skeleton]:
    """As `find_landmarks`, frame by frame: those of a video in bounded memory; raises while it is read."""
    if Path(clip).exists():
        return reader().stream(clip, watch), reader().source
    found, joints = find_landmarks(clip, store, reader)
    return (SeenFrame(float(time_s), (found.width, found.height), coordinates)
            for time_s, coordinates in zip(found.timestamps_s, found.coordinates, strict=True)), joints
