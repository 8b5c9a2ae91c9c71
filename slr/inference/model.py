"""A trained model on disk: weights, and everything else needed for inference."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from slr.dataset import provenance
from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.model_folder import CONFIG, WEIGHTS
from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ModelError, SlrError
from slr.inference.model_files import in_one_line, read_config, read_network
from slr.io.files import file_hash
from slr.models.outputs import forward_sentences, outputs, sentence_log_probabilities, sentence_outputs
from slr.params import FramesParams, ModelParams, WindowsParams
from slr.params.families.ctc import DecodingParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.stfnet import StfnetParams
from slr.params.families.stgcn import ScaStgcnDetectionParams
from slr.params.persons import Person
from slr.preprocessing.batch import ClipSet
from slr.preprocessing.clips import Clips, arrange, frame_sizes
from slr.preprocessing.inputs import Inputs, Store, inputs_of
from slr.preprocessing.normalise import normaliser
from slr.preprocessing.rgb import RgbBatch, RgbClips
from slr.tasks import Task, task_named, task_of


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, ready for inference.

    Attributes
    ----------
    model : nn.Module
        In evaluation mode.
    params : ModelParams
    config : dict
        Content of config.json: labels, preprocessing, provenance of the data, course of training.
    folder : Path, optional
        The folder it was read from.
    person : str or tuple, optional
        The person to whom videos are cropped (`frames.person`), instead of how the training clips were.
    """

    model: nn.Module
    params: ModelParams
    config: dict[str, Any]
    folder: Path | None = None
    person: Person | None = None

    @cached_property
    def weights_hash(self) -> str:
        """MD5 of the weights; identifies the model that produced a vector."""
        assert self.folder is not None
        return file_hash(self.folder / WEIGHTS)

    @property
    def name(self) -> str:
        """Its name when it was trained."""
        return str(self.config.get("name") or (self.folder.name if self.folder else ""))

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return next(self.model.parameters()).device

    @property
    def labels(self) -> list[str]:
        """Gloss of each class."""
        return self.config["labels"]

    @cached_property
    def frames(self) -> FramesParams:
        """Frame extraction settings for a video: those of training, and at their rate; if each clip kept its own rate,
        at the median of the training clips."""
        made = FramesParams(**self.config["preprocessing"]["frames"])
        return made.model_copy(update={"fps": made.fps or self.config.get("fps"), "person": self.person or made.person})

    @cached_property
    def skeleton(self) -> Skeleton:
        """The model's input joints."""
        return skeleton(self.params.joints)

    @property
    def temporal_stride(self) -> int:
        """Temporal stride of a sentence model: input frames per output frame."""
        return cast(PoseCtcParams | StfnetParams, self.params).temporal_stride

    @property
    def decoding(self) -> DecodingParams:
        """How a sentence model's output is decoded."""
        return cast(PoseCtcParams | StfnetParams, self.params).decoding

    @property
    def windows(self) -> WindowsParams:
        """The windows of a detection model."""
        return cast(ScaStgcnDetectionParams, self.params).windows

    @property
    def window_frames(self) -> int:
        """Length of these windows in frames."""
        frames = self.windows.frames
        assert frames is not None  # a detection model's settings must specify it
        return frames

    @cached_property
    def task(self) -> Task:
        """The model's task."""
        return task_of(self.params)

    @cached_property
    def inputs(self) -> Inputs:
        """The model's input type."""
        return inputs_of(self.params)

    def open(self, dataset: Dataset) -> Store:
        """The model's input in a data set, checked to be made like its training data.

        Raises
        ------
        CorpusError
            If it is missing.
        ModelError
            If it was made differently.
        """
        store = self.inputs.open(dataset)
        self.require_alike(store, self.inputs.path(dataset), provenance.everything, "run `dvc repro`")
        return store

    def require_alike(self, store: Store, path: Path, policy: provenance.Policy, way_out: str) -> None:
        """Raise ModelError, naming the differences, unless a store was made like the training data."""
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
        """Clips of a store, preprocessed as in training.

        Raises
        ------
        CorpusError
            If the store lacks one of the clips.
        ParamsError
            If the store lacks joints or channels that the model needs.
        """
        return self.inputs.load(store, clip_ids, self.params)

    def clip(self, landmarks: ClipLandmarks, source: Skeleton) -> Clips:
        """One clip that is in no store, with the joints of the skeleton `source`."""
        sizes = frame_sizes(np.array([(landmarks.width, landmarks.height)]), source, self.params.in_fractions)
        return arrange((landmarks.clip_id,), landmarks.coordinates, np.array([len(landmarks)]),
                       source.selector(self.skeleton), sizes, channels=self.params.channels, frames=self.params.frames)

    def input_weights(self) -> dict[str, np.ndarray] | None:
        """(J * C,) learned input weights by the module they precede, of a model that has such (SiLT)."""
        read = getattr(getattr(self.model, "backbone", self.model), "input_weights", None)
        return read and {where: weights.cpu().numpy() for where, weights in read().items()}

    def probabilities(self, clips: Clips) -> Tensor:
        """Class probabilities (clips, classes)."""
        return self.outputs(clips)["logits"].softmax(1)

    def recognise(self, landmarks: ClipLandmarks, source: Skeleton) -> np.ndarray:
        """Class probabilities (classes,) of one clip that is in no store, with the joints of the skeleton `source`."""
        return self.probabilities(self.clip(landmarks, source))[0].numpy()

    def outputs(self, clips: Clips, names: Sequence[str] = ("logits", "features")) -> dict[str, Tensor]:
        """`logits` (clips, classes) and `features` (clips, D) of every clip, in order, or outputs of other names.

        Raises ModelError if one is not a number.
        """
        found = outputs(self.model, clips, normaliser(self.params.normalise, self.skeleton), names)
        for answer in found.values():
            self._require_numbers(answer)
        return found

    def log_probabilities(self, clips: ClipSet) -> list[np.ndarray]:
        """Log-probabilities (T', classes) of every sentence; class 0 is the blank."""
        normalise = normaliser(self.params.normalise, self.skeleton)
        found = sentence_log_probabilities(self.model, clips, normalise)
        for answer in found:
            self._require_numbers(answer)
        return [answer.numpy() for answer in found]

    def sequence_features(self, clips: ClipSet) -> list[np.ndarray]:
        """Features (T', D) of every sentence, one per output frame."""
        found: list[np.ndarray] = [np.empty(0)] * len(clips)
        for clip, answer in sentence_outputs(self.model, clips, normaliser(self.params.normalise, self.skeleton)):
            found[clip] = answer["features"].numpy()
        return found

    def clip_log_probabilities(self, clip: RgbBatch) -> np.ndarray:
        """Log-probabilities (T', classes) of one clip of RGB images that is in no store; class 0 is the blank."""
        found = forward_sentences(self.model, clip)[0]["sequence_logits"].log_softmax(1)
        self._require_numbers(found)
        return found.numpy()

    def _require_numbers(self, answer: Tensor) -> None:
        """Raise ModelError for NaN, to which weights that are huge lead."""
        if answer.isnan().any():
            raise ModelError(f"the model in {self.folder} answers what is not a number: its weights are damaged; train "
                             "it again")


