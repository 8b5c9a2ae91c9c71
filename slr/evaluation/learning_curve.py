"""A model's learning curve: what more training clips are worth, measured on the validation clips."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.model_folder import CONFIG
from slr.errors import CorpusError, ParamsError
from slr.figures import plots
from slr.io.files import atomic_path, output_folder, read_json
from slr.metrics.classification import wilson
from slr.params import Params
from slr.params.nearest import nearest
from slr.tasks import task_of

TABLE, PICTURE = "curve.csv", "curve.svg"


def learning_curve(name: str, params: Params, dataset: Dataset, shares: Sequence[float], out: Path) -> pd.DataFrame:
    """Train a model on shares of the training clips, and write a table and a picture of its validation metrics.

    The test clips aren't read: they answer once, for the model that is published. Since the same validation clips
    select each run's checkpoint, the values are optimistic, alike for each share. Training takes place in a temporary
    folder; the project's own model stays.

    Parameters
    ----------
    name : str
        A name below `models`.
    params : Params
    dataset : Dataset
    shares : sequence of float
        Values of `train_share`.
    out : Path
        A folder, new or of an earlier run, which is replaced: curve.csv and curve.svg.

    Returns
    -------
    DataFrame
        One row per share, ascending: `share`, `train_clips`, `val_clips`; the metrics of the selected epoch as
        `val_<metric>`, with `_ci_low` and `_ci_high` (Wilson's 95 % interval) if the selecting one is a share of the
        clips; `epochs`, `best_epoch`, `train_seconds`.

    Raises
    ------
    ParamsError
        If there is no such model, or a share isn't above 0 and at most 1.
    CorpusError
        If there are no validation clips, or something else is in the folder.
    """
    if name not in params.models:
        raise ParamsError(f"there is no model '{name}' under models{nearest(name, params.models)}")
    if not shares or not all(0 < share <= 1 for share in shares):
        raise ParamsError(f"--shares: {', '.join(map(str, shares)) or 'none'}; give numbers above 0 and at most 1")
    output_folder(out, replaced=(TABLE, PICTURE))
    settings = params.models[name]
    task = task_of(settings)
    if "val" not in set(task.clips(settings, dataset.split_rows()).split):
        raise CorpusError(f"{dataset.splits} has no validation clips for this model; raise splits.val")
    score = task.selection(settings)
    with TemporaryDirectory() as temporary:
        rows = [_train(name, params, dataset, share, Path(temporary)) for share in sorted(set(shares))]
    if score.proportion:
        for row in rows:
            value, clips = row[score.column], row["val_clips"]
            row[f"{score.column}_ci_low"], row[f"{score.column}_ci_high"] = wilson(value * clips, clips)
    table = pd.DataFrame(rows)
    ends = [f"{score.column}_ci_{end}" for end in ("low", "high")]
    intervals = list(table[ends].itertuples(index=False, name=None)) if score.proportion else None
    with atomic_path(out) as folder:
        folder.mkdir()
        table.to_csv(folder / TABLE, index=False, lineterminator="\n")
        picture = plots.learning_curve(table.train_clips.tolist(), table[score.column].tolist(),
                                       f"validation {score.title}", intervals)
        (folder / PICTURE).write_text(picture, encoding="utf-8", newline="\n")
    return table


def _train(name: str, params: Params, dataset: Dataset, share: float, folder: Path) -> dict[str, Any]:
    """Train on one share; returns its row."""
    from slr.training.loop import train

    settings = params.models[name].model_copy(update={"train_share": share})
    train(name, params.model_copy(update={"models": {name: settings}}), dataset, folder / "model", folder / "work")
    training = read_json(folder / "model" / CONFIG)["training"]
    metrics = {key: value for key, value in training.items() if key.startswith("val_") and key != "val_clips"}
    return {"share": share, "train_clips": training["train_clips"], "val_clips": training["val_clips"], **metrics,
            **{key: training[key] for key in ("epochs", "best_epoch", "train_seconds")}}


def print_curve(table: pd.DataFrame) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(*table.columns)
    for row in table.itertuples(index=False):
        shown.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row))
    Console().print(shown)
