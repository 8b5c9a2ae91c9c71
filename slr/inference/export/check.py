"""Holds an exported model against torch, on the landmarks of real clips."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch

from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import ModelError
from slr.inference.model import TrainedModel
from slr.preprocessing.normalise import normaliser

Answer = dict[str, np.ndarray]
Model = Callable[[ClipLandmarks], Answer]


class Limits(NamedTuple):
    """Largest difference from torch that an export may have, and the least share of the same most probable class."""

    difference: float
    same_top1: float


LIMITS = {"fp32": Limits(1e-4, 1), "fp16": Limits(1e-2, 0.99), "int8": Limits(0.25, 0.95)}
"""By precision: quantised files are to be smaller, not equal."""
TIED = 1e-6
"""Two classes this close in torch's answer are equally good: rounding decides."""


class Agreement(NamedTuple):
    """How closely an exported model agrees with torch.

    Attributes
    ----------
    clips : int
    max_difference : float
        The largest absolute difference of any number of any answer.
    worst : str
        The clip with this difference.
    same_top1 : float
        Share of the answers (of a sentence: of the output frames) with the same most probable class.
    """

    clips: int
    max_difference: float
    worst: str
    same_top1: float


def torch_model(trained: TrainedModel, source: Skeleton) -> Model:
    """The answers of torch, computed as `slr.inference` does, for landmarks with the joints of a skeleton."""
    normalise = normaliser(trained.params.normalise, trained.skeleton)

    @torch.inference_mode()
    def answer(landmarks: ClipLandmarks) -> Answer:
        batch = normalise(trained.clip(landmarks, source).batch(torch.tensor([0])))
        found = trained.task.answer(trained.model(batch), trained.params)
        return {name: values.numpy() for name, values in found.items()}

    return answer


def compare(reference: Model, exported: Model, clips: Iterable[tuple[str, ClipLandmarks]]) -> Agreement:
    """Compare two models on clips by name.

    Raises
    ------
    ModelError
        If the answers to a clip have other names or shapes, or only one of them isn't finite.
    """
    differences: list[tuple[float, str]] = []
    same: list[bool] = []
    for clip, landmarks in clips:
        wanted, found = reference(landmarks), exported(landmarks)
        if {name: values.shape for name, values in wanted.items()} != {
                name: values.shape for name, values in found.items()}:
            raise ModelError(f"{clip}: torch answers {_shapes(wanted)}, the export {_shapes(found)}")
        for name, values in wanted.items():
            if not np.array_equal(np.isfinite(values), np.isfinite(found[name])):
                raise ModelError(f"{clip}: {name} is finite in torch or in the export, not in both")
        differences.append((max(float(np.abs(np.nan_to_num(values) - np.nan_to_num(found[name])).max())
                                for name, values in wanted.items()), clip))
        same += [each for name in wanted.keys() - {"vector"} for each in _same_top1(wanted[name], found[name])]
    return Agreement(len(differences), *max(differences), float(np.mean(same)) if same else 1.0)


def _same_top1(wanted: np.ndarray, found: np.ndarray) -> list[bool]:
    """For each row (..., classes) whether its largest value is at the same place."""
    wanted, found = np.atleast_2d(wanted), np.atleast_2d(found)
    chosen = np.take_along_axis(wanted, found.argmax(1)[:, None], 1)[:, 0]
    return (~(chosen < wanted.max(1) - TIED)).tolist()  # all NaN is the same, too


def _shapes(answer: Answer) -> str:
    return ", ".join(f"{name} {values.shape}" for name, values in answer.items())