def load_model(folder: str | Path, task: str | None = None, device: torch.device | str = "cpu") -> TrainedModel:
    """Read a model folder.

    Parameters
    ----------
    folder : path
    task : str, optional
        Name of the required task: `slr.tasks.TASKS`.
    device : torch.device or str, default "cpu"
        The device that the model computes on; outputs are on the CPU all the same. `slr.models.device` has a check
        with a message.

    Raises
    ------
    ModelError
        If it is missing or incomplete, its settings or weights don't fit this version's network or aren't finite
        numbers, or it has another task.
    """
    folder = Path(folder)
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).exists()]
    if missing:
        raise ModelError(f"there is no trained model in {folder} ({', '.join(missing)} missing); run `dvc repro`, or "
                         "`dvc pull` for one that was trained elsewhere")
    try:
        config, params = read_config(folder)
        model = read_network(folder, params, len(config["labels"]))
    except (SlrError, SafetensorError, OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise ModelError(f"the model in {folder} can't be read by this version of slr: {in_one_line(error)}; "
                         "train it again") from None
    if task not in (None, params.task):
        own, wanted = task_of(params), task_named(task)
        raise ModelError(f"the model in {folder} {own.answers}, so it is one for `{own.command}`; name one that "
                         f"{wanted.answers}")
    return TrainedModel(model.to(device).eval(), params, config, folder)
