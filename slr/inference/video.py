"""A video's landmarks, made as those were that a model was trained on."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from slr.dataset.landmark_store import decode
from slr.dataset.landmarks import ClipLandmarks, encode
from slr.dataset.provenance import differences
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, ModelError
from slr.extraction.frames import clip_frames
from slr.extraction.holistic import HolisticExtractor, extractor_metadata, warn_if_slow
from slr.inference.model import TrainedModel
from slr.params import LandmarksParams


class VideoReader:
    """Extracts a video's landmarks as those were that a model was trained on.

    Parameters
    ----------
    trained : TrainedModel
    model_dir : path
        Its folder, for messages.
    any_extractor : bool, default False
        Read although this machine's extractor isn't the one of training; what the model says of it may be worse, and
        nobody knows by how much.

    Attributes
    ----------
    source : Skeleton
        The joints of the landmarks.

    Raises
    ------
    ModelError
        If the model was trained on landmarks of another extractor, or on such that don't come from video.
    """

    def __init__(self, trained: TrainedModel, model_dir: str | Path, any_extractor: bool = False):
        made = trained.config["preprocessing"]
        if "extractor" not in made or "frames" not in made:
            raise ModelError(f"the model in {model_dir} was trained on landmarks that don't come from video, so it "
                             "can't read one")
        self.frames = trained.frames
        self.source = skeleton(made["skeleton"])
        params = _landmarks_params(made)
        different = differences(made["extractor"], extractor_metadata(params))
        if different and not any_extractor:
            raise ModelError(f"the model in {model_dir} was trained with another extractor of landmarks "
                             f"({'; '.join(different)}); install that one, train again, or use --any-extractor")
        warn_if_slow()
        self.extractor = HolisticExtractor(params)

    def landmarks(self, video: str | Path) -> ClipLandmarks:
        """The landmarks of a video (or a folder of images); its path is the clip id.

        Raises
        ------
        ClipError
            If the video can't be read or no person is found in it.
        """
        frames = list(self.stream(video))
        coordinates = np.stack([frame.coordinates for frame in frames])
        if np.isnan(coordinates).all():
            raise ClipError(f"no person found in any of its {len(coordinates)} frames")
        times = np.array([frame.timestamp_s for frame in frames])
        clip = ClipLandmarks(str(video), self.frames.fps or 1, *frames[-1].size, coordinates, times)
        return decode(encode(clip, self.source).to_pylist()[0], self.source)  # rounded as the store rounds

    def stream(self, video: str | Path) -> Iterator["SeenFrame"]:
        """The landmarks of a video frame by frame, in bounded memory.

        Raises
        ------
        ClipError
            If the video can't be read.
        """
        seen: deque[tuple[float, tuple[int, int]]] = deque()

        def images() -> Iterator[np.ndarray]:
            for frame in clip_frames(Path(video), self.frames):
                seen.append((frame.timestamp_s, (frame.image.shape[1], frame.image.shape[0])))
                yield frame.image

        for coordinates in self.extractor.stream(images()):
            yield SeenFrame(*seen.popleft(), coordinates)


class SeenFrame(NamedTuple):
    """A frame of a video: its time in seconds, its width and height in pixels, its landmarks (J, 4)."""

    timestamp_s: float
    size: tuple[int, int]
    coordinates: np.ndarray


def _landmarks_params(made: dict[str, Any]) -> LandmarksParams:
    """The settings with which the training landmarks were extracted."""
    settings = made["extractor"]["settings"]
    known = {name: settings[name] for name in LandmarksParams.model_fields if name in settings}
    return LandmarksParams(skeleton=made["skeleton"], **known)
