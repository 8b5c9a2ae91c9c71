"""A model's plots, drawn once by its evaluation: the report of many models only puts them on its page."""

from pathlib import Path

import pandas as pd

from slr.evaluation import plots
from slr.evaluation.predictions import confusion

LEARNING = ("loss", "top1")
CONFUSION = "confusion"


def write_model_plots(folder: Path, history: pd.DataFrame, best_epoch: int, predictions: pd.DataFrame) -> None:
    """Write loss.svg, top1.svg (where an epoch was validated) and confusion.svg.

    Parameters
    ----------
    folder : Path
    history : DataFrame
        The model's history.csv.
    best_epoch : int
        Whose weights were kept.
    predictions : DataFrame
        From `slr.evaluation.predictions.tell`.
    """
    panels = [({"train_loss": "training", "val_loss": "validation"}, "loss"), ({"val_top1": "validation"}, "top-1")]
    for name, (columns, label) in zip(LEARNING, panels, strict=True):
        columns = {column: legend for column, legend in columns.items() if history[column].notna().any()}
        if columns:
            _write(folder / f"{name}.svg", plots.curves(history, columns, label, best=best_epoch))
    counts, glosses = confusion(predictions)
    _write(folder / f"{CONFUSION}.svg",
           plots.matrix(counts, glosses, glosses, row_label="signed", column_label="recognised"))


def _write(path: Path, svg: str) -> None:
    path.write_text(svg, encoding="utf-8", newline="\n")
