"""Results of one model for the report, from the files written by training and evaluation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from slr.dataset.model_folder import CONFIG, METRICS
from slr.evaluation.predictions import PREDICTIONS, read_predictions
from slr.evaluation.transcripts import TRANSCRIPTS, read_transcripts
from slr.figures.model_plots import CONFUSION, CURVE, LEARNING
from slr.io.files import read_json
from slr.metrics.classification import wilson
from slr.tasks import Task, task_named

MAX_CONFUSIONS = 6
"""Confusions that are shown with their clips."""
PICTURES = ("embeddings", "importance", "importance_lines")
"""Figures that evaluation may have written: `reports/<model>/<picture>.png`."""


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy over some clips, with its 95 % Wilson interval.

    Attributes
    ----------
    name : str
        The gloss, or the signer.
    clips, correct : int
    low, high : float
        Bounds of the interval.
    mistaken_for : str
        The most frequent wrong prediction, or an empty string.
    """

    name: str
    clips: int
    correct: int
    low: float
    high: float
    mistaken_for: str

    @property
    def top1(self) -> float:
        return self.correct / self.clips


@dataclass(frozen=True)
class Confusion:
    """A confusion of two glosses: `clip_ids` of the clips, most confident error first."""

    gloss: str
    predicted: str
    clip_ids: list[str]
    probability: float


@dataclass(frozen=True)
class ModelFacts:
    """One model's results; missing values, also those of missing files, are None or empty.

    Attributes
    ----------
    name : str
    metrics : dict of str to float
    config : dict or None
        Its `config.json`: settings, data, versions.
    predictions : DataFrame or None
        One row per test clip, for an isolated-sign model.
    transcripts : DataFrame or None
        One row per test sentence, for a sentence model.
    plots : dict of str to str
        Existing SVG files, by their names (`slr.figures.model_plots`).
    pictures : dict of str to bytes
        Existing PNG files, by the names of `PICTURES`: not every model has all of them.
    missing : list of str
        Missing files.
    """

    name: str
    metrics: dict[str, float]
    config: dict[str, Any] | None
    predictions: pd.DataFrame | None
    transcripts: pd.DataFrame | None
    plots: dict[str, str]
    pictures: dict[str, bytes]
    missing: list[str]

    @property
    def task(self) -> Task:
        """The model's task; the default one for a model that was never trained."""
        return task_named("isolated" if self.config is None else self.config["task"])

    def interval(self, metric: str) -> tuple[float, float] | None:
        """The 95 % interval of a metric, if evaluation wrote one."""
        low, high = (self.metrics.get(f"{metric}_ci_{end}") for end in ("low", "high"))
        return None if low is None or high is None else (low, high)

    def accuracies(self, by: str) -> list[Accuracy]:
        """Accuracy for each value of a column of the predictions (`gloss`, `signer`); unknown values are left out."""
        if self.predictions is None:
            return []
        return [_accuracy(str(name), rows) for name, rows in self.predictions.groupby(by, dropna=True)]

    def too_short(self) -> dict[str, list[str]]:
        """Ids of the sentences of each split with too few output frames for their glosses; no empty lists."""
        trained = {} if self.config is None else self.config["training"].get("too_short", {})
        tested = [] if self.transcripts is None else self.transcripts.clip_id[self.transcripts.too_short].tolist()
        return {split: clip_ids for split, clip_ids in {**trained, "test": tested}.items() if clip_ids}

    def confusions(self, count: int = MAX_CONFUSIONS) -> list[Confusion]:
        """The most frequent confusions, most confident first if tied."""
        if self.predictions is None:
            return []
        wrong = self.predictions[self.predictions.gloss != self.predictions.predicted]
        found = []
        for (gloss, predicted), rows in wrong.groupby(["gloss", "predicted"]):
            rows = rows.sort_values(["probability", "clip_id"], ascending=[False, True])
            found.append(Confusion(gloss, predicted, list(rows.clip_id), float(rows.probability.iloc[0])))
        return sorted(found, key=lambda c: (-len(c.clip_ids), -c.probability, c.gloss, c.predicted))[:count]


def model_facts(name: str, folder: Path) -> ModelFacts:
    """Read what exists of a model in its evaluation folder (`slr.evaluation.evaluate`)."""
    metrics, config, predictions, transcripts = (folder / file for file in (METRICS, CONFIG, PREDICTIONS, TRANSCRIPTS))
    return ModelFacts(
        name=name,
        metrics=read_json(metrics) if metrics.exists() else {},
        config=read_json(config) if config.exists() else None,
        predictions=read_predictions(predictions) if predictions.exists() else None,
        transcripts=read_transcripts(transcripts) if transcripts.exists() else None,
        plots={plot: path.read_text(encoding="utf-8") for plot in (*LEARNING, CONFUSION, CURVE)
               if (path := folder / f"{plot}.svg").exists()},
        pictures={picture: path.read_bytes() for picture in PICTURES
                  if (path := folder / f"{picture}.png").exists()},
        missing=[str(path) for path in (metrics, config) if not path.exists()],
    )


def _accuracy(name: str, rows: pd.DataFrame) -> Accuracy:
    right = rows.gloss == rows.predicted
    low, high = wilson(int(right.sum()), len(rows))
    wrong = rows.predicted[~right]
    return Accuracy(name, len(rows), int(right.sum()), low, high, "" if right.all() else str(wrong.mode().iloc[0]))
