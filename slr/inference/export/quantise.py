"""Smaller ONNX files: weights in half precision, or as 8-bit integers."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

LEAST = 64
"""Numbers of a tensor that is worth storing otherwise."""


def to_fp16(path: Path) -> "onnx.ModelProto":
    """The model in a file with its weights stored as float16; it computes in float32, as before."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    made = onnx.load(str(path))
    casts = []
    for weight in made.graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type == TensorProto.FLOAT and values.size >= LEAST:
            name = weight.name
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=TensorProto.FLOAT))
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
    nodes = [*casts, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def to_int8(path: Path) -> "onnx.ModelProto":
    """The model in a file with the matrices of its linear layers and convolutions as 8-bit integers, scaled for each
    output channel, and their inputs rounded when it runs (onnxruntime's dynamic quantisation)."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out = path.with_suffix(".quantised")
    logging.disable(logging.WARNING)  # advice to run its optimiser first, which isn't portable
    try:
        quantize_dynamic(str(path), str(out), weight_type=QuantType.QInt8, per_channel=True)
    finally:
        logging.disable(logging.NOTSET)
    made = onnx.load(str(out))
    out.unlink()
    return made


QUANTISED = {"fp16": to_fp16, "int8": to_int8}
