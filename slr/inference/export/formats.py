"""The file formats: how each is written and read."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from slr.errors import ModelError
from slr.inference.export.graph import LandmarkGraph
from slr.inference.export.operations import Portable
from slr.inference.export.quantise import QUANTISED
from slr.inference.exported import ONNX, OnnxGraph

OPSET = 18
"""Version of the ONNX operators: onnxruntime has them since 1.14, onnxruntime-web since 1.14."""
METADATA = "slr.json"
"""Name of the metadata in a TorchScript file."""
EXAMPLE_FRAMES = 24


class Traced(nn.Module):
    """A graph with a tuple of answers, as tracing wants it."""

    def __init__(self, graph: LandmarkGraph):
        super().__init__()
        self.graph = graph

    def forward(self, landmarks: Tensor, size: Tensor) -> tuple[Tensor, ...]:
        with Portable():
            return tuple(self.graph(landmarks, size).values())


def write_onnx(graph: LandmarkGraph, path: Path, metadata: dict[str, str], precision: str = "fp32") -> None:
    """Write an ONNX file with inputs `landmarks` and, if the answer depends on it, `size`; raises ModelError if the
    package onnx isn't installed. `precision`: fp32, or one of `slr.inference.export.quantise.QUANTISED`."""
    try:
        import onnx
    except ModuleNotFoundError:
        raise ModelError("an ONNX file needs the package onnx, which isn't installed: pip install 'slr[export]'"
                         ) from None
    example = _example(graph)
    names = list(graph(*example))
    frames = {name: {0: "output_frames"} for name, values in graph(*example).items() if values.ndim > 1}
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter that traces. torch's newer one takes ten times as long, unrolls recurrent layers over the
        # example's frames, and has no way to a median without NaN.
        warnings.simplefilter("ignore")
        torch.onnx.export(Traced(graph).eval(), example, str(path), dynamo=False, opset_version=OPSET,
                          input_names=["landmarks", "size"], output_names=names,
                          dynamic_axes={"landmarks": {0: "frames"}, **frames})
    made = QUANTISED[precision](path) if precision in QUANTISED else onnx.load(str(path))
    onnx.helper.strip_doc_string(made)  # the traces of each operation, with this machine's paths
    onnx.helper.set_model_props(made, metadata)
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, str(path))


def write_torchscript(graph: LandmarkGraph, path: Path, metadata: dict[str, str], precision: str = "fp32") -> None:
    """Write a TorchScript file; its answers are a tuple, their names in the metadata's `outputs`. Raises ModelError if
    the `precision` isn't fp32."""
    if precision != "fp32":
        raise ModelError(f"TorchScript files aren't quantised; leave out --quantize {precision}, or use --format onnx")
    example = _example(graph)
    names = {"outputs": json.dumps(list(graph(*example)))}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(Traced(graph).eval(), example, check_trace=False)  # checked on clips afterwards
        torch.jit.save(traced, str(path), _extra_files={METADATA: json.dumps(metadata | names, ensure_ascii=False)})


class TorchScriptGraph(nn.Module):
    """The graph of a TorchScript file; as `slr.inference.exported.OnnxGraph`, on as many threads as torch has."""

    def __init__(self, path: str | Path, threads: int = 0):
        super().__init__()
        extra = {METADATA: ""}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self._loaded = torch.jit.load(str(path), _extra_files=extra)
        self.metadata: dict[str, str] = json.loads(extra[METADATA])
        self._outputs = json.loads(self.metadata["outputs"])

    @torch.inference_mode()
    def forward(self, landmarks: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
        answers = self._loaded(torch.from_numpy(landmarks), torch.from_numpy(size))
        return {name: values.numpy() for name, values in zip(self._outputs, answers, strict=True)}


class Format(NamedTuple):
    """A file format.

    Attributes
    ----------
    suffix : str
    write : callable
        Writes a graph and its metadata to a path, in a precision.
    read : callable
        The graph in a file, for this many threads.
    """

    suffix: str
    write: Callable[[LandmarkGraph, Path, dict[str, str], str], None]
    read: Callable[[Path, int], "OnnxGraph | TorchScriptGraph"]


FORMATS = {"onnx": Format(ONNX, write_onnx, OnnxGraph),
           "torchscript": Format(".pt", write_torchscript, TorchScriptGraph)}


def _example(graph: LandmarkGraph) -> tuple[Tensor, Tensor]:
    """Landmarks and frame size to trace with; no branch of the graph depends on them."""
    generator = torch.Generator().manual_seed(1)
    landmarks = torch.rand(EXAMPLE_FRAMES, len(graph.source), graph.channels, generator=generator)
    return landmarks, torch.tensor([640.0, 480.0])
