"""Bundles of MediaPipe Tasks (`.task`) made of the networks that MediaPipe's own package has for Holistic.

A bundle is a ZIP archive, stored, of two TFLite files with fixed names. The pose's lack what Tasks wants to know: how
an image becomes their input.
"""

import zipfile
from pathlib import Path

import flatbuffers
import mediapipe
from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
from mediapipe.tasks.metadata.schema_py_generated import Model, ModelT
from mediapipe.tasks.python.metadata.metadata import MetadataPopulator

_MODULES = Path(mediapipe.__file__).parent / "modules"


def write_hands(path: Path) -> Path:
    """A bundle for HandLandmarker: `path`."""
    return _write(path, {"hand_detector.tflite": _read("palm_detection/palm_detection_full"),
                         "hand_landmarks_detector.tflite": _read("hand_landmark/hand_landmark_full")})


def write_pose(path: Path) -> Path:
    """A bundle for PoseLandmarker: `path`. The detector takes values from -1 to 1, the other network from 0 to 1."""
    return _write(path, {
        "pose_detector.tflite": _normalised(_read("pose_detection/pose_detection"), 127.5, 127.5),
        "pose_landmarks_detector.tflite": _normalised(_read("pose_landmark/pose_landmark_full"), 0, 255)})


def _read(name: str) -> bytes:
    return (_MODULES / f"{name}.tflite").read_bytes()


def _write(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # without a time: the same bytes always
    return path


def _normalised(network: bytes, mean: float, deviation: float) -> bytes:
    """The network with metadata that say: an RGB image, from which the mean is taken before the division."""
    properties = schema.ImagePropertiesT()
    properties.colorSpace = schema.ColorSpaceType.RGB
    content = schema.ContentT()
    content.contentPropertiesType = schema.ContentProperties.ImageProperties
    content.contentProperties = properties
    options = schema.NormalizationOptionsT()
    options.mean, options.std = [mean], [deviation]
    unit = schema.ProcessUnitT()
    unit.optionsType, unit.options = schema.ProcessUnitOptions.NormalizationOptions, options
    image = schema.TensorMetadataT()
    image.content, image.processUnits = content, [unit]
    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [image]
    graph.outputTensorMetadata = [schema.TensorMetadataT() for _ in
                                  ModelT.InitFromObj(Model.GetRootAs(network, 0)).subgraphs[0].outputs]
    metadata = schema.ModelMetadataT()
    metadata.subgraphMetadata = [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(metadata.Pack(builder), MetadataPopulator.METADATA_FILE_IDENTIFIER)
    populator = MetadataPopulator.with_model_buffer(bytearray(network))
    populator.load_metadata_buffer(bytes(builder.Output()))
    populator.populate()
    return bytes(populator.get_model_buffer())
