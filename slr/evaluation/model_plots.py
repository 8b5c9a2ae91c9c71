"""A model's plots, drawn once by its evaluation: the report of many models only puts them on its page."""

from pathlib import Path

import pandas as pd

from slr.evaluation import plots
from slr.evaluation.predictions import confusion
from slr.training.scores import SCORES

LEARNING = ("loss", "score")
CONFUSION, CURVE = "confusion", "precision_recall"


def write_learning(folder: Path, history: pd.DataFrame, best_epoch: int) -> None:
    """Write loss.svg, and score.svg where an epoch was validated.

    Parameters
    ----------
    folder : Path
    history : DataFrame
        The model's history.csv.
    best_epoch : int
        Whose weights were kept.
    """
    scores = {score.column: score.title for score in SCORES.values() if score.column in history}
    panels = [({"train_loss": "training", "val_loss": "validation"}, "loss"),
              (dict.fromkeys(scores, "validation"), "".join(scores.values()))]
    for name, (columns, label) in zip(LEARNING, panels, strict=True):
        columns = {column: legend for column, legend in columns.items() if history[column].notna().any()}
        if columns:
            _write(folder / f"{name}.svg", plots.curves(history, columns, label, best=best_epoch))


def write_confusion(folder: Path, predictions: pd.DataFrame) -> None:
    """Write confusion.svg of the rows of `slr.evaluation.predictions.tell`."""
    counts, glosses = confusion(predictions)
    _write(folder / f"{CONFUSION}.svg",
           plots.matrix(counts, glosses, glosses, row_label="signed", column_label="recognised"))


def _write(path: Path, svg: str) -> None:
    path.write_text(svg, encoding="utf-8", newline="\n")
