"""Landmarks of body, hands and face by the landmarkers of MediaPipe Tasks, whose networks are chosen by file.

PoseLandmarker, HandLandmarker and FaceLandmarker each read a bundle (`.task`), and each sees the whole frame, where
Holistic looks for hands and face at the places that the pose gives. Of the pose there are lighter and heavier networks
than Holistic's.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from slr.errors import ModelError
from slr.extraction.bundled import quiet
from slr.extraction.extractor import Extractor
from slr.extraction.weights import weights_files, weights_identity
from slr.params import LandmarksParams

_PUBLISHED = "https://storage.googleapis.com/mediapipe-models"
_EXAMPLES = {"pose": f"{_PUBLISHED}/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task",
             "hands": f"{_PUBLISHED}/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task",
             "face": f"{_PUBLISHED}/face_landmarker/face_landmarker/float16/1/face_landmarker.task"}
_STEP_MS = 33
"""Time between two frames that the trackers' smoothing is told, whatever it is in the video; as in Holistic."""
_WRISTS = {"left_hand": 15, "right_hand": 16}
"""A hand's wrist among the landmarks of the pose."""


class _Landmarker(NamedTuple):
    """A landmarker's name in `mediapipe.tasks.python.vision`, and its options by the settings of detection (`detect`)
    and tracking (`track`)."""

    name: str
    detect: str
    presence: str
    more: dict[str, Any]


_LANDMARKERS = {
    "pose": _Landmarker("PoseLandmarker", "min_pose_detection_confidence", "min_pose_presence_confidence", {}),
    "hands": _Landmarker("HandLandmarker", "min_hand_detection_confidence", "min_hand_presence_confidence",
                         {"num_hands": 2}),
    "face": _Landmarker("FaceLandmarker", "min_face_detection_confidence", "min_face_presence_confidence", {}),
}


class TasksExtractor(Extractor):
    """Landmarkers of MediaPipe Tasks, in video mode.

    A hand belongs to the side whose wrist of the pose is nearer, so a frame without a pose has no hands.

    Parameters
    ----------
    params : LandmarksParams

    Raises
    ------
    ModelError
        If a bundle isn't there (see `slr.extraction.weights`); from `start`, if it is none of that landmarker.
    """

    def __init__(self, params: LandmarksParams):
        super().__init__(params)
        self._params = params
        self._files = _files(params)
        self._open: dict[str, Any] = {}
        self._time_ms = 0

    @classmethod
    def identity(cls, params: LandmarksParams) -> dict[str, Any]:
        """The version is MediaPipe's, which isn't imported; the hash is that of the bundles."""
        return {
            "name": "mediapipe-tasks",
            "version": version("mediapipe"),
            "settings": {"min_detection_confidence": params.min_detection_confidence,
                         "min_tracking_confidence": params.min_tracking_confidence},
            **weights_identity(params, _files(params)),
        }

    @classmethod
    def prepare(cls, params: LandmarksParams) -> None:
        """Raises ModelError before the first clip if a bundle can't be used."""
        with quiet(), cls(params) as extractor:
            extractor.start()

    def start(self) -> None:
        """Landmarkers can't be reset: new ones."""
        self.close()
        self._open = {name: self._landmarker(name, file) for name, file in self._files.items()}
        self._time_ms = 0

    def _landmarker(self, name: str, file: Path) -> Any:
        from mediapipe.tasks.python import BaseOptions, vision

        known, params = _LANDMARKERS[name], self._params
        confidences = {known.detect: params.min_detection_confidence, known.presence: params.min_tracking_confidence,
                       "min_tracking_confidence": params.min_tracking_confidence}
        options = getattr(vision, f"{known.name}Options")(
            base_options=BaseOptions(model_asset_path=str(file)), running_mode=vision.RunningMode.VIDEO, **confidences,
            **known.more)
        try:
            return getattr(vision, known.name).create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"landmarks.weights.{name}: {file} is no bundle that MediaPipe's {known.name} can use "
                             f"({' '.join(str(error).split())[:160]}); use one such as {_EXAMPLES[name]}") from None

    def landmarks(self, image: np.ndarray) -> np.ndarray:
        """The landmarks (J, 4) float32 of the clip's next frame; the channels are those of Holistic."""
        import mediapipe

        frame = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(image))
        seen = {name: landmarker.detect_for_video(frame, self._time_ms) for name, landmarker in self._open.items()}
        self._time_ms += _STEP_MS
        found: dict[str, np.ndarray] = {}
        if seen["pose"].pose_landmarks:
            found["pose"] = _array(seen["pose"].pose_landmarks[0], visible=True)
            hands = [_array(hand) for hand in seen["hands"].hand_landmarks]
            found |= sides_of(hands, found["pose"], image.shape[1] / image.shape[0])
        if "face" in seen and seen["face"].face_landmarks:
            found["face"] = _array(seen["face"].face_landmarks[0])
        coordinates = np.full((len(self.skeleton), 4), np.nan, np.float32)
        for part, where in self.skeleton.part_slices.items():
            if part in found:
                coordinates[where] = found[part]
        return coordinates

    def close(self) -> None:
        for landmarker in self._open.values():
            landmarker.close()
        self._open = {}


def sides_of(hands: Sequence[np.ndarray], pose: np.ndarray, aspect: float) -> dict[str, np.ndarray]:
    """At most two hands (21, C) by side, so that the sum of the distances from the wrists of the pose is smallest.

    Parameters
    ----------
    hands : sequence of ndarray, (21, C)
    pose : ndarray, (33, C)
        x and y in fractions of width and height.
    aspect : float
        Width over height of the frame.
    """
    def distance(hand: np.ndarray, side: str) -> float:
        x, y = hand[0, :2] - pose[_WRISTS[side], :2]
        return float(np.hypot(x * aspect, y))

    left, right = _WRISTS
    if len(hands) == 1:
        return {min(_WRISTS, key=lambda side: distance(hands[0], side)): hands[0]}
    if not hands:
        return {}
    one, other = hands
    crossed = distance(one, right) + distance(other, left) < distance(one, left) + distance(other, right)
    return {left: other, right: one} if crossed else {left: one, right: other}


def _files(params: LandmarksParams) -> dict[str, Path]:
    needed = ("pose", "hands") if params.skeleton == "holistic-75" else ("pose", "hands", "face")
    return weights_files(params, {name: _EXAMPLES[name] for name in needed})


def _array(landmarks: Sequence[Any], visible: bool = False) -> np.ndarray:
    """(points, 4) float32: x, y, z and visibility, which only the pose has."""
    return np.array([(p.x, p.y, p.z, p.visibility if visible else 1.0) for p in landmarks], np.float32)
