"""Evaluation of isolated-sign models: classification, and the quality of the features."""

import difflib
from pathlib import Path

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.evaluation.predictions import PREDICTIONS, rank_predictions, write_predictions
from slr.figures.input_weights import write_importance
from slr.figures.model_plots import write_confusion
from slr.figures.projections import write_embeddings
from slr.inference.model import TrainedModel
from slr.io.progress import warn
from slr.metrics.classification import TOP, accuracy, macro_f1, signer_gap
from slr.metrics.probe import signer_labels, signer_probe
from slr.metrics.retrieval import embedding_metrics
from slr.metrics.silhouette import whole_glosses
from slr.params import Params


def evaluate_isolated(trained: TrainedModel, store: LandmarkStore, clips: pd.DataFrame, out: Path, dataset: Dataset,
                      params: Params) -> dict[str, float]:
    """The metrics of an isolated-sign model, and predictions.csv, confusion.csv and figures in `out`.

    A test clip whose gloss was never trained counts as wrong: leaving it out would be optimistic. The signer probe, the
    embedding metrics and their figures also use the validation clips: no weight was trained on those either, and more
    signers make the estimates more reliable.

    Parameters
    ----------
    trained : TrainedModel
    store : LandmarkStore
    clips : DataFrame
        The manifest rows of all clips of single signs, with `split`.
    out : Path
        predictions.csv (clip_id, signer, gloss, predicted, rank, probability, top5), confusion.csv (actual, predicted;
        one row per clip, for `dvc plots`), confusion.svg, embeddings.csv and embeddings.png (see
        `slr.figures.projections`), and for models with learned input weights importance.csv, importance.png and
        importance_lines.png (`slr.figures.input_weights`).
    dataset : Dataset
        Its pseudo-signers are used if signers aren't known.
    params : Params

    Returns
    -------
    dict
        See docs/training.md.
    """
    clips = clips.assign(gloss=clips.glosses.str[0])
    _warn_of_unknown_glosses(params.evaluation.gloss_sets, set(clips.gloss))
    learnt = clips[clips.split == "train"].sort_values("clip_id", ignore_index=True)
    learnt = learnt.iloc[whole_glosses(learnt.gloss.to_numpy())]
    clips = clips[clips.split.isin(["val", "test"])].sort_values("clip_id", ignore_index=True)
    test = (clips.split == "test").to_numpy()
    landmarks_of = trained.clips(store, clips.clip_id)
    found = trained.outputs(landmarks_of)
    predictions = rank_predictions(found["logits"].softmax(1).numpy()[test], trained.labels,
                                   clips[test].reset_index(drop=True))
    features, who = found["features"].numpy(), signer_labels(clips, dataset.pseudo_signers())
    both = pd.concat([clips, learnt], ignore_index=True)
    learnt_features = trained.outputs(trained.clips(store, learnt.clip_id))["features"].numpy()
    metrics = {**measure(predictions, len(trained.labels), params.evaluation.gloss_sets),
               **signer_probe(features, who, clips.gloss),
               **embedding_metrics(np.concatenate([features, learnt_features]), both.gloss, both.signer, both.split)}
    write_predictions(out / PREDICTIONS, predictions)
    confusion = predictions[["gloss", "predicted"]].rename(columns={"gloss": "actual"})
    confusion.to_csv(out / "confusion.csv", index=False, lineterminator="\n")
    write_confusion(out, predictions)
    write_embeddings(out, features, clips.assign(signer=who))
    if (weights := trained.input_weights()) is not None:
        write_importance(out, weights, trained.skeleton, landmarks_of.landmarks.numpy(), landmarks_of.mask.numpy())
    return metrics


def measure(predictions: pd.DataFrame, classes: int, gloss_sets: dict[str, list[str]]) -> dict[str, float]:
    """The metrics of the rows of predictions.csv, of a model with this many classes."""
    correct = (predictions["rank"] == 1).to_numpy()
    metrics = accuracy("top1", correct)
    if classes > TOP:  # with fewer classes, top-5 is trivial
        metrics["top5"] = float((predictions["rank"] <= TOP).mean())
    metrics |= {
        "macro_f1": macro_f1(predictions.gloss.to_numpy(), predictions.predicted.to_numpy()),
        "clips": len(predictions), "classes": classes,
    }
    known = predictions.signer.notna().to_numpy()
    if known.any():
        signers = predictions.signer[known].to_numpy()
        metrics |= {"signers": len(set(signers))} | signer_gap(correct[known], signers)
    for name, glosses in gloss_sets.items():
        chosen = predictions.gloss.isin(glosses).to_numpy()
        if chosen.any():
            metrics |= accuracy(f"top1_{name}", correct[chosen]) | {f"top1_{name}_clips": int(chosen.sum())}
    return metrics


def _warn_of_unknown_glosses(gloss_sets: dict[str, list[str]], known: set[str]) -> None:
    """Only warn, since a set may be meant for a larger corpus; an absent gloss may also be misspelt."""
    for name, glosses in gloss_sets.items():
        unknown = [gloss for gloss in glosses if gloss not in known]
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            warn(f"evaluation.gloss_sets.{name}: the corpus has no gloss {', '.join(map(repr, unknown))}{hint}")
