"""Evaluation of a trained model on the test clips: its metrics and predictions."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.model_folder import CONFIG, HISTORY, METRICS
from slr.errors import CorpusError
from slr.figures.model_plots import write_learning
from slr.inference.model import load_model
from slr.io.files import atomic_path, write_json
from slr.models.device import choose_device
from slr.params import Params
from slr.params.lookup import dotted, locate
from slr.training.device import use_cores


def evaluate(model_dir: Path, params: Params, dataset: Dataset, metrics_path: Path | None,
             report_dir: Path) -> dict[str, float]:
    """Evaluate a model on the test clips of its task, and write its metrics and the report's data.

    Parameters
    ----------
    model_dir : Path
        From `slr.training.loop.train`, or `slr.inference.checkpoints.import_checkpoint`.
    params : Params
        `evaluation` and `corpus.name` are used.
    dataset : Dataset
    metrics_path : Path or None
        The metrics as flat JSON, if they are wanted outside `report_dir` too; docs/training.md defines each of them.
    report_dir : Path
        The data of the model's report page: metrics.json, its config.json, the learning curves
        (`slr.figures.model_plots`), and the task's files: `slr.evaluation.isolated`, `detection`, `continuous`.

    Returns
    -------
    dict
        The metrics.

    Raises
    ------
    CorpusError
        If there are no test clips.
    ModelError
        If the landmarks or frames were made differently from those that the model was trained on.
    """
    use_cores(params.compute.workers)
    trained = load_model(model_dir, device=choose_device(params.evaluation.device, "evaluation.device"))
    task, store = trained.task, trained.open(dataset)
    rows = task.clips(trained.params, dataset.split_rows()).reset_index(drop=True)
    if "test" not in set(rows.split):
        raise CorpusError(f"{dataset.splits} has no test clips for this model; raise splits.test")
    with atomic_path(report_dir) as temporary:
        temporary.mkdir()
        metrics = locate(task.evaluator)(trained, store, rows, temporary, dataset, params)
        metrics |= own_metrics(params.evaluation.metrics, temporary / task.per_clip)
        training, selected = trained.config["training"], task.selection(trained.params)
        if (model_dir / HISTORY).exists():  # an imported model has none
            write_learning(temporary, pd.read_csv(model_dir / HISTORY), training["best_epoch"], selected.column,
                           selected.title)
        of_training = (task.score.column, selected.column, *_TRAINING)
        metrics |= {key: training[key] for key in of_training if training.get(key) is not None}
        metrics["parameters"] = trained.config["parameters"]
        shutil.copyfile(model_dir / CONFIG, temporary / CONFIG)
        write_json(temporary / METRICS, metrics)
        if metrics_path is not None:
            write_json(metrics_path, metrics)
    return metrics


def own_metrics(names: Iterable[str], table: Path) -> dict[str, float]:
    """Custom metrics by their functions' names.

    Parameters
    ----------
    names : iterable of str
        `evaluation.metrics`.
    table : Path
        A CSV with one row per test clip, passed to each function as a DataFrame.
    """
    functions = [locate(dotted(name, "slr.metrics")) for name in names]
    return {function.__name__: float(function(pd.read_csv(table, keep_default_na=False))) for function in functions}


_TRAINING = ("train_seconds", "train_cpu_seconds", "epochs", "best_epoch", "embedding_spread", "embedding_dimensions")
"""Entries that the metrics repeat from the model's training."""
