"""A trained model on disk: weights, and everything that is needed to predict with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_model as load_weights
from torch import Tensor, nn

from slr.batches.batch import ClipSet
from slr.batches.clips import Clips, arrange
from slr.batches.inputs import Inputs, Store, inputs_of
from slr.batches.normalise import normaliser
from slr.batches.rgb import RgbBatch, RgbClips
from slr.dataset import provenance
from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ModelError, ParamsError
from slr.io.files import file_hash, read_json
from slr.models import build
from slr.models.outputs import forward_sentences, outputs, sentence_log_probabilities, sentence_outputs
from slr.params import FramesParams, ModelParams, WindowsParams, parse_model
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.stfnet import StfnetParams
from slr.params.families.stgcn import ScaStgcnDetectionParams
from slr.tasks import Task, task_named, task_of


@dataclass(frozen=True)
class TrainedModel:
    """A model ready to predict.

    Attributes
    ----------
    model : nn.Module
        In evaluation mode, on the CPU.
    params : ModelParams
    config : dict
        All of config.json: labels, preprocessing, where the data came from, how training went.
    folder : Path, optional
        Where it was read from.
    """

    model: nn.Module
    params: ModelParams
    config: dict[str, Any]
    folder: Path | None = None

    @cached_property
    def weights_hash(self) -> str:
        """MD5 of the weights; identifies the model that produced a vector."""
        assert self.folder is not None
        return file_hash(self.folder / WEIGHTS)

    @property
    def labels(self) -> list[str]:
        """Gloss of each class."""
        return self.config["labels"]

    @cached_property
    def frames(self) -> FramesParams:
        """How frames of a video are made for the model: as those of training, and at their rate; where each clip kept
        its own, at the training clips' median."""
        made = FramesParams(**self.config["preprocessing"]["frames"])
        return made if made.fps else made.model_copy(update={"fps": self.config.get("fps")})

    @cached_property
    def skeleton(self) -> Skeleton:
        """The joints that the model reads."""
        return skeleton(self.params.joints)

    @property
    def temporal_stride(self) -> int:
        """Input frames to each output frame of a model of sentences."""
        return cast(PoseCtcParams | StfnetParams, self.params).temporal_stride

    @property
    def windows(self) -> WindowsParams:
        """How a model of streams has them cut."""
        return cast(ScaStgcnDetectionParams, self.params).windows

    @property
    def window_frames(self) -> int:
        """Frames of each of these windows."""
        frames = self.windows.frames
        assert frames is not None  # a model's settings have to have a number
        return frames

    @cached_property
    def task(self) -> Task:
        """What the model answers."""
        return task_of(self.params)

    @cached_property
    def inputs(self) -> Inputs:
        """What the model reads."""
        return inputs_of(self.params)

    def open(self, dataset: Dataset) -> Store:
        """What the model reads of a data set, made as its training data were.

        Raises
        ------
        CorpusError
            If it isn't there.
        ModelError
            If it was made differently.
        """
        store = self.inputs.open(dataset)
        self.require_alike(store, self.inputs.path(dataset), provenance.everything, "run `dvc repro`")
        return store

    def require_alike(self, store: Store, path: Path, policy: provenance.Policy, way_out: str) -> None:
        """Raise ModelError, which says what differs, unless a store was made as the training data were."""
        if found := provenance.differences(self.config["preprocessing"], store.metadata, policy):
            raise ModelError(f"the model in {self.folder} was trained on {self.inputs.name} made differently from "
                             f"those in {path} ({'; '.join(found)}); {way_out}")

    @overload
    def clips(self, store: LandmarkStore, clip_ids: Sequence[str]) -> Clips: ...

    @overload
    def clips(self, store: FrameStore, clip_ids: Sequence[str]) -> RgbClips: ...

    @overload
    def clips(self, store: Store, clip_ids: Sequence[str]) -> ClipSet: ...

    def clips(self, store: Store, clip_ids: Sequence[str]) -> ClipSet:
        """Clips of a store of what the model reads, as it was trained to read them.

        Raises
        ------
        CorpusError
            If the store hasn't one of them.
        ParamsError
            If the store's skeleton or channels can't give what the model reads.
        """
        return self.inputs.load(store, clip_ids, self.params)

    def clip(self, landmarks: ClipLandmarks, source: Skeleton) -> Clips:
        """One clip that is in no store, with the joints of the skeleton `source`."""
        sizes = np.array([(landmarks.width, landmarks.height)]) if source.space == "image" else None
        return arrange((landmarks.clip_id,), landmarks.coordinates, np.array([len(landmarks)]),
                       source.selector(self.skeleton), sizes, channels=self.params.channels, frames=self.params.frames)

    def input_weights(self) -> dict[str, np.ndarray] | None:
        """(J * C,) learned weight of each coordinate by what it stands before, of a model that has such (SiLT)."""
        read = getattr(getattr(self.model, "backbone", self.model), "input_weights", None)
        return read and {where: weights.numpy() for where, weights in read().items()}

    def probabilities(self, clips: Clips) -> Tensor:
        """(clips, classes): how likely each clip is each gloss."""
        return self.outputs(clips)["logits"].softmax(1)

    def outputs(self, clips: Clips) -> dict[str, Tensor]:
        """`logits` (clips, classes) and `features` (clips, D) of every clip, in its order."""
        return outputs(self.model, clips, normaliser(self.params.normalise, self.skeleton))

    def log_probabilities(self, clips: ClipSet) -> list[np.ndarray]:
        """Log-probabilities (T', classes) of every sentence; class 0 is none."""
        normalise = normaliser(self.params.normalise, self.skeleton)
        return [found.numpy() for found in sentence_log_probabilities(self.model, clips, normalise)]

    def sequence_features(self, clips: ClipSet) -> list[np.ndarray]:
        """Features (T', D) of every sentence: what the logits of each moment are made of."""
        found: list[np.ndarray] = [np.empty(0)] * len(clips)
        for clip, answer in sentence_outputs(self.model, clips, normaliser(self.params.normalise, self.skeleton)):
            found[clip] = answer["features"].numpy()
        return found

    def clip_log_probabilities(self, clip: RgbBatch) -> np.ndarray:
        """Log-probabilities (T', classes) of one clip of pictures that is in no store; class 0 is none."""
        return forward_sentences(self.model, clip)[0]["sequence_logits"].log_softmax(1).numpy()


def load_model(folder: str | Path, task: str | None = None) -> TrainedModel:
    """Read a model's folder.

    Parameters
    ----------
    folder : path
    task : str, optional
        The name of the task that the model has to be for: `slr.tasks.TASKS`.

    Raises
    ------
    ModelError
        If it is missing or incomplete, its settings or weights don't fit this version's model, or it isn't for the
        task.
    """
    folder = Path(folder)
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).exists()]
    if missing:
        raise ModelError(f"there is no trained model in {folder} ({', '.join(missing)} missing); run `dvc repro`, or "
                         "`dvc pull` for one that was trained elsewhere")
    try:
        config = read_json(folder / CONFIG)
        params = parse_model(config["params"], folder.name)
        inputs_of(params).register(config["preprocessing"])
        model = build(params, len(config["labels"]))
        load_weights(model, str(folder / WEIGHTS))
    except (ParamsError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"the model in {folder} can't be read by this version of slr: {error}; "
                         "train it again") from None
    if task not in (None, params.task):
        own, wanted = task_of(params), task_named(task)
        raise ModelError(f"the model in {folder} {own.answers}, so it is one for `{own.command}`; name one that "
                         f"{wanted.answers}")
    return TrainedModel(model.eval(), params, config, folder)
