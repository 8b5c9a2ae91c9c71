"""Import of published checkpoints: from the authors' weights to a model folder."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pandas as pd
import torch
from torch import Tensor

from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import CHANNELS
from slr.dataset.model_folder import CONFIG, WEIGHTS, save_model
from slr.errors import CorpusError, ModelError, ParamsError
from slr.extraction.extractor import extractor_metadata
from slr.inference.model import TrainedModel
from slr.io.files import file_hash, output_folder, parse_json, parse_yaml, read_named_text
from slr.models import build
from slr.models.checkpoints import SYSTEMS, Checkpoint, System, convert
from slr.models.embedding import Embedded
from slr.models.pretrained import read_checkpoint
from slr.params import FramesParams, LandmarksParams, ModelParams, parse_model
from slr.preprocessing.inputs import Inputs, inputs_of
from slr.tasks import task_of

NO_SIGN = "no sign"
"""The only label of an embedding that knows no clips."""


def import_checkpoint(system: str, file: Path, labels: Path | None, out: Path, given: Mapping[str, Any] | None = None,
                      data: Path = Path("data")) -> ModelParams:
    """Write a model folder with the weights of a published checkpoint.

    Its classes are put into the order of their glosses, as training here has them.

    Parameters
    ----------
    system : str
        One of `slr.models.checkpoints.SYSTEMS`.
    file : Path
        The authors' weights: `slr.models.pretrained.read_checkpoint`.
    labels : Path or None
        Its glosses in the order of its classes: `read_labels`. None for an embedding, which has no classes: it knows
        the training clips of the data set, if there are any.
    out : Path
        The model folder.
    given : mapping, optional
        Settings of the model's block, by dotted names, for what no tensor shows: `joints`, `heads`, `normalise`.
    data : Path
        Folder of a data set that the model will read: the folder says that the model's input is made like this one. If
        it has no such input, the model is for videos at their own frame rate and size.

    Returns
    -------
    ModelParams
        The settings of the model.

    Raises
    ------
    ModelError
        If the file can't be read, its tensors don't fit the network, or the labels are of another number.
    ParamsError
        If settings don't exist or contradict each other.
    """
    output_folder(out, replaced=(WEIGHTS, CONFIG))
    if labels is not None:
        read_labels(labels)  # fail now, not after the weights
    known = SYSTEMS[system]
    checkpoint = Checkpoint(read_checkpoint(file), str(file))
    settings = merged(known.settings(checkpoint, given or {}), given or {})
    params = parse_model(settings, out.name)
    dataset, inputs = Dataset.below(data), inputs_of(params)
    if known.classes is None:
        glosses, weights = _embedding(checkpoint, known, params, dataset)
    else:
        glosses = _labels(known, checkpoint, params, labels)
        glosses, weights = _sorted(params, glosses, convert(checkpoint, known.tensors(checkpoint),
                                                            build(params, len(glosses))))
    training = {"imported": {"system": system, "file": file.name}, **known.facts}
    config = {
        "name": out.name, "task": params.task, "params": params.model_dump(), "labels": glosses,
        **inputs.facts(params), "preprocessing": preprocessing(inputs, dataset), "training": training,
        "parameters": _count(params, len(glosses)), "data": {file.name: file_hash(file)},
        "versions": {package: version(package) for package in ("slr", "torch", "numpy", "safetensors")},
    }
    save_model(out, weights, config, history=[])
    return params


def read_labels(path: Path) -> list[str]:
    """Glosses in the order of a network's classes.

    A text file with one gloss a line, or JSON: a list of glosses, or an object of glosses by the number of the class.

    Raises
    ------
    ModelError
        If the file is missing or is something else, or a gloss occurs twice.
    """
    text = read_named_text(path, ModelError, "name a file of glosses")
    try:
        if path.suffix == ".json":
            content = parse_json(text)
            glosses = [content[str(i)] for i in range(len(content))] if isinstance(content, dict) else list(content)
        else:
            glosses = [line.strip() for line in text.splitlines() if line.strip()]
        if not glosses:
            raise ValueError("it is empty")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} holds no glosses ({type(error).__name__}: {error}); give a file with a gloss a line, "
                         'or JSON, ["HOUSE", ...] or {"0": "HOUSE", ...}') from None
    named = [gloss for gloss in glosses if isinstance(gloss, str)]
    twice = sorted(gloss for gloss, count in Counter(named).items() if count > 1)
    if twice or len(named) < len(glosses):
        what = f"'{twice[0]}' twice" if twice else "something other than glosses"
        raise ModelError(f"{path} has {what}; give each class its gloss, in the order of the classes")
    return glosses


def merged(settings: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those that are given by dotted names, such as `embedding.normalise`."""
    for name, value in given.items():
        first, _, rest = name.partition(".")
        settings = {**settings, first: merged(dict(settings.get(first) or {}), {rest: value}) if rest else value}
    return settings


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Settings written as NAME=VALUE, with values as in YAML; raises ParamsError for anything else."""
    for text in texts:
        if not re.match(r"[\w.]+=.", text):
            raise ParamsError(f"'{text}' is no setting; write NAME=VALUE, such as heads=9")
    try:
        return {name: parse_yaml(value) for name, _, value in (text.partition("=") for text in texts)}
    except ValueError as error:
        raise ParamsError(f"a value of {', '.join(texts)} isn't one of YAML: {' '.join(str(error).split())}") from None


def preprocessing(inputs: Inputs, dataset: Dataset) -> dict[str, Any]:
    """How a data set's input was made; without one, how videos are read at their own frame rate and size."""
    try:
        return inputs.open(dataset).metadata
    except CorpusError:
        landmarks = LandmarksParams()
        return {"skeleton": landmarks.skeleton, "channels": list(CHANNELS),
                "frames": FramesParams(fps=None, size=None).model_dump(), "extractor": extractor_metadata(landmarks)}


