"""Input types of models: landmarks, or RGB frames, with a common interface.

Everything that depends on the input type is behind `Inputs`. A model's settings name its type
(`TrainingParams.inputs`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from torch import Tensor

from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore, skeleton_of
from slr.dataset.skeleton import skeleton
from slr.io.workers import return_freed_memory
from slr.params import ModelParams
from slr.params.lookup import locate
from slr.preprocessing.augment import Augment
from slr.preprocessing.augment.published import AugmentAsPublished
from slr.preprocessing.batch import AnyBatch, Batch, ClipSet
from slr.preprocessing.clips import Clips, load_clips
from slr.preprocessing.normalise import Normalise
from slr.preprocessing.rgb import RgbBatch, RgbClips

if TYPE_CHECKING:
    from slr.params.families.stfnet import StfnetParams


class Store(Protocol):
    """The landmark store or frame store of a corpus."""

    @property
    def metadata(self) -> dict[str, Any]: ...

    @property
    def n_frames(self) -> dict[str, int]: ...

    def fps(self, clip_id: str) -> float: ...

    def frame_numbers(self, clip_id: str) -> np.ndarray: ...


class Inputs(Protocol):
    """How clips are loaded from a data set and batched.

    Attributes
    ----------
    name : str
        Name of the input type, for messages.
    explainer : str
        Dotted name of the attribution method: `slr.inference.explain`.
    recogniser : str
        Dotted name of the recogniser for videos of any length: `slr.inference.recognisers`.
    exporter : str
        Dotted name of the function that makes a trained model's graph for other runtimes: `slr.inference.export.graph`.
    """

    name: str
    explainer: str
    recogniser: str
    exporter: str

    def path(self, dataset: Dataset) -> Path:
        """Path of the input within a data set."""

    def open(self, dataset: Dataset) -> Store:
        """Raises CorpusError if it is missing."""

    def load(self, store: Any, clip_ids: Sequence[str], settings: ModelParams, *, for_training: bool = False,
             classes: Sequence[int] | None = None, signers: Sequence[int] | None = None) -> ClipSet:
        """Load clips as the settings specify.

        Parameters
        ----------
        store : Store
            From `open`.
        for_training : bool, default False
            Also load what only augmentation needs.
        classes, signers : sequence of int, optional
            Gloss class and signer label of each clip.

        Raises
        ------
        CorpusError
            If the store lacks one of the clips.
        ParamsError
            If the store lacks what the settings require.
        """

    def training_batches(self, clips: Any, order: Iterable[Tensor], settings: ModelParams, normalise: Normalise,
                         generator: Any, batch: Callable[[Tensor], Batch] | None = None) -> Iterator[AnyBatch]:
        """Augmented and normalised batches of the clips at each of the indices (B,).

        `batch` replaces the construction of a batch from indices; only for landmarks.
        """

    def facts(self, settings: ModelParams) -> dict[str, Any]:
        """Facts about the input for a trained model's config.json."""

    def register(self, preprocessing: dict[str, Any]) -> None:
        """Register definitions in a trained model's `preprocessing`: a user's own skeleton."""


def inputs_of(settings: ModelParams) -> Inputs:
    """The input type of a model with these settings."""
    return locate(settings.inputs)()


class LandmarkInputs:
    """Landmarks, with the joints and channels in the settings."""

    name = "landmarks"
    explainer = "slr.inference.explain:explain_landmarks"
    recogniser = "slr.inference.recognisers:LandmarkRecogniser"
    exporter = "slr.inference.export.graph:LandmarkGraph"

    def path(self, dataset: Dataset) -> Path:
        return dataset.landmarks

    def open(self, dataset: Dataset) -> LandmarkStore:
        return dataset.landmark_store

    def load(self, store: LandmarkStore, clip_ids: Sequence[str], settings: ModelParams, *, for_training: bool = False,
             classes: Sequence[int] | None = None, signers: Sequence[int] | None = None) -> Clips:
        channels = settings.channels
        if for_training and settings.augment.yaw_degrees:
            channels = max(channels, 3)  # yaw augmentation needs depth
        return load_clips(store, clip_ids, skeleton(settings.joints), classes, channels, signers, settings.frames,
                          settings.in_fractions)

    def training_batches(self, clips: Clips, order: Iterable[Tensor], settings: ModelParams, normalise: Normalise,
                         generator: Any, batch: Callable[[Tensor], Batch] | None = None) -> Iterator[Batch]:
        kind = Augment if settings.augment.views == "person" else AugmentAsPublished
        augment = kind(settings.augment, skeleton(settings.joints), generator, settings.frames)
        return (augment((batch or clips.batch)(indices), normalise) for indices in order)

    def facts(self, settings: ModelParams) -> dict[str, Any]:
        joints = skeleton(settings.joints)
        return {"skeleton": {"name": joints.name, "joints": joints.joints}}

    def register(self, preprocessing: dict[str, Any]) -> None:
        skeleton_of(preprocessing)


class RgbInputs:
    """RGB frames, preprocessed by the settings' `images`."""

    name = "frames"
    explainer = "slr.inference.explain:explain_frames"
    recogniser = "slr.inference.recognisers:RgbRecogniser"
    exporter = "slr.inference.export.graph:refuse_images"

    def path(self, dataset: Dataset) -> Path:
        return dataset.frames

    def open(self, dataset: Dataset) -> FrameStore:
        return dataset.frame_store

    def load(self, store: FrameStore, clip_ids: Sequence[str], settings: ModelParams, *, for_training: bool = False,
             classes: Sequence[int] | None = None, signers: Sequence[int] | None = None) -> RgbClips:
        if for_training:
            return_freed_memory()
        return RgbClips(store.folder, tuple(clip_ids), cast("StfnetParams", settings).images)

    def training_batches(self, clips: RgbClips, order: Iterable[Tensor], settings: ModelParams, normalise: Normalise,
                         generator: Any, batch: Callable[[Tensor], Batch] | None = None) -> Iterator[RgbBatch]:
        return clips.batches(order, generator)

    def facts(self, settings: ModelParams) -> dict[str, Any]:
        return {"skeleton": None}

    def register(self, preprocessing: dict[str, Any]) -> None:
        pass
