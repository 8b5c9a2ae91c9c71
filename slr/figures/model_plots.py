"""A model's plots, drawn once by its evaluation and embedded by reports of many models."""

from pathlib import Path

import pandas as pd

from slr.figures import plots
from slr.metrics.classification import confusion_matrix

LEARNING = ("loss", "score")
CONFUSION, CURVE = "confusion", "precision_recall"


def write_learning(folder: Path, history: pd.DataFrame, best_epoch: int, score: str, title: str) -> None:
    """Write loss.svg, and score.svg if any epoch was validated.

    Parameters
    ----------
    folder : Path
    history : DataFrame
        The model's history.csv.
    best_epoch : int
        Epoch whose weights were kept.
    score, title : str
        The column of the metric used for checkpoint selection, and its name in the plot.
    """
    trained = score.replace("val_", "train_", 1)
    panels = [({"train_loss": "training", "val_loss": "validation"}, "loss"),
              ({trained: "training", score: "validation"} if history[score].notna().any() else {}, title)]
    for name, (columns, label) in zip(LEARNING, panels, strict=True):
        columns = {column: legend for column, legend in columns.items()
                   if column in history and history[column].notna().any()}
        if columns:
            _write(folder / f"{name}.svg", plots.curves(history, columns, label, best=best_epoch))


def write_confusion(folder: Path, predictions: pd.DataFrame) -> None:
    """Write confusion.svg of the rows of predictions.csv."""
    counts, glosses = confusion_matrix(predictions.gloss, predictions.predicted)
    _write(folder / f"{CONFUSION}.svg",
           plots.matrix(counts, glosses, glosses, row_label="signed", column_label="recognised"))


def _write(path: Path, svg: str) -> None:
    path.write_text(svg, encoding="utf-8", newline="\n")
