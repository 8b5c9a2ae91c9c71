"""The interface of extractors: RGB frames of one clip after the other in, landmarks out.

`landmarks.extractor` names one: those of this package are in `slr.params.extractors`, others come from outside. To
write one, subclass `Extractor`: CONTRIBUTING.md shows how.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

import numpy as np

from slr.dataset.skeleton import Skeleton, skeleton
from slr.errors import ParamsError
from slr.extraction.bundled import quiet
from slr.params import LandmarksParams
from slr.params.extractors import EXTRACTORS, extractor_named
from slr.params.lookup import locate


class Extractor(ABC):
    """Finds the landmarks of one person in a sequence of clips; a clip's don't depend on previous clips.

    Parameters
    ----------
    params : LandmarksParams

    Attributes
    ----------
    skeletons : tuple of str
        Of the class: names of the skeletons that `landmarks.skeleton` may choose from; the first is the default. One
        of its own is made by `slr.dataset.skeleton.define` where the class is.
    channels : int
        Of the class: 4 for x, y, z and visibility, or 2 for x and y.
    skeleton : Skeleton
        The chosen one.
    metadata : dict
        See `extractor_metadata`.
    """

    skeletons: ClassVar[tuple[str, ...]] = ()
    channels: ClassVar[int] = 4

    def __init__(self, params: LandmarksParams):
        self.skeleton: Skeleton = skeleton(params.skeleton)
        self.metadata = _metadata(type(self), params)

    @classmethod
    @abstractmethod
    def identity(cls, params: LandmarksParams) -> dict[str, Any]:
        """What determines landmarks besides the frames, without finding any.

        Returns
        -------
        dict
            `name`, `version`, `model_hash` and `settings` (a dict), and if others trained its networks, `files`: the
            `weights` and `weights_sha256` of the settings, with every hash. JSON-ready.

        Raises
        ------
        SlrError
            If it isn't installed, or a file isn't there; the message says what to do.
        """

    @classmethod
    def prepare(cls, params: LandmarksParams) -> None:
        """Called once, in the main process, before clips are processed; most have nothing to prepare."""
        return

    @abstractmethod
    def start(self) -> None:
        """Forget the clip before; called before each clip's first frame."""

    @abstractmethod
    def landmarks(self, image: np.ndarray) -> np.ndarray:
        """The landmarks of the clip's next frame.

        Parameters
        ----------
        image : ndarray, (H, W, 3) uint8
            RGB.

        Returns
        -------
        ndarray, (J, channels) float32
            x, y in fractions of width and height (they may lie outside the frame); NaN where a joint was not found.
        """

    def close(self) -> None:
        """Release what it holds; it can't be used afterwards."""
        return

    def extract(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """Landmarks (T, J, channels) float32 of one clip, of RGB frames (H, W, 3) uint8 in order."""
        landmarks = list(self.stream(images))
        return np.stack(landmarks) if landmarks else np.empty((0, len(self.skeleton), self.channels), np.float32)

    def stream(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The same landmarks frame by frame, (J, channels) each, in constant memory for videos of any length."""
        images = iter(images)
        first = next(images, None)
        if first is None:
            return
        with quiet():  # starting a graph prints a dozen irrelevant lines
            self.start()
            landmarks = self.landmarks(first)
        yield landmarks
        yield from map(self.landmarks, images)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def extractor_class(params: LandmarksParams) -> type[Extractor]:
    """The class of the extractor that the settings name; its skeletons are known afterwards.

    Raises
    ------
    ParamsError
        If it can't be imported, or is no extractor.
    """
    name = extractor_named(params.extractor).name
    found = locate(name)
    if not (isinstance(found, type) and issubclass(found, Extractor)):
        raise ParamsError(f"landmarks.extractor: '{name}' is no subclass of slr.extraction.extractor.Extractor; "
                          f"correct the name, or use {' or '.join(EXTRACTORS)}")
    return found


def extractor_metadata(params: LandmarksParams) -> dict[str, Any]:
    """What determines landmarks besides the frames: see `Extractor.identity`.

    A model may only be used with landmarks whose extractor metadata equal those of its training landmarks, where the
    files were apart (`slr.dataset.provenance.extractor`).
    """
    return _metadata(extractor_class(params), params)


def _metadata(kind: type[Extractor], params: LandmarksParams) -> dict[str, Any]:
    identity = kind.identity(params)
    if params.extractor != LandmarksParams().extractor:  # the default isn't named, as in stores of earlier versions
        identity = {**identity, "settings": {"extractor": params.extractor, **identity["settings"]}}
    return identity
