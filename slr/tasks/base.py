"""The interface of a task: everything in which training, evaluation, inference and the report differ between tasks.

This module doesn't import torch, because the clips of a task are selected before anything is computed. A task's methods
import what they need when they are called.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from slr.errors import ModelError
from slr.params import ModelParams

if TYPE_CHECKING:
    import pandas as pd
    from torch import Generator, Tensor, nn

    from slr.decoding.records import Reading
    from slr.preprocessing.batch import Batch, ClipSet
    from slr.preprocessing.inputs import Store
    from slr.preprocessing.normalise import Normalise

Settings = TypeVar("Settings", bound=ModelParams)


@dataclass(frozen=True)
class Score:
    """A validation metric that can select a model's checkpoint.

    Attributes
    ----------
    name : str
        The metric's name, as in `selection`: `top1`.
    title : str
        Title of its plot.
    higher_is_better : bool
    proportion : bool
        Whether it is a share of the clips (or windows), and so has Wilson's interval.
    """

    name: str
    title: str
    higher_is_better: bool = True
    proportion: bool = False

    @property
    def column(self) -> str:
        """Column of the history, and key among a model's metrics: `val_top1`."""
        return f"val_{self.name}"


LOSS = Score("loss", "loss", higher_is_better=False)


@dataclass(frozen=True)
class Data:
    """Training data of a model: its labels (glosses, or the classes of windows), training and validation clips."""

    labels: list[str]
    train: "ClipSet"
    val: "ClipSet"


class ClipVectors(NamedTuple):
    """What a model computes of one clip, once or several times in it.

    Attributes
    ----------
    vectors : ndarray (N, D) float32
    spans : ndarray (N, 2)
        Start and end of what each describes, in parts of the clip.
    labels : list of N str or None
        Its gloss, or the label of a window; None where there isn't one for each.
    """

    vectors: np.ndarray
    spans: np.ndarray
    labels: list[str | None]


