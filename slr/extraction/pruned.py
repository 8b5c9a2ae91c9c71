"""MediaPipe Holistic pruned to the required outputs: bit-identical landmarks in less time.

Holistic always finds the face, and always computes a segmentation mask of the person, which it discards unless
requested. Here only the calculators of its graph run that the required landmarks depend on, and the pose network
computes neither the mask nor the landmarks in metres.

The names below belong to one release: `slr.extraction.bundled.PRUNABLE`. With any other, Holistic runs unpruned.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import mediapipe
from mediapipe.calculators.core.split_vector_calculator_pb2 import SplitVectorCalculatorOptions
from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
from mediapipe.python._framework_bindings.resource_util import set_resource_dir
from mediapipe.python._framework_bindings.validated_graph_config import ValidatedGraphConfig
from mediapipe.python.solution_base import SolutionBase
from mediapipe.python.solutions import holistic  # registers the options of all nodes of the graph
from mediapipe.tasks.metadata.schema_py_generated import BufferT, Model, ModelT

_PACKAGE = Path(mediapipe.__file__).parent
_MODEL = "modules/pose_landmark/pose_landmark_full.tflite"
_POSE = "poselandmarkcpu__poselandmarkbyroicpu"
_LOADER = f"{_POSE}__poselandmarkmodelloader__TfLiteModelCalculator"
_SPLITTER = f"{_POSE}__tensorstoposelandmarksandsegmentation__SplitTensorVectorCalculator"
_THRESHOLDS = {
    "min_detection_confidence": "poselandmarkcpu__posedetectioncpu__TensorsToDetectionsCalculator.min_score_thresh",
    "min_tracking_confidence": f"{_POSE}__tensorstoposelandmarksandsegmentation__ThresholdingCalculator.threshold",
}


class PrunedHolistic(SolutionBase):
    """Holistic for some parts only; used like `mediapipe.solutions.holistic.Holistic`.

    Parameters
    ----------
    settings : dict
        Holistic's arguments, as in `slr.extraction.holistic.HolisticExtractor.identity`; `model_complexity` is 1.
    parts : iterable of {"pose", "left_hand", "right_hand", "face"}
    """

    def __init__(self, settings: dict[str, Any], parts: Iterable[str]):
        graph, tensors = pruned_graph([f"{part}_landmarks" for part in parts])
        side_packets = {
            "smooth_landmarks": settings["smooth_landmarks"],
            "refine_face_landmarks": settings["refine_face_landmarks"],
            "use_prev_landmarks": not settings["static_image_mode"],
            "model_complexity": settings["model_complexity"],
            "pose_model": pruned_model((_PACKAGE / _MODEL).read_bytes(), tensors),
        }
        read = {name for node in graph.node for name in _names(node.input_side_packet)}
        super().__init__(
            graph_config=graph, outputs=list(graph.output_stream),
            side_inputs={name: value for name, value in side_packets.items() if name in read},
            calculator_params={field: settings[name] for name, field in _THRESHOLDS.items()})


def pruned_graph(streams: Sequence[str]) -> tuple[CalculatorGraphConfig, list[int]]:
    """The subgraph of Holistic that the given output streams depend on.

    Returns
    -------
    graph : CalculatorGraphConfig
        It takes the pose network as bytes, by the side packet `pose_model`.
    tensors : list of int
        The outputs of MediaPipe's own network that the graph expects, in order.
    """
    graph = whole_graph()
    for node in graph.node:
        if node.name == _LOADER:
            node.input_side_packet[:] = ["MODEL_BLOB:pose_model"]  # instead of a file name
    makers = {name: node for node in graph.node for name in _names(node.output_stream, node.output_side_packet)}
    needed, waiting = set(), list(streams)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _reads(makers[name], name) if name in makers else []
    whole = list(graph.node)
    del graph.node[:]
    graph.node.extend(node for node in whole
                      if not needed.isdisjoint(_names(node.output_stream, node.output_side_packet)))
    graph.output_stream[:] = streams
    tensors: list[int] = []
    for node in graph.node:
        made = [i for i, name in enumerate(node.output_stream) if name in needed]
        if node.name == _SPLITTER:  # output stream i gets tensor i
            tensors = made
            node.output_stream[:] = [node.output_stream[i] for i in made]
            del node.options.Extensions[SplitVectorCalculatorOptions.ext].ranges[len(made):]
        elif node.calculator == "GateCalculator":  # input i becomes output i; the gate's condition comes after them
            node.input_stream[:] = [*(node.input_stream[i] for i in made),
                                    *node.input_stream[len(node.output_stream):]]
            node.output_stream[:] = [node.output_stream[i] for i in made]
    return graph, tensors


def pruned_model(content: bytes, outputs: Sequence[int]) -> bytes:
    """A TFLite model with some of its outputs, and without the operators that only the others need."""
    model = ModelT.InitFromObj(Model.GetRootAs(content, 0))
    [network] = model.subgraphs
    network.outputs = network.outputs[list(outputs)]
    needed = set(network.outputs.tolist())
    operators = []
    for operator in reversed(network.operators):
        if not needed.isdisjoint(operator.outputs.tolist()):
            needed.update(operator.inputs.tolist())
            operators.append(operator)
    network.operators = operators[::-1]
    model.buffers = [_AlignedBuffer(buffer.data, buffer.offset, buffer.size) for buffer in model.buffers]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class _AlignedBuffer(BufferT):
    """Weights aligned to 16 bytes, as TFLite's schema requires; flatbuffers' Python code doesn't align them."""

    def __init__(self, *fields: Any):
        self.data, self.offset, self.size = fields

    def Pack(self, builder: flatbuffers.Builder) -> int:
        if self.data is not None:
            builder.Prep(16, len(self.data))
        return super().Pack(builder)


def whole_graph() -> CalculatorGraphConfig:
    """Holistic's graph, flattened to calculators."""
    set_resource_dir(str(_PACKAGE.parent))
    validated = ValidatedGraphConfig()
    validated.initialize(binary_graph_path=str(_PACKAGE.parent / holistic._BINARYPB_FILE_PATH))
    return CalculatorGraphConfig.FromString(validated.binary_config)


def _reads(node: Any, output: str) -> list[str]:
    """The streams and side packets that one output of a node depends on."""
    inputs = list(node.input_stream)
    if node.calculator == "GateCalculator":  # which passes each stream through independently of the others
        outputs = list(node.output_stream)
        inputs = [inputs[outputs.index(output)], *inputs[len(outputs):]]
    return _names(inputs, node.input_side_packet)


def _names(*tagged: Iterable[str]) -> list[str]:
    """Names of streams or side packets that may have a tag and an index before them: `TAG:0:name`."""
    return [name.split(":")[-1] for names in tagged for name in names]
