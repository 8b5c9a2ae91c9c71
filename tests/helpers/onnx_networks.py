"""Small networks in ONNX with the inputs and outputs of rtmlib's, whose answers can be worked out by hand."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HEIGHT, WIDTH = 256, 192
SIDE = 160
"""Of the detector's input, a square."""


def write_pose(path: Path, weights: np.ndarray) -> Path:
    """A SimCC network: keypoint k is where channel k % 3 of its normalised input is brightest, times `weights[k]`.

    Parameters
    ----------
    path : Path
        File to write, and the result.
    weights : ndarray, (K,)
    """
    of_channel = np.zeros((len(weights), 3), np.float32)
    of_channel[np.arange(len(weights)), np.arange(len(weights)) % 3] = weights
    nodes, constants = [], [numpy_helper.from_array(of_channel, "of_channel")]
    for axis, reduced, length in (("x", 2, WIDTH), ("y", 3, HEIGHT)):
        twice = np.repeat(np.eye(length, dtype=np.float32), 2, axis=1)
        constants.append(numpy_helper.from_array(twice, f"twice_{axis}"))
        nodes += [helper.make_node("ReduceMax", ["input"], [f"profile_{axis}"], axes=[reduced], keepdims=0),
                  helper.make_node("MatMul", [f"profile_{axis}", f"twice_{axis}"], [f"fine_{axis}"]),
                  helper.make_node("MatMul", ["of_channel", f"fine_{axis}"], [f"simcc_{axis}"])]
    outputs = {"simcc_x": [1, len(weights), 2 * WIDTH], "simcc_y": [1, len(weights), 2 * HEIGHT]}
    return _save(path, nodes, constants, [1, 3, HEIGHT, WIDTH], outputs)


def write_detector(path: Path, half: float, decoy: tuple[float, float, float, float]) -> Path:
    """A detector that includes non-maximum suppression, as YOLOX is published for rtmlib: two boxes.

    The first has its centre where the first channel of the input is brightest and reaches `half` to each side, with
    a confidence from -1 (black) to 1. The second is `decoy` (x0, y0, x1, y1), with 0.9 of that confidence.
    """
    def constant(name: str, value: list) -> str:
        constants.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    constants: list = [numpy_helper.from_array(np.array([0], np.int64), "zero")]
    nodes = [helper.make_node("Gather", ["input", "zero"], ["blue"], axis=1),
             helper.make_node("ReduceMax", ["blue"], ["of_column"], axes=[1, 2], keepdims=0),
             helper.make_node("ReduceMax", ["blue"], ["of_row"], axes=[1, 3], keepdims=0)]
    for axis, profile in (("x", "of_column"), ("y", "of_row")):
        nodes += [helper.make_node("ArgMax", [profile], [f"at_{axis}"], axis=1, keepdims=1),
                  helper.make_node("Cast", [f"at_{axis}"], [axis], to=TensorProto.FLOAT)]
    nodes += [helper.make_node("ReduceMax", ["of_row"], ["peak"], axes=[1], keepdims=1),
              helper.make_node("Mul", ["peak", constant("scale", [[2 / 255]])], ["twice"]),
              helper.make_node("Add", ["twice", constant("one_less", [[-1]])], ["score"]),
              helper.make_node("Concat", ["x", "y", "x", "y"], ["centre"], axis=1),
              helper.make_node("Add", ["centre", constant("reach", [[-half, -half, half, half]])], ["box"]),
              helper.make_node("Concat", ["box", "score"], ["person"], axis=1),
              helper.make_node("Mul", ["score", constant("less", [[0.9]])], ["second_score"]),
              helper.make_node("Concat", [constant("decoy", [list(decoy)]), "second_score"], ["second"], axis=1),
              helper.make_node("Concat", ["person", "second"], ["both"], axis=0),
              helper.make_node("Unsqueeze", ["both", "zero"], ["dets"])]
    return _save(path, nodes, constants, [1, 3, SIDE, SIDE], {"dets": [1, 2, 5]})


def _save(path: Path, nodes: list, constants: list, shape: list[int], outputs: dict[str, list[int]]) -> Path:
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, of) for name, of in outputs.items()], constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
