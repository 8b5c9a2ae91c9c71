"""An extractor of one's own, outside the package: the brightest pixel of each half of the frame."""

from typing import Any

import numpy as np

from slr.dataset.skeleton import define
from slr.extraction.extractor import Extractor
from slr.params import LandmarksParams

BRIGHTEST = define({"name": "brightest-2", "parts": {"pose": ["left_light", "right_light"]},
                    "bones": [["left_light", "right_light"]]})


class BrightestExtractor(Extractor):
    skeletons = ("brightest-2",)
    channels = 2

    @classmethod
    def identity(cls, params: LandmarksParams) -> dict[str, Any]:
        return {"name": "brightest", "version": "1", "model_hash": "none", "settings": {}}

    def start(self) -> None:
        pass

    def landmarks(self, image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        halves = image[:, :width // 2].sum(2), image[:, width // 2:].sum(2)
        (top, left), (other_top, right) = (np.unravel_index(half.argmax(), half.shape) for half in halves)
        return np.array([[left / width, top / height], [(right + width // 2) / width, other_top / height]], np.float32)
