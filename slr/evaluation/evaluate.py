"""Test a trained model, once: its metrics, and what it said about every test clip."""

import shutil
from pathlib import Path

import pandas as pd

from slr.dataset.manifest import read_manifest
from slr.dataset.model_folder import CONFIG, HISTORY
from slr.dataset.splits import read_splits
from slr.errors import CorpusError
from slr.evaluation.sentences import evaluate_sentences
from slr.evaluation.signs import evaluate_signs
from slr.evaluation.stores import open_alike
from slr.evaluation.streams import evaluate_streams
from slr.figures.model_plots import write_learning
from slr.inference.model import load_model
from slr.io.files import atomic_path, write_json
from slr.metrics.phoenix import chosen
from slr.params import Params
from slr.tasks import clips_of
from slr.training.device import use_cores
from slr.training.scores import SCORES

METRICS = "metrics.json"


def evaluate(model_dir: Path, params: Params, landmarks: Path, splits: Path, manifest: Path, signers: Path,
             metrics_path: Path, report_dir: Path, frames: Path | None = None) -> dict[str, float]:
    """Measure a model on the test clips of its task, and write the metrics and what the report shows.

    Parameters
    ----------
    model_dir : Path
        From `slr.training.loop.train`.
    params : Params
        `evaluation` and `corpus.name` are used.
    landmarks, splits, manifest, signers : Path
        The landmark store, splits.parquet, manifest.parquet and (pseudo-signers) signers.parquet.
    metrics_path : Path
        The metrics as flat JSON; see docs/training.md for each one's meaning.
    report_dir : Path
        All that a page tells of the model: metrics.json, its config.json, the learning curves
        (`slr.figures.model_plots`), and what its task has: `slr.evaluation.signs`, `streams`, `sentences`.
    frames : Path, optional
        The folder of frames, for a model that reads these.

    Returns
    -------
    dict
        The metrics.

    Raises
    ------
    CorpusError
        If there are no test clips.
    ModelError
        If the landmarks or frames aren't made as those that the model was trained on.
    """
    use_cores(params.compute.workers)
    trained = load_model(model_dir)
    store = open_alike(trained, landmarks, frames)
    clips = read_splits(splits)[["clip_id", "split"]].merge(read_manifest(manifest).drop(columns="split"), on="clip_id")
    clips = clips_of(trained.params, clips).sort_values("clip_id", ignore_index=True)
    if "test" not in set(clips.split):
        raise CorpusError(f"{splits} has no test clips for this model; raise splits.test")
    with atomic_path(report_dir) as temporary:
        temporary.mkdir()
        match trained.params.task:
            case "isolated":
                metrics = evaluate_signs(trained, store, clips, signers, params.evaluation, temporary)
            case "detection":
                metrics = evaluate_streams(trained, store, clips, temporary)
            case "continuous":
                metrics = evaluate_sentences(trained, store, clips, temporary,
                                             chosen(params.evaluation.cleanup, params.corpus.name))
        training = trained.config["training"]
        score = SCORES[trained.params.task]
        write_learning(temporary, pd.read_csv(model_dir / HISTORY), training["best_epoch"], score.column, score.title)
        metrics |= {key: training[key] for key in _TRAINING if training.get(key) is not None}
        metrics["parameters"] = trained.config["parameters"]
        shutil.copyfile(model_dir / CONFIG, temporary / CONFIG)
        write_json(temporary / METRICS, metrics)
        write_json(metrics_path, metrics)
    return metrics


_TRAINING = (*(score.column for score in SCORES.values()), "train_seconds", "train_cpu_seconds", "epochs", "best_epoch",
             "embedding_spread", "embedding_dimensions")
"""What the metrics repeat of the model's training."""
