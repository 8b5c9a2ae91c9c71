"""COCO-WholeBody's 133 keypoints by a network in ONNX, as rtmlib reads them: RTMPose, RTMW, DWPose.

Such a network answers for one person's box with SimCC's two distributions per keypoint, over columns and rows (Li et
al., ECCV 2022; Jiang et al., 2023). Crop, decoding and the detector's boxes are rtmlib's.
"""

import hashlib
import io
import zipfile
from contextlib import redirect_stdout
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.coco_wholebody import WHOLE
from slr.errors import ModelError
from slr.extraction.extractor import Extractor
from slr.extraction.weights import FETCHED, weights_files, weights_identity
from slr.io.files import atomic_path
from slr.params import LandmarksParams

_PUBLISHED = "https://download.openmmlab.com/mmpose/v1/projects"
_EXAMPLES = {"pose": f"{_PUBLISHED}/rtmw/onnx_sdk/rtmw-dw-l-m_simcc-cocktail14_270e-256x192_20231122.zip",
             "detector": f"{_PUBLISHED}/rtmposev1/onnx_sdk/yolox_m_8xb8-300e_humanart-c2c7a14a.zip"}
_SPLIT = 2
"""Positions per pixel of SimCC's distributions, which rtmlib takes for granted."""


class WholeBodyExtractor(Extractor):
    """A SimCC network for the keypoints of one person, and optionally YOLOX for the person's box.

    Without a detector the box is the whole frame. With one, it is the largest person's in a clip's first frame, and
    then that which overlaps most with the last one; a frame in which nobody is detected has no joints.

    Parameters
    ----------
    params : LandmarksParams

    Raises
    ------
    ModelError
        If rtmlib isn't installed, or a file isn't there (see `slr.extraction.weights`); from `start`, if a file is no
        such network.
    """

    channels = 2

    def __init__(self, params: LandmarksParams):
        super().__init__(params)
        self._params = params
        self._files = _files(params)
        self._kept = [WHOLE.index(joint) for joint in self.skeleton.joints]
        self._pose: Any = None
        self._detector: Any = None
        self._box: np.ndarray | None = None

    @classmethod
    def identity(cls, params: LandmarksParams) -> dict[str, Any]:
        """The version is rtmlib's; the hash is that of the networks."""
        files = _files(params)
        return {
            "name": "coco-wholebody-onnx",
            "version": version("rtmlib"),
            "settings": {"min_detection_confidence": params.min_detection_confidence,
                         "min_joint_confidence": params.min_joint_confidence},
            **weights_identity(params, files),
        }

    @classmethod
    def prepare(cls, params: LandmarksParams) -> None:
        """Raises ModelError before the first clip if a network can't be used."""
        cls(params).start()

    def start(self) -> None:
        """Forget the person of the clip before."""
        self._box = None
        if self._pose is None:
            self._pose = _pose_network(self._files["pose"])
            if "detector" in self._files:
                self._detector = _detector(self._files["detector"], self._params.min_detection_confidence)

    def landmarks(self, image: np.ndarray) -> np.ndarray:
        """The landmarks (J, 2) float32 of the clip's next frame."""
        if self._detector is not None:
            # YOLOX was trained on BGR, as OpenCV reads it; RTMPose on RGB.
            box = the_person(self._detector(np.ascontiguousarray(image[..., ::-1])), self._box)
            if box is None:  # the last box is kept: the same person may come back
                return np.full((len(self.skeleton), 2), np.nan, np.float32)
            self._box = box
        places, scores = self._pose(image, [] if self._box is None else [self._box])
        found = places[0] / (image.shape[1], image.shape[0])
        found[scores[0] < self._params.min_joint_confidence] = np.nan
        return found[self._kept].astype(np.float32)


def the_person(boxes: np.ndarray, last: np.ndarray | None) -> np.ndarray | None:
    """Of boxes (N, 4) x0, y0, x1, y1, the one that overlaps most with the last one; the largest where none does."""
    from rtmlib.tools.solution.pose_tracker import compute_iou

    if not len(boxes):
        return None
    overlaps = [0.0 if last is None else compute_iou(box, last) for box in boxes]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return boxes[int(np.argmax(overlaps if max(overlaps) > 0 else areas))]


def _files(params: LandmarksParams) -> dict[str, Path]:
    if find_spec("rtmlib") is None or find_spec("onnxruntime") is None:
        raise ModelError(f"extractor {params.extractor} needs rtmlib and onnxruntime; pip install 'slr[extractors]'")
    wanted = [name for name in _EXAMPLES if name == "pose" or name in params.weights]
    return weights_files(params, {name: _EXAMPLES[name] for name in wanted})


def _pose_network(file: Path) -> Any:
    from rtmlib import RTMPose

    network, session = _network(file, "pose")
    [_, _, height, width] = session.get_inputs()[0].shape
    answers = session.run(None, {session.get_inputs()[0].name: np.zeros((1, 3, height, width), np.float32)})
    shapes = [answer.shape for answer in answers]
    if shapes != [(1, len(WHOLE), _SPLIT * width), (1, len(WHOLE), _SPLIT * height)]:
        raise ModelError(f"landmarks.weights.pose: {file} answers with arrays {shapes}, not with SimCC's of "
                         f"COCO-WholeBody's {len(WHOLE)} keypoints; use one such as {_EXAMPLES['pose']}")
    return _of_rtmlib(RTMPose, network, session, model_input_size=(width, height))


def _detector(file: Path, confidence: float) -> Any:
    from rtmlib import YOLOX

    network, session = _network(file, "detector")
    return _of_rtmlib(YOLOX, network, session, model_input_size=tuple(session.get_inputs()[0].shape[2:]),
                      score_thr=confidence)


def _network(file: Path, name: str) -> tuple[Path, Any]:
    """A network's .onnx file, and a session of one thread: the workers share out the cores, and one thread's sums don't
    depend on how many there are."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        network = _unpacked(file)
        session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        height, width = session.get_inputs()[0].shape[2:]
        if not (isinstance(height, int) and isinstance(width, int)):
            raise ValueError("its input has no fixed size")
    except Exception as error:  # onnxruntime's have no common class
        raise ModelError(f"landmarks.weights.{name}: {file} is no network in ONNX that can be used "
                         f"({' '.join(str(error).split())[:160]}); use one such as {_EXAMPLES[name]}") from None
    return network, session


def _of_rtmlib(kind: Any, network: Path, session: Any, **settings: Any) -> Any:
    """A network as rtmlib uses it, with our session in place of its own, whose threads can't be set."""
    with redirect_stdout(io.StringIO()):  # it prints what it loads
        tool = kind(str(network), **settings)
    tool.session = session
    return tool


def _unpacked(file: Path) -> Path:
    """The .onnx file itself, or the only one in a ZIP archive, as rtmlib's are published."""
    if not zipfile.is_zipfile(file):
        return file
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith(".onnx")]
        if len(names) != 1:
            raise ValueError(f"the archive has {len(names)} files *.onnx, not one")
        content = archive.read(names[0])
    path = FETCHED / f"{hashlib.sha256(content).hexdigest()[:16]}.onnx"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    return path
