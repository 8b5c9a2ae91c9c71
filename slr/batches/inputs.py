"""What models read of a clip: landmarks, or RGB frames; one object with one interface for each.

Everything that depends on which it is stands behind `Inputs`. A model's settings name theirs (`TrainingParams.inputs`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import pandas as pd
from torch import Tensor

from slr.batches.augment import Augment
from slr.batches.batch import AnyBatch, Batch, ClipSet
from slr.batches.clips import Clips, load_clips
from slr.batches.normalise import Normalise
from slr.batches.rgb import RgbBatch, RgbClips
from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore, skeleton_of
from slr.dataset.skeleton import skeleton
from slr.io.workers import return_freed_memory
from slr.params import ModelParams
from slr.params.lookup import locate

if TYPE_CHECKING:
    from slr.params.families.stfnet import StfnetParams


class Store(Protocol):
    """The landmarks or the frames of a corpus, opened for reading."""

    @property
    def metadata(self) -> dict[str, Any]: ...

    @property
    def n_frames(self) -> dict[str, int]: ...

    def fps(self, clip_id: str) -> float: ...

    def frame_numbers(self, clip_id: str) -> np.ndarray: ...


class Inputs(Protocol):
    """How clips come from a data set into batches.

    Attributes
    ----------
    name : str
        What is read, in messages.
    explainer : str
        Dotted name of what explains a model's answer: `slr.inference.explain`.
    recogniser : str
        Dotted name of what reads signing in videos of any length: `slr.inference.recognisers`.
    """

    name: str
    explainer: str
    recogniser: str

    def path(self, dataset: Dataset) -> Path:
        """What of a data set is read."""

    def open(self, dataset: Dataset) -> Store:
        """Raises CorpusError if it isn't there."""

    def load(self, store: Any, clip_ids: Sequence[str], settings: ModelParams, *, for_training: bool = False,
             classes: Sequence[int] | None = None, signers: Sequence[int] | None = None) -> ClipSet:
        """Clips as the settings say.

        Parameters
        ----------
        store : Store
            From `open`.
        for_training : bool, default False
            Also what augmentation alone needs.
        classes, signers : sequence of int, optional
            Number of each clip's gloss, and of its signer.

        Raises
        ------
        CorpusError
            If the store hasn't one of the clips.
        ParamsError
            If the store can't give what the settings ask for.
        """

    def training_batches(self, clips: Any, order: Iterable[Tensor], settings: ModelParams, normalise: Normalise,
                         generator: Any, batch: Callable[[Tensor], Batch] | None = None) -> Iterator[AnyBatch]:
        """The clips at each of the indices (B,), changed at random and normalised.

        With `batch`, which makes a batch of indices, those that it makes; landmarks alone can be made so.
        """

    def facts(self, settings: ModelParams) -> dict[str, Any]:
        """What a trained model's config.json says of its inputs."""

    def register(self, preprocessing: dict[str, Any]) -> None:
        """Make known what a trained model's `preprocessing` defines: a user's own skeleton."""


def inputs_of(settings: ModelParams) -> Inputs:
    """What a model with these settings reads."""
    return locate(settings.inputs)()


class LandmarkInputs:
    """Landmarks, of the joints and channels that the settings name."""

    name = "landmarks"
    explainer = "slr.inference.explain:explain_landmarks"
    recogniser = "slr.inference.recognisers:LandmarkRecogniser"

    def path(self, dataset: Dataset) -> Path:
        return dataset.landmarks

    def open(self, dataset: Dataset) -> LandmarkStore:
        return dataset.landmark_store

    def load(self, store: LandmarkStore, clip_ids: Sequence[str], settings: ModelParams, *, for_training: bool = False,
             classes: Sequence[int] | None = None, signers: Sequence[int] | None = None) -> Clips:
        channels = settings.channels
        if for_training and settings.augment.yaw_degrees:
            channels = max(channels, 3)  # other view points need depth
        return load_clips(store, clip_ids, skeleton(settings.joints), classes, channels, signers, settings.frames)

    def training_batches(self, clips: Clips, order: Iterable[Tensor], settings: ModelParams, normalise: Normalise,
                         generator: Any, batch: Callable[[Tensor], Batch] | None = None) -> Iterator[Batch]:
        augment = Augment(settings.augment, skeleton(settings.joints), generator, settings.frames)
        return (augment((batch or clips.batch)(indices), normalise) for indices in order)

    def facts(self, settings: ModelParams) -> dict[str, Any]:
        joints = skeleton(settings.joints)
        return {"skeleton": {"name": joints.name, "joints": joints.joints}}

    def register(self, preprocessing: dict[str, Any]) -> None:
        skeleton_of(preprocessing)


class RgbInputs:
    """RGB frames, as the settings' `images` shows them."""

    name = "frames"
    explainer = "slr.inference.explain:explain_frames"
    recogniser = "slr.inference.recognisers:RgbRecogniser"

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


def signer_numbers(rows: dict[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """Number of each row's signer (column `group`) among those of training; -1 for others and where unknown."""
    known = {group: i for i, group in enumerate(sorted(rows["train"].group.dropna().unique()))}
    return {split: part.group.map(known).fillna(-1).astype(int) for split, part in rows.items()}
