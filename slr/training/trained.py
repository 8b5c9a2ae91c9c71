"""A trained model on disk: weights, and everything that is needed to predict with them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_model as load_weights
from safetensors.torch import save_file
from torch import Tensor, nn

from slr.data.batches import Batch, evaluation_batches
from slr.data.clips import Clips, arrange, load_clips
from slr.data.images import RgbBatch, RgbClips
from slr.data.normalise import Normalise, normaliser
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore, skeleton_of
from slr.dataset.landmarks import ClipLandmarks
from slr.errors import ModelError, ParamsError
from slr.files import atomic_path, file_hash, read_json, write_json
from slr.models import build
from slr.params import FramesParams, ModelParams, parse_model
from slr.params.families.training import Task
from slr.skeleton import Skeleton, skeleton

WEIGHTS, CONFIG, HISTORY = "weights.safetensors", "config.json", "history.csv"


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
        """MD5 of the weights: what vectors of this model are told by."""
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

    def clips(self, store: LandmarkStore | FrameStore, clip_ids: Sequence[str]) -> Clips | RgbClips:
        """Clips of a store of what the model reads, as it was trained to read them.

        Raises
        ------
        CorpusError
            If the store hasn't one of them.
        ParamsError
            If the store's skeleton or channels can't give what the model reads.
        """
        if self.params.reads == "frames":
            return RgbClips(store.folder, clip_ids, self.params.images)
        return load_clips(store, clip_ids, self.skeleton, channels=self.params.channels, frames=self.params.frames)

    def clip(self, landmarks: ClipLandmarks, source: Skeleton) -> Clips:
        """One clip that is in no store, with the joints of the skeleton `source`."""
        sizes = np.array([(landmarks.width, landmarks.height)]) if source.space == "image" else None
        return arrange((landmarks.clip_id,), landmarks.coordinates, np.array([len(landmarks)]),
                       source.selector(self.skeleton), sizes, channels=self.params.channels, frames=self.params.frames)

    def probabilities(self, clips: Clips) -> Tensor:
        """(clips, classes): how likely each clip is each gloss."""
        return self.outputs(clips)["logits"].softmax(1)

    def outputs(self, clips: Clips) -> dict[str, Tensor]:
        """`logits` (clips, classes) and `features` (clips, D) of every clip, in its order."""
        return outputs(self.model, clips, normaliser(self.params.normalise, self.skeleton))

    def log_probabilities(self, clips: Clips | RgbClips) -> list[np.ndarray]:
        """Log-probabilities (T', classes) of every sentence; class 0 is none."""
        normalise = normaliser(self.params.normalise, self.skeleton)
        return [found.numpy() for found in log_probabilities(self.model, clips, normalise)]

    def moments(self, clips: Clips | RgbClips) -> list[np.ndarray]:
        """Features (T', D) of every sentence: what the logits of each moment are made of."""
        found: list[np.ndarray] = [np.empty(0)] * len(clips)
        for clip, answer in answers(self.model, clips, normaliser(self.params.normalise, self.skeleton)):
            found[clip] = answer["features"].numpy()
        return found

    def clip_log_probabilities(self, clip: RgbBatch) -> np.ndarray:
        """Log-probabilities (T', classes) of one clip of pictures that is in no store; class 0 is none."""
        return of_batch(self.model, clip)[0]["sequence_logits"].log_softmax(1).numpy()


@torch.inference_mode()
def outputs(model: nn.Module, clips: Clips, normalise: Normalise) -> dict[str, Tensor]:
    """What a model says of every clip, in evaluation mode and full precision; float32 on the CPU.

    Returns
    -------
    dict
        `logits` (clips, classes) and `features` (clips, D).
    """
    model.eval()
    device = next(model.parameters()).device
    order, found = [], []
    for batch, indices in evaluation_batches(clips):
        found.append(model(normalise(batch).to(device)))
        order.append(indices)
    back = torch.cat(order).argsort()
    return {name: torch.cat([answer[name].float().cpu() for answer in found])[back] for name in ("logits", "features")}


def log_probabilities(model: nn.Module, clips: Clips | RgbClips, normalise: Normalise) -> list[Tensor]:
    """Log-probabilities (T', classes) of every sentence; class 0 is none."""
    found: list[Tensor] = [torch.empty(0)] * len(clips)
    for clip, answer in answers(model, clips, normalise):
        found[clip] = answer["sequence_logits"].log_softmax(1)
    return found


def answers(model: nn.Module, clips: Clips | RgbClips, normalise: Normalise) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """What a model says of every sentence (`of_batch`), with the sentence's number; the shortest first."""
    model.eval()
    for batch, indices in evaluation_batches(clips):
        yield from zip(indices.tolist(), of_batch(model, normalise(batch)), strict=True)


@torch.inference_mode()
def of_batch(model: nn.Module, batch: Batch | RgbBatch) -> list[dict[str, Tensor]]:
    """`sequence_logits` (T', classes) and `features` (T', D) of every sentence of a batch; float32 on the CPU."""
    found = model(batch.to(next(model.parameters()).device))
    return [{name: found[name][i, :length].float().cpu() for name in ("sequence_logits", "features")}
            for i, length in enumerate(found["lengths"].tolist())]


def save_model(folder: Path, weights: dict[str, Tensor], config: dict[str, Any], history: list[dict[str, Any]]) -> None:
    """Write a model's folder in one step, replacing what is there."""
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        save_file(weights, temporary / WEIGHTS)
        write_json(temporary / CONFIG, config)
        with open(temporary / HISTORY, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(history[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(history)


_ANSWERS: dict[Task, tuple[str, str]] = {
    "isolated": ("names the sign of a clip", "slr predict"), "detection": ("finds where signing is", "slr segments"),
    "continuous": ("reads sentences", "slr transcribe")}
"""What a model of each task does, and what it is used by."""


def load_model(folder: str | Path, task: Task | None = None) -> TrainedModel:
    """Read a model's folder.

    Parameters
    ----------
    folder : path
    task : {"isolated", "detection", "continuous"}, optional
        What the model has to be for.

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
        if params.reads == "landmarks":
            skeleton_of(config["preprocessing"])  # a user's own skeleton is known by its name from here on
        model = build(params, len(config["labels"]))
        load_weights(model, str(folder / WEIGHTS))
    except (ParamsError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"the model in {folder} can't be read by this version of slr: {error}; "
                         "train it again") from None
    if task not in (None, params.task):
        does, by = _ANSWERS[params.task]
        raise ModelError(f"the model in {folder} {does}, so it is one for `{by}`; name one that {_ANSWERS[task][0]}")
    return TrainedModel(model.eval(), params, config, folder)


def differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """What differs between how the landmarks of training were made and how others are, in words."""
    return [f"{name}: {there.get(name)} there, {here.get(name)} here" for name in sorted(there.keys() | here.keys())
            if there.get(name) != here.get(name)]
