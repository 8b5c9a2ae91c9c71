"""Landmarks of body, hands and face by MediaPipe Holistic, which tracks one person through the frames of a clip.

With several people in view it tracks one of them, which can't be configured: `slr.extraction.persons` crops the
pictures to the person who is meant.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Self

import numpy as np

from slr.dataset.skeleton import skeleton
from slr.extraction.bundled import PRUNABLE, package, quiet
from slr.io.progress import warn
from slr.params import LandmarksParams

# The bundled one: 0 and 2 have to be downloaded.
_MODEL_COMPLEXITY = 1


class HolisticExtractor:
    """MediaPipe Holistic for a sequence of clips; a clip's landmarks don't depend on previous clips.

    Parameters
    ----------
    params : LandmarksParams
    prunable : (str, str)
        Version and model hash of the MediaPipe whose graph is pruned to what the skeleton needs; any other runs
        unpruned, which gives the same landmarks more slowly.

    Attributes
    ----------
    skeleton : Skeleton
    metadata : dict
        See `extractor_metadata`.
    graph : mediapipe.solutions.holistic.Holistic or PrunedHolistic
        None before the first clip.

    Examples
    --------
    >>> with HolisticExtractor(LandmarksParams()) as extractor:
    ...     coordinates = extractor.extract(images)
    """

    def __init__(self, params: LandmarksParams, prunable: tuple[str, str] = PRUNABLE):
        self.skeleton = skeleton(params.skeleton)
        self.metadata = extractor_metadata(params)
        self.prunable = prunable
        self.graph: Any = None  # created for the first clip

    def extract(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Landmarks of one clip.

        Parameters
        ----------
        images : iterable of (H, W, 3) uint8 arrays
            RGB frames in order.

        Returns
        -------
        ndarray, (T, J, 4) float32
            x, y in fractions of width and height (they may lie outside the frame), z in fractions of the width (the
            pose's from the hips, a hand's from its wrist, the face's from its centre; smaller is nearer), and
            visibility (1 for hands and face, which have none). NaN where a part was not found.
        """
        landmarks = list(self.stream(images))
        return np.stack(landmarks) if landmarks else np.empty((0, len(self.skeleton), 4), np.float32)

    def stream(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The same landmarks frame by frame, (J, 4) each, in constant memory for videos of any length."""
        images = iter(images)
        first = next(images, None)
        if first is None:
            return
        with quiet():  # starting a graph prints a dozen irrelevant lines
            self._start()
            landmarks = self._landmarks(first)
        yield landmarks
        yield from map(self._landmarks, images)

    def _start(self) -> None:
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

    def _landmarks(self, image: np.ndarray) -> np.ndarray:
        """(J, 4) float32: the landmarks of the clip's next frame."""
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def extractor_metadata(params: LandmarksParams) -> dict[str, Any]:
    """What determines landmarks besides the frames: `name`, `version`, `model_hash`, `settings` (JSON-ready).

    A model may only be used with landmarks whose extractor metadata equal those of its training landmarks.
    """
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


@cache
def warn_if_slow(prunable: tuple[str, str] = PRUNABLE) -> None:
    """Warn, once, if the installed MediaPipe can't be pruned."""
    version, model_hash = package()
    if (version, model_hash) != prunable:
        warn(f"MediaPipe {version} (models {model_hash[:8]}) is not the one whose graph can be pruned, {prunable[0]} "
             f"(models {prunable[1][:8]}): landmarks are the same but take longer")
