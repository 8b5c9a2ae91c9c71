"""What a task is: the one thing that training, evaluation, inference and the report ask where tasks differ.

Nothing here imports torch: which clips a task is about is asked before anything is computed. A task's methods import
what they need when they are called.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
import pandas as pd

from slr.errors import ModelError
from slr.params import ModelParams

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from slr.batches.batch import Batch, ClipSet
    from slr.batches.inputs import Store
    from slr.batches.normalise import Normalise
    from slr.decoding.records import Reading

Settings = TypeVar("Settings", bound=ModelParams)


@dataclass(frozen=True)
class Score:
    """The validation metric that selects a model's checkpoint.

    Attributes
    ----------
    column : str
        Of the history, and its name among a model's metrics: `val_top1`.
    title : str
        Of its plot.
    higher_is_better : bool
    """

    column: str
    title: str
    higher_is_better: bool = True


@dataclass(frozen=True)
class Data:
    """What a model is trained on: its labels (glosses, or what happens in a stream), training and validation clips."""

    labels: list[str]
    train: "ClipSet"
    val: "ClipSet"


class Task(ABC, Generic[Settings]):
    """A task of models with these settings. What has a default here need not be said.

    Attributes
    ----------
    name : str
        As settings and config.json have it.
    title : str
        Heading of its models in the report.
    score : Score
    answers, command : str
        What a model of the task does, and the command that uses one, for messages.
    per_clip : str
        The CSV that it leaves, with what a model answered for each test clip (or window).
    evaluator : str
        Dotted name of the function that tests a model: `(trained, store, rows, out, dataset, params) -> metrics`, with
        the rows of all clips of the task, each with its `split`, and a folder for what the report shows.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    score: ClassVar[Score]
    answers: ClassVar[str]
    command: ClassVar[str] = "slr features"
    per_clip: ClassVar[str] = "predictions.csv"
    evaluator: ClassVar[str]

    @abstractmethod
    def clips(self, settings: Settings, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of a manifest (with `glosses` and `segments`) that a model of the task trains and is tested on."""

    @abstractmethod
    def lacks(self, settings: Settings) -> str:
        """What a corpus hasn't where it has none of these, as in "the corpus has ..."."""

    @abstractmethod
    def data(self, store: "Store", rows: dict[str, pd.DataFrame], signers: dict[str, pd.Series],
             settings: Settings) -> Data:
        """Read the clips of the splits `train` and `val`.

        Parameters
        ----------
        rows : dict
            The manifest's rows of each of the two, sorted by `clip_id`.
        signers : dict
            Number of each row's signer, -1 where unknown.
        """

    def facts(self, name: str, data: Data, settings: Settings) -> dict[str, Any]:
        """What config.json says of the data, known before training; may warn, under the model's `name`."""
        return {}

    @abstractmethod
    def criterion(self, model: "nn.Module", data: Data, settings: Settings) -> "nn.Module":
        """What training minimises: a module whose `forward(outputs, batch)` gives named terms, and which has `report()`
        for the history."""

    def batcher(self, clips: Any, settings: Settings) -> "Callable[[Tensor, Generator], Batch] | None":
        """What makes a training batch of clips' numbers, where it isn't those clips as they are."""
        return None

    @abstractmethod
    def validate(self, model: "nn.Module", clips: Any, normalise: "Normalise") -> tuple[float | None, float]:
        """The loss and the score on validation clips, of which there are some."""

    def after_epoch(self, model: "nn.Module", clips: Any, normalise: "Normalise",
                    settings: Settings) -> dict[str, float]:
        """What a model takes from the training clips after an epoch; returns columns of the history."""
        return {}

    def calibrate(self, name: str, model: "nn.Module", best: dict[str, Any], data: Data, normalise: "Normalise",
                  settings: Settings) -> dict[str, Any]:
        """What the best weights, which `model` has, are used with, by the validation clips; `best` is their epoch's row
        of the history. Goes into config.json; may warn, under the model's `name`."""
        return {}


    # Of a model that recognises glosses in whole clips: what `slr explain` and `slr features` ask.

    def require_glosses(self, folder: Any) -> None:
        """Raise ModelError if models of the task, such as the one in `folder`, don't recognise glosses in clips."""
        raise ModelError(f"the model in {folder} {self.answers}; name one that recognises signs or sentences")

    def logits(self, outputs: "dict[str, Tensor]", settings: Settings, frames: int) -> "tuple[Tensor, int]":
        """(T', classes) logits of the one clip of a batch with so many frames, and the input frames to each of T'."""
        raise NotImplementedError

    def readings(self, logits: "Tensor", labels: list[str]) -> "list[Reading]":
        """The glosses in logits (T', classes)."""
        raise NotImplementedError

    def clip_features(self, trained: Any, clips: Any) -> "list[tuple[np.ndarray, np.ndarray]]":
        """(T', D) features of each clip, and the (T' + 1,) input frames between which they lie."""
        raise NotImplementedError


def missing_clips(task: Task, settings: ModelParams, rows: pd.DataFrame) -> str | None:
    """What a manifest lacks for a model, as in "the corpus has ..."; None if it has clips of its task."""
    return task.lacks(settings) if task.clips(settings, rows).empty else None
