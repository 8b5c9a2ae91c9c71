"""Landmarks of videos, made as those were that a model was trained on."""

from typing import Any

from slr.dataset import provenance
from slr.errors import ModelError
from slr.extraction.holistic import extractor_metadata
from slr.extraction.video import VideoReader
from slr.inference.model import TrainedModel
from slr.params import LandmarksParams


def video_reader(trained: TrainedModel, any_extractor: bool = False) -> VideoReader:
    """What extracts a video's landmarks as those were that a model was trained on.

    Parameters
    ----------
    trained : TrainedModel
    any_extractor : bool, default False
        Also where this machine's extractor isn't the one of training; the model may then be worse, and nobody knows by
        how much.

    Raises
    ------
    ModelError
        If the model was trained on landmarks of another extractor, or on such that don't come from video.
    """
    made = trained.config["preprocessing"]
    if "extractor" not in made or "frames" not in made:
        raise ModelError(f"the model in {trained.folder} was trained on landmarks that don't come from video, so it "
                         "can't read one")
    params = _landmarks_params(made)
    different = provenance.differences(made, {"extractor": extractor_metadata(params)}, provenance.extractor)
    if different and not any_extractor:
        raise ModelError(f"the model in {trained.folder} was trained with another extractor of landmarks "
                         f"({'; '.join(different)}); install that one, train again, or use --any-extractor")
    return VideoReader(trained.frames, params)


def _landmarks_params(made: dict[str, Any]) -> LandmarksParams:
    """The settings with which the training landmarks were extracted."""
    settings = made["extractor"]["settings"]
    known = {name: settings[name] for name in LandmarksParams.model_fields if name in settings}
    return LandmarksParams(skeleton=made["skeleton"], **known)
