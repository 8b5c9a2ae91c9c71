"""A trained model on disk: weights, and everything that is needed to predict with them."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_model as load_weights
from safetensors.torch import save_file
from torch import Tensor, nn

from slr.data.batches import evaluation_batches
from slr.data.clips import Clips
from slr.data.normalise import Normalise, normaliser
from slr.errors import ModelError
from slr.files import atomic_path, read_json, write_json
from slr.models import build
from slr.params import ModelParams
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
    """

    model: nn.Module
    params: ModelParams
    config: dict[str, Any]

    @property
    def labels(self) -> list[str]:
        """Gloss of each class."""
        return self.config["labels"]

    @cached_property
    def skeleton(self) -> Skeleton:
        """The joints that the model reads."""
        return skeleton(self.params.joints)

    def probabilities(self, clips: Clips) -> Tensor:
        """(clips, classes): how likely each clip is each gloss."""
        return logits(self.model, clips, normaliser(self.params.normalise, self.skeleton)).softmax(1)


@torch.inference_mode()
def logits(model: nn.Module, clips: Clips, normalise: Normalise) -> Tensor:
    """(clips, classes) float32 on the CPU: a model's logits for every clip, in evaluation mode and full precision."""
    model.eval()
    device = next(model.parameters()).device
    found = {}
    for batch in evaluation_batches(clips):
        answers = model(normalise(batch).to(device))["logits"].float().cpu()
        found.update(zip(batch.clip_ids, answers, strict=True))
    return torch.stack([found[clip_id] for clip_id in clips.clip_ids])


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


def load_model(folder: str | Path) -> TrainedModel:
    """Read a model's folder.

    Raises
    ------
    ModelError
        If it is missing or incomplete, or its settings or weights don't fit this version's model.
    """
    folder = Path(folder)
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).exists()]
    if missing:
        raise ModelError(f"there is no trained model in {folder} ({', '.join(missing)} missing); run `dvc repro`, or "
                         "`dvc pull` for one that was trained elsewhere")
    try:
        config = read_json(folder / CONFIG)
        params = TypeAdapter(ModelParams).validate_python(config["params"])
        model = build(params, len(config["labels"]))
        load_weights(model, str(folder / WEIGHTS))
    except (ValidationError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"the model in {folder} can't be read by this version of slr: {error}; "
                         "train it again") from None
    return TrainedModel(model.eval(), params, config)
