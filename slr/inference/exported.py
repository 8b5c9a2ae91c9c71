"""Trained models in one file, as `slr.inference.export` writes them: ONNX, run by onnxruntime.

The graph takes raw landmarks and has all preprocessing inside; what else is needed to use it stands in the file's
metadata (`slr.inference.export.description`).
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from slr.dataset.landmark_store import skeleton_of
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import ModelError, ParamsError
from slr.inference.model import TrainedModel, load_model
from slr.io.files import file_hash
from slr.params import parse_model
from slr.preprocessing.inputs import inputs_of
from slr.tasks import task_of

FORMAT = "1"
"""Version of the metadata."""
ONNX = ".onnx"
"""Suffix of such a file."""


class OnnxGraph(nn.Module):
    """The graph of an ONNX file: raw landmarks -> answer.

    Parameters
    ----------
    path : Path
    threads : int, default 0
        Threads of one answer; 0 for one on each core.

    Attributes
    ----------
    metadata : dict of str to str

    Raises
    ------
    ModelError
        If there is no such file, it isn't ONNX, or onnxruntime isn't installed.
    """

    def __init__(self, path: str | Path, threads: int = 0):
        super().__init__()
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise ModelError(f"{path} needs onnxruntime, which isn't installed: pip install 'slr[export]'") from None
        if not Path(path).is_file():
            raise ModelError(f"there is no model {path}; make one by `slr export`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no base class but this one
            raise ModelError(f"{path} can't be read as ONNX: {error}") from None
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self._inputs = [each.name for each in self._session.get_inputs()]
        self._outputs = [each.name for each in self._session.get_outputs()]

    def forward(self, landmarks: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name, for landmarks (T, J, C) and the width and height of the frame (2,), both float32."""
        given = {"landmarks": landmarks, "size": size}
        answers = self._session.run(None, {name: given[name] for name in self._inputs})
        return dict(zip(self._outputs, answers, strict=True))


@dataclass(frozen=True)
class ExportedModel(TrainedModel):
    """A trained model in one file; `model` is its graph, and `folder` the file."""

    @property
    def graph(self) -> OnnxGraph:
        return cast(OnnxGraph, self.model)

    @cached_property
    def weights_hash(self) -> str:
        """MD5 of the file."""
        assert self.folder is not None
        return file_hash(self.folder)

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @cached_property
    def source(self) -> Skeleton:
        """The joints that the graph takes: those of the extractor."""
        return skeleton_of(self.config["preprocessing"])

    def answer(self, landmarks: ClipLandmarks) -> dict[str, np.ndarray]:
        """The answer to one clip, with the joints of `source`: see `slr.tasks.base.Task.answer`."""
        x, size = landmarks.coordinates, np.array([landmarks.width, landmarks.height], np.float32)
        if self.graph.metadata["units"] == "pixels":
            x = x * np.array([size[0], size[1], size[0], 1], np.float32)[:x.shape[-1]]
        return self.graph(np.ascontiguousarray(x[..., :self.params.channels], np.float32), size)

    def recognise(self, landmarks: ClipLandmarks, source: Skeleton) -> np.ndarray:
        if source != self.source:
            raise ModelError(f"{self.folder} takes the joints of '{self.source.name}', not those of '{source.name}'")
        answer = self.answer(landmarks)
        if "probabilities" not in answer:
            raise ModelError(f"{self.folder} gives a {', '.join(answer)} and no glosses; name a model that classifies "
                             "signs, or the embedding's folder")
        return answer["probabilities"]


def load_exported(path: str | Path, task: str | None = None, threads: int = 0) -> ExportedModel:
    """Read an exported model.

    Parameters
    ----------
    path : path
    task : str, optional
        Name of the required task.
    threads : int, default 0
        See `OnnxGraph`.

    Raises
    ------
    ModelError
        If it is missing, wasn't written by `slr export`, has another task, or onnxruntime isn't installed.
    """
    graph = OnnxGraph(path, threads)
    try:
        if (written := graph.metadata["slr_export"]) != FORMAT:
            raise ValueError(f"format {written}, not {FORMAT}")
        config: dict[str, Any] = json.loads(graph.metadata["config"])
        params = parse_model(config["params"], Path(path).name)
        inputs_of(params).register(config["preprocessing"])
    except (KeyError, TypeError, ValueError, ParamsError) as error:
        raise ModelError(f"{path} isn't an ONNX file that this version of `slr export` wrote ({error})") from None
    if task not in (None, params.task):
        raise ModelError(f"the model in {path} {task_of(params).answers}, so it is one for "
                         f"`{task_of(params).command}`")
    return ExportedModel(graph.eval(), params, config, Path(path))


def load(path: str | Path, task: str | None = None, device: torch.device | str = "cpu") -> TrainedModel:
    """A model in a folder or in an exported file, by the name's suffix; see `load_model` and `load_exported`."""
    return load_exported(path, task) if Path(path).suffix == ONNX else load_model(path, task, device)
