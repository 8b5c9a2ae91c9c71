"""Test a trained model, once: its metrics, and what it said about every test clip."""

import difflib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from slr.corpora.manifest import read_manifest
from slr.errors import CorpusError, ModelError
from slr.evaluation.embeddings import write_embeddings
from slr.evaluation.importance import write_importance
from slr.evaluation.model_plots import write_model_plots
from slr.evaluation.predictions import TOP, tell, write_predictions
from slr.evaluation.probe import persons, signer_probe
from slr.evaluation.retrieval import embedding_metrics, whole_glosses
from slr.files import atomic_path, write_json
from slr.landmarks.store import LandmarkStore
from slr.metrics import accuracy, by_group, macro_f1
from slr.params import Params
from slr.progress import warn
from slr.signers import read_signers
from slr.splits import read_splits
from slr.training.device import use_cores
from slr.training.trained import HISTORY, load_model


def evaluate(model_dir: Path, params: Params, landmarks: Path, splits: Path, manifest: Path, signers: Path,
             metrics_path: Path, report_dir: Path) -> dict[str, float]:
    """Measure a model on the test clips and write the metrics, predictions.csv and confusion.csv.

    A test clip whose gloss was never trained counts as wrong: leaving it out would flatter the model. The signer probe,
    the metrics of embeddings and their pictures are of the validation clips too: no weight was trained on those either,
    and more signers tell more.

    Parameters
    ----------
    model_dir : Path
        From `slr.training.loop.train`.
    params : Params
        `evaluation` is used.
    landmarks, splits, manifest, signers : Path
        The landmark store, splits.parquet, manifest.parquet and (pseudo-signers) signers.parquet.
    metrics_path : Path
        The metrics as flat JSON; see docs/training.md for each one's meaning.
    report_dir : Path
        predictions.csv (clip_id, signer, gloss, predicted, rank, probability, top5), confusion.csv (actual, predicted;
        one row per clip, for `dvc plots`), the plots of `slr.evaluation.model_plots`, embeddings.csv and embeddings.png
        (see `slr.evaluation.embeddings`), and of a model that weighs its landmarks importance.csv and importance.png
        (`slr.evaluation.importance`).

    Returns
    -------
    dict
        The metrics.

    Raises
    ------
    CorpusError
        If there are no test clips.
    ModelError
        If the landmarks aren't made as those that the model was trained on.
    """
    use_cores(params.compute.workers)
    trained, store = load_model(model_dir), LandmarkStore(landmarks)
    if store.metadata != trained.config["preprocessing"]:
        raise ModelError(f"the model in {model_dir} was trained on landmarks made differently from those in "
                         f"{landmarks}; run `dvc repro`")
    clips = read_splits(splits)[["clip_id", "split"]].merge(read_manifest(manifest).drop(columns="split"), on="clip_id")
    clips["gloss"] = clips.glosses.str[0]
    _warn_of_unknown_glosses(params.evaluation.gloss_sets, set(clips.gloss))
    learnt = clips[clips.split == "train"].sort_values("clip_id", ignore_index=True)
    learnt = learnt.iloc[whole_glosses(learnt.gloss.to_numpy())]
    clips = clips[clips.split.isin(["val", "test"])].sort_values("clip_id", ignore_index=True)
    test = (clips.split == "test").to_numpy()
    if not test.any():
        raise CorpusError(f"{splits} has no test clips; raise splits.test")
    landmarks_of = trained.clips(store, clips.clip_id)
    found = trained.outputs(landmarks_of)
    predictions = tell(found["logits"].softmax(1).numpy()[test], trained.labels, clips[test].reset_index(drop=True))
    features, who = found["features"].numpy(), persons(clips, read_signers(signers))
    both = pd.concat([clips, learnt], ignore_index=True)
    learnt_features = trained.outputs(trained.clips(store, learnt.clip_id))["features"].numpy()
    metrics = {**measure(predictions, trained.config, params.evaluation.gloss_sets),
               **signer_probe(features, who, clips.gloss),
               **embedding_metrics(np.concatenate([features, learnt_features]), both.gloss, both.signer, both.split)}
    write_json(metrics_path, metrics)
    with atomic_path(report_dir) as temporary:
        temporary.mkdir()
        write_predictions(temporary / "predictions.csv", predictions)
        confusion = predictions[["gloss", "predicted"]].rename(columns={"gloss": "actual"})
        confusion.to_csv(temporary / "confusion.csv", index=False, lineterminator="\n")
        write_model_plots(temporary, pd.read_csv(model_dir / HISTORY), trained.config["training"]["best_epoch"],
                          predictions)
        write_embeddings(temporary, features, clips.assign(signer=who))
        write_importance(temporary, trained, landmarks_of)
    return metrics


def measure(predictions: pd.DataFrame, config: dict[str, Any], gloss_sets: dict[str, list[str]]) -> dict[str, float]:
    """The metrics of predictions.csv's rows, and of the model that made them."""
    correct = (predictions["rank"] == 1).to_numpy()
    metrics = accuracy("top1", correct)
    if len(config["labels"]) > TOP:  # among fewer, the five best say nothing
        metrics["top5"] = float((predictions["rank"] <= TOP).mean())
    metrics |= {
        "macro_f1": macro_f1(predictions.gloss.to_numpy(), predictions.predicted.to_numpy()),
        "clips": len(predictions), "classes": len(config["labels"]),
    }
    known = predictions.signer.notna().to_numpy()
    if known.any():
        top1 = by_group(correct[known], predictions.signer[known].to_numpy())
        metrics |= {"signers": len(top1), "worst_signer_top1": min(top1.values()),
                    "signer_gap": max(top1.values()) - min(top1.values())}
    for name, glosses in gloss_sets.items():
        chosen = predictions.gloss.isin(glosses).to_numpy()
        if chosen.any():
            metrics |= accuracy(f"top1_{name}", correct[chosen]) | {f"top1_{name}_clips": int(chosen.sum())}
    training = config["training"]
    told = ("val_top1", "train_seconds", "train_cpu_seconds", "epochs", "best_epoch", "embedding_spread",
            "embedding_dimensions")
    metrics |= {key: training[key] for key in told if training.get(key) is not None}
    return {**metrics, "parameters": config["parameters"]}


def _warn_of_unknown_glosses(gloss_sets: dict[str, list[str]], known: set[str]) -> None:
    """A set may be meant for a larger corpus, so a gloss that isn't there is no error; it may also be misspelt."""
    for name, glosses in gloss_sets.items():
        unknown = [gloss for gloss in glosses if gloss not in known]
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            warn(f"evaluation.gloss_sets.{name}: the corpus has no gloss {', '.join(map(repr, unknown))}{hint}")
