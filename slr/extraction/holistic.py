"""Landmarks of body, hands and face by MediaPipe Holistic, which tracks one person through the frames of a clip.

With several people in view it tracks one of them, which can't be configured: `slr.extraction.persons` crops the
pictures to the person who is meant.
"""

from functools import cache
from typing import Any

import numpy as np

from slr.extraction.bundled import PRUNABLE, package
from slr.extraction.extractor import Extractor
from slr.io.progress import warn
from slr.params import LandmarksParams

# The bundled one: 0 and 2 have to be downloaded.
_MODEL_COMPLEXITY = 1


class HolisticExtractor(Extractor):
    """MediaPipe Holistic.

    Parameters
    ----------
    params : LandmarksParams
    prunable : (str, str)
        Version and model hash of the MediaPipe whose graph is pruned to what the skeleton needs; any other runs
        unpruned, which gives the same landmarks more slowly.

    Attributes
    ----------
    graph : mediapipe.solutions.holistic.Holistic or PrunedHolistic
        None before the first clip.

    Examples
    --------
    >>> with HolisticExtractor(LandmarksParams()) as extractor:
    ...     coordinates = extractor.extract(images)
    """

    def __init__(self, params: LandmarksParams, prunable: tuple[str, str] = PRUNABLE):
        super().__init__(params)
        self.prunable = prunable
        self.graph: Any = None  # created for the first clip

    @classmethod
    def identity(cls, params: LandmarksParams) -> dict[str, Any]:
        """Version and hash are those of the MediaPipe that is installed; it isn't imported."""
        version, model_hash = package()
        return {
            "name": "mediapipe-holistic",
            "version": version,
            "model_hash": model_hash,
            "settings": {
                "static_image_mode": False,
                "model_complexity": _MODEL_COMPLEXITY,
                "smooth_landmarks": True,
                "refine_face_landmarks": True,
                "min_detection_confidence": params.min_detection_confidence,
                "min_tracking_confidence": params.min_tracking_confidence,
            },
        }

    @classmethod
    def prepare(cls, params: LandmarksParams) -> None:
        warn_if_slow()

    def start(self) -> None:
        """Reset the tracker."""
        if self.graph is None:
            self.graph = self._new_graph()
        else:
            self.graph.reset()

    def _new_graph(self) -> Any:
        if package() == self.prunable:
            from slr.extraction.pruned import PrunedHolistic

            return PrunedHolistic(self.metadata["settings"], self.skeleton.parts)
        from mediapipe.python.solutions.holistic import Holistic

        return Holistic(**self.metadata["settings"])

    def landmarks(self, image: np.ndarray) -> np.ndarray:
        """The landmarks (J, 4) float32 of the clip's next frame.

        x, y in fractions of width and height (they may lie outside the frame), z in fractions of the width (the pose's
        from the hips, a hand's from its wrist, the face's from its centre; smaller is nearer), and visibility (1 for
        hands and face, which have none). NaN where a part was not found.
        """
        found = self.graph.process(image)
        coordinates = np.full((len(self.skeleton), 4), np.nan, np.float32)
        for part, where in self.skeleton.part_slices.items():
            landmarks = getattr(found, f"{part}_landmarks")
            if landmarks is not None:
                seen = part == "pose"  # the only part with a visibility
                coordinates[where] = [(p.x, p.y, p.z, p.visibility if seen else 1.0) for p in landmarks.landmark]
        return coordinates

    def close(self) -> None:
        """Release the graph; the extractor can't be used afterwards."""
        if self.graph is not None:
            self.graph.close()


@cache
def warn_if_slow(prunable: tuple[str, str] = PRUNABLE) -> None:
    """Warn, once, if the installed MediaPipe can't be pruned."""
    version, model_hash = package()
    if (version, model_hash) != prunable:
        warn(f"MediaPipe {version} (models {model_hash[:8]}) is not the one whose graph can be pruned, {prunable[0]} "
             f"(models {prunable[1][:8]}): landmarks are the same but take longer")