class Task(ABC, Generic[Settings]):
    """A task of models with these settings. Methods that are implemented here are optional in subclasses.

    Attributes
    ----------
    name : str
        Name in the settings and in config.json.
    title : str
        Heading of the task's models in the report.
    score : Score
        The metric that selects the checkpoint, unless `selection` names another.
    other_scores : tuple of Score
        The metrics of `validate` that may do so instead.
    answers, command : str
        What a model of the task outputs, and the command that uses one, for messages.
    per_clip : str
        Name of the CSV of predictions for all test clips (or windows).
    evaluator : str
        Dotted name of the function that tests a model: `(trained, store, rows, out, dataset, params) -> metrics`, with
        the rows of all clips of the task, each with its `split`, and an output folder for the report.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    score: ClassVar[Score]
    other_scores: ClassVar[tuple[Score, ...]] = (LOSS,)
    answers: ClassVar[str]
    command: ClassVar[str] = "slr features"
    per_clip: ClassVar[str] = "predictions.csv"
    evaluator: ClassVar[str]

    @abstractmethod
    def clips(self, settings: Settings, rows: "pd.DataFrame") -> "pd.DataFrame":
        """The manifest rows (with `glosses` and `segments`) that a model of the task is trained and tested on."""

    @abstractmethod
    def lacks(self, settings: Settings) -> str:
        """What a corpus without clips of the task lacks, as in "the corpus has ..."."""

    @abstractmethod
    def data(self, store: "Store", rows: "dict[str, pd.DataFrame]", signers: "dict[str, pd.Series]",
             settings: Settings) -> Data:
        """Read the training and validation clips.

        Parameters
        ----------
        rows : dict
            The manifest rows of the splits `train` and `val`, sorted by `clip_id`.
        signers : dict
            Signer label of each row, -1 if unknown.
        """

    def facts(self, name: str, data: Data, settings: Settings) -> dict[str, Any]:
        """Facts about the data for config.json, known before training; may warn, under the model's `name`."""
        return {}

    @abstractmethod
    def criterion(self, model: "nn.Module", data: Data, settings: Settings) -> "nn.Module":
        """The training criterion: a module whose `forward(outputs, batch)` returns named loss terms, with `report()`
        for the history."""

    def batcher(self, clips: Any, settings: Settings) -> "Callable[[Tensor, Generator], Batch] | None":
        """Builds a training batch from clip indices, where it isn't just those clips."""
        return None

    def training_counts(self, outputs: "dict[str, Tensor]", batch: Any, data: Data,
                        settings: Settings) -> "Tensor | None":
        """Counts (n,) int64 of what the model answered for a training batch, whose sums over an epoch
        `training_metrics` takes; None if the answers are none that could be compared with the targets."""
        return None

    def training_metrics(self, counts: list[float]) -> dict[str, float | None]:
        """Metrics on an epoch's training batches, by the names of those of `validate`."""
        return {}

    @abstractmethod
    def validate(self, model: "nn.Module", data: Data, normalise: "Normalise",
                 settings: Settings) -> dict[str, float | None]:
        """The metrics on the validation clips, of which there is at least one, by name: `loss`, that of `score`, and
        others. None, in every epoch, where one isn't defined for these clips."""

    def scores(self, settings: Settings) -> dict[str, Score]:
        """The metrics that can select a checkpoint, by name; the first does by default."""
        return {score.name: score for score in (self.score, *self.other_scores)}

    def selection(self, settings: Settings) -> Score:
        """The metric that selects the checkpoint."""
        return self.score if settings.selection is None else self.scores(settings)[settings.selection]

    def after_epoch(self, model: "nn.Module", clips: Any, normalise: "Normalise",
                    settings: Settings) -> dict[str, float]:
        """Updates the model from the training clips after an epoch; returns columns of the history."""
        return {}

    def calibrate(self, name: str, model: "nn.Module", best: dict[str, Any], data: Data, normalise: "Normalise",
                  settings: Settings) -> dict[str, Any]:
        """Calibration of the best weights, already loaded into `model`, on the validation clips; `best` is their
        epoch's row of the history. The result goes into config.json; may warn, under the model's `name`."""
        return {}

    @abstractmethod
    def clip_vectors(self, trained: Any, store: Any, rows: "pd.DataFrame", of: str) -> list[ClipVectors]:
        """The output `of` a model (`features`, `signer`) for each of the clips in manifest rows, from their store."""

    def require_config(self, config: dict[str, Any], settings: Settings) -> None:
        """Raise ModelError if a trained model's config.json lacks what the task's models are used by."""

    # For exported models: `slr.inference.export`.

    def answer(self, outputs: "dict[str, Tensor]", settings: Settings) -> "dict[str, Tensor]":
        """What an exported model answers to its only clip, by name, from the network's outputs: `probabilities`
        (classes,), `vector` (D,) of an embedding, or `log_probabilities` (T', classes + 1) of a sentence."""
        return {"probabilities": outputs["logits"].softmax(1)[0]}

    def pieces(self, frames: int, settings: Settings) -> list[slice]:
        """The pieces of a clip of this many frames that a model of the task takes one by one."""
        return [slice(0, frames)]

    def answer_score(self, answers: "list[dict[str, np.ndarray]]", samples: list[Any], labels: list[str],
                     settings: Settings) -> tuple[str, float] | None:
        """Name and value of the score of answers to test samples, each with its `landmarks` and its manifest `row`;
        None if there is none."""
        return None

    # For models that classify glosses in whole clips: used by `slr explain`.

    def require_glosses(self, folder: Any) -> None:
        """Raise ModelError if models of the task, such as the one in `folder`, don't recognise glosses in clips."""
        raise ModelError(f"the model in {folder} {self.answers}; name one that recognises signs or sentences")

    def logits(self, outputs: "dict[str, Tensor]", settings: Settings, frames: int) -> "tuple[Tensor, int]":
        """Logits (T', classes) of the only clip of a batch with this many frames, and the input frames per output
        frame."""
        raise NotImplementedError

    def readings(self, logits: "Tensor", labels: list[str], settings: Settings) -> "list[Reading]":
        """The decoded glosses of logits (T', classes)."""
        raise NotImplementedError


def missing_clips(task: Task, settings: ModelParams, rows: "pd.DataFrame") -> str | None:
    """What a manifest lacks for a model, as in "the corpus has ..."; None if it has clips of its task."""
    return task.lacks(settings) if task.clips(settings, rows).empty else None