def _embedding(checkpoint: Checkpoint, system: System, params: ModelParams, dataset: Dataset) -> tuple[
        list[str], dict[str, Tensor]]:
    """The glosses of the data set's training clips, and the weights with the vectors of these clips; without a data
    set, no vectors, and one gloss, as a network of none can't be built."""
    clips = pd.DataFrame({"clip_id": [], "glosses": []})
    if dataset.splits.exists() and dataset.landmarks.exists():
        rows = task_of(params).clips(params, dataset.split_rows())
        clips = rows[rows.split == "train"]
    glosses = clips.glosses.str[0].tolist() if len(clips) else []
    known = sorted(set(glosses))
    model = cast(Embedded, build(params, len(known) or 1))
    model.load_state_dict(convert(checkpoint, system.tensors(checkpoint), model))
    if known:
        trained = TrainedModel(model, params, {})
        vectors = trained.outputs(trained.clips(dataset.landmark_store, clips.clip_id))["features"]
        model.update_gallery(vectors, torch.tensor([known.index(gloss) for gloss in glosses]))
    return known or [NO_SIGN], {name: weight.contiguous() for name, weight in model.state_dict().items()}


def _sorted(params: ModelParams, glosses: list[str], weights: dict[str, Tensor]) -> tuple[
        list[str], dict[str, Tensor]]:
    """The glosses in order, and the weights with their classes in this order.

    Which tensors have a row for each class is seen by building the network for one gloss more; rows before those of the
    glosses (the blank) stay.
    """
    with torch.device("meta"):
        more = build(params, len(glosses) + 1).state_dict()
    order = torch.tensor(sorted(range(len(glosses)), key=lambda number: glosses[number]))
    for name, weight in weights.items():
        if weight.shape != more[name].shape:
            before = len(weight) - len(glosses)
            weights = {**weights, name: torch.cat([weight[:before], weight[before:][order]])}
    return [glosses[i] for i in order], weights


def _count(params: ModelParams, classes: int) -> int:
    """Numbers in the weights of a network."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in build(params, classes).parameters())


def _labels(system: System, checkpoint: Checkpoint, params: ModelParams, path: Path | None) -> list[str]:
    """The labels of all classes, and for detection the one to find among them."""
    assert system.classes is not None
    if path is None:
        raise ModelError(f"{checkpoint.source} doesn't say what its classes are; give a file of labels")
    glosses = read_labels(path)
    classes = checkpoint.shape(system.classes)[system.classes_axis] - system.blank
    if len(glosses) != classes:
        raise ModelError(f"{path} has {len(glosses)} glosses, and {checkpoint.source} {classes} classes"
                         f"{' besides the blank' if system.blank else ''}; give each class its gloss, in their order")
    windows = getattr(params, "windows", None)
    if windows is not None and windows.positive not in glosses:
        raise ModelError(f"{path} has no label {windows.positive}, which windows.positive says to find; name it, or "
                         "--set windows.positive=...")
    return glosses
