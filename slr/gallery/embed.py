"""Vectors of clips and videos: the features of a trained model."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from slr.dataset import provenance
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.extraction.video import VideoReader, find_landmarks
from slr.gallery.entries import Entry
from slr.inference.model import load_model
from slr.inference.video import video_reader
from slr.io.progress import progress, warn

_AT_ONCE = 512
"""Clips of the store in memory at a time."""


class Embedder:
    """Computes vectors with a trained model.

    Parameters
    ----------
    model_dir : path
    dataset : Dataset
        Data set of the clip ids; its landmarks are opened on first use.
    any_extractor : bool, default False
        See `slr.inference.video.video_reader`.

    Raises
    ------
    ModelError
        If the model is missing, can't be read, or isn't an isolated-sign model.
    """

    def __init__(self, model_dir: str | Path, dataset: Dataset, any_extractor: bool = False):
        self.trained = load_model(model_dir, "isolated")
        self._model_dir, self._dataset, self._any_extractor = Path(model_dir), dataset, any_extractor

    @property
    def model(self) -> str:
        return self._model_dir.as_posix()

    @property
    def model_hash(self) -> str:
        return self.trained.weights_hash

    @cached_property
    def store(self) -> LandmarkStore:
        store = self._dataset.landmark_store
        if found := provenance.differences(self.trained.config["preprocessing"], store.metadata, provenance.extractor):
            warn(f"the landmarks in {self._dataset.landmarks} weren't made as those that {self.model} was trained on "
                 f"({'; '.join(found)}); its vectors may be worse")
        return store

    @cached_property
    def reader(self) -> VideoReader:
        return video_reader(self.trained, self._any_extractor)

    def vectors(self, wanted: Sequence[Entry]) -> np.ndarray:
        """(N, D) float32, one row per entry.

        Raises
        ------
        ClipError
            If a video can't be read, or no person is in it.
        ModelError
            If the model can't read videos.
        """
        found: dict[int, np.ndarray] = {}
        with progress("vectors", total=len(wanted)) as advance:
            for rows in _parts([i for i, entry in enumerate(wanted) if entry.video is None]):
                clips = self.trained.clips(self.store, [wanted[i].clip_id for i in rows])
                found |= zip(rows, self.trained.outputs(clips)["features"].numpy(), strict=True)
                advance(len(rows))
            for i, entry in enumerate(wanted):
                if entry.video is not None:
                    found[i] = self.vector(*self.landmarks(entry.video))
                    advance()
        return np.stack([found[i] for i in range(len(wanted))])

    def landmarks(self, clip: str | Path) -> tuple[ClipLandmarks, Skeleton]:
        """The landmarks of a video (or a folder of images) of that name if it exists, else of a clip of the corpus.

        Raises
        ------
        ClipError, CorpusError
            See `slr.extraction.video.find_landmarks`.
        """
        return find_landmarks(clip, lambda: self.store, lambda: self.reader)

    def vector(self, landmarks: ClipLandmarks, source: Skeleton) -> np.ndarray:
        """(D,) float32, the vector of one clip."""
        return self.trained.outputs(self.trained.clip(landmarks, source))["features"][0].numpy()


def _parts(rows: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start:start + _AT_ONCE]
