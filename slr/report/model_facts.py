"""What the report says of one model, from the files that training and evaluation left."""

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
PICTURES = ("embeddings", "importance")
"""What evaluation may have drawn: `reports/<model>/<picture>.png`."""


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy over some clips, with its 95 % Wilson interval.

    Attributes
    ----------
    name : str
        The gloss, or the signer.
    clips, correct : int
    low, high : float
        The interval's ends.
    mistaken_for : str
        The commonest wrong answer, or an empty string.
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
    """A gloss taken for another: `clip_ids` of the clips, the surest mistake first."""

    gloss: str
    predicted: str
    clip_ids: list[str]
    probability: float


@dataclass(frozen=True)
class ModelFacts:
    """One model's results; what a file doesn't hold, or a missing file would have held, is None or empty.

    Attributes
    ----------
    name : str
    metrics : dict of str to float
    config : dict or None
        Its `config.json`: settings, data, versions.
    predictions : DataFrame or None
        One row per test clip, of a model of clips with one sign.
    transcripts : DataFrame or None
        One row per test sentence, of a model of sentences.
    plots : dict of str to str
        SVG files, by their names (`slr.figures.model_plots`), of those that are there.
    pictures : dict of str to bytes
        PNG files, by the names of `PICTURES`, of those that are there: not every model has every one.
    missing : list of str
        Files that aren't there.
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
        """Of a model that was never trained, the commonest."""
        return task_named("isolated" if self.config is None else self.config["task"])

    def interval(self, metric: str) -> tuple[float, float] | None:
        """The 95 % interval of a metric, where evaluation wrote one."""
        low, high = (self.metrics.get(f"{metric}_ci_{end}") for end in ("low", "high"))
        return None if low is None or high is None else (low, high)

    def accuracies(self, by: str) -> list[Accuracy]:
        """Accuracy for each value of a column of the predictions (`gloss`, `signer`); unknown ones are left out."""
        if self.predictions is None:
            return []
        return [_accuracy(str(name), rows) for name, rows in self.predictions.groupby(by, dropna=True)]

    def too_short(self) -> dict[str, list[str]]:
        """Ids of the sentences of each split that have fewer output frames than glosses and repeats; no empty lists."""
        trained = {} if self.config is None else self.config["training"].get("too_short", {})
        tested = [] if self.transcripts is None else self.transcripts.clip_id[self.transcripts.too_short].tolist()
        return {split: clip_ids for split, clip_ids in {**trained, "test": tested}.items() if clip_ids}

    def confusions(self, count: int = MAX_CONFUSIONS) -> list[Confusion]:
        """The commonest confusions, and among equals the surest ones first."""
        if self.predictions is None:
            return []
        wrong = self.predictions[self.predictions.gloss != self.predictions.predicted]
        found = []
        for (gloss, predicted), rows in wrong.groupby(["gloss", "predicted"]):
            rows = rows.sort_values(["probability", "clip_id"], ascending=[False, True])
            found.append(Confusion(gloss, predicted, list(rows.clip_id), float(rows.probability.iloc[0])))
        return sorted(found, key=lambda c: (-len(c.clip_ids), -c.probability, c.gloss, c.predicted))[:count]


def model_facts(name: str, folder: Path) -> ModelFacts:
    """Read what is there of a model in the folder that its evaluation left (`slr.evaluation.evaluate`)."""
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
