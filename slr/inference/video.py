"""Landmark extraction for videos, consistent with a model's training data."""

from typing import Any

from slr.dataset import provenance
from slr.errors import ModelError
from slr.extraction.extractor import extractor_metadata
from slr.extraction.video import VideoReader
from slr.inference.model import TrainedModel
from slr.params import LandmarksParams
from slr.params.extractors import EXTRACTORS

_EXTRACTED = dict.fromkeys(joints for extractor in EXTRACTORS.values() for joints in extractor.skeletons)


def video_reader(trained: TrainedModel, any_extractor: bool = False) -> VideoReader:
    """A reader that extracts a video's landmarks like those that a model was trained on.

    Parameters
    ----------
    trained : TrainedModel
    any_extractor : bool, default False
        Allow an extractor that differs from that of training; accuracy may be lower, by an unknown amount.

    Raises
    ------
    ModelError
        If the model was trained on landmarks of another extractor, or on landmarks that weren't extracted from video.
    """
    made = trained.config["preprocessing"]
    if "extractor" not in made or "frames" not in made:
        raise ModelError(f"the model in {trained.folder} was trained on landmarks that don't come from video, so it "
                         "can't read one")
    try:
        params = _landmarks_params(made)
    except (KeyError, ValueError):
        raise ModelError(f"the model in {trained.folder} was trained on landmarks that slr doesn't extract from video "
                         f"(skeleton {made['skeleton']!r}); train it again on {' or '.join(_EXTRACTED)}") from None
    different = provenance.differences(made, {"extractor": extractor_metadata(params)}, provenance.extractor)
    if different and not any_extractor:
        raise ModelError(f"the model in {trained.folder} was trained with another extractor of landmarks "
                         f"({'; '.join(different)}); install that one, train again, or use --any-extractor")
    return VideoReader(trained.frames, params)


def _landmarks_params(made: dict[str, Any]) -> LandmarksParams:
    """The settings with which the training landmarks were extracted."""
    settings = {**made["extractor"]["settings"], **made["extractor"].get("files", {})}
    known = {name: settings[name] for name in LandmarksParams.model_fields if name in settings}
    return LandmarksParams(skeleton=made["skeleton"], **known)
