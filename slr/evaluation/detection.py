"""Evaluation of detection models: windows of unseen streams, and the segments formed from them."""

from pathlib import Path

import numpy as np
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.errors import CorpusError
from slr.figures import plots
from slr.figures.model_plots import CURVE
from slr.inference.model import TrainedModel
from slr.metrics.classification import FEWEST_OF_SIGNER
from slr.metrics.detection import (
    binary_metrics,
    by_signer,
    class_metrics,
    pr_auc,
    segment_metrics,
)
from slr.params import Params
from slr.preprocessing.clips import cut
from slr.preprocessing.windows import windows_of
from slr.segments import Segment
from slr.segments.finding import segments_of
from slr.segments.frames import frame_edges, frame_probabilities
from slr.segments.labels import label_segments
from slr.segments.windows import class_of_frames

WINDOWS = "windows.csv"


def evaluate_detection(trained: TrainedModel, store: LandmarkStore, clips: pd.DataFrame, out: Path,
                       dataset: Dataset | None = None, params: Params | None = None) -> dict[str, float]:
    """The metrics of a detection model, and windows.csv and precision_recall.svg in the folder `out`.

    Parameters
    ----------
    trained : TrainedModel
    store : LandmarkStore
    clips : DataFrame
        The manifest's rows of all streams, with `split`.
    out : Path
        windows.csv: `clip_id`, `signer`, `start_s`, `end_s`, `label`, `probability` (of the positive label) of each
        test window.
    dataset, params
        Not used, but part of the evaluator interface.

    Returns
    -------
    dict
        Of the test windows: `slr.metrics.detection.binary_metrics`, with the threshold selected on validation;
        `class_metrics` if there are more than two classes; `worst_signer_pr_auc`; of frames `frame_pr_auc`; of the
        segments formed from them `segment_metrics`; `clips`, `windows`, `signers`.
    """
    clips = clips[clips.split == "test"].reset_index(drop=True)
    edges_s = {clip_id: _edges(store, clip_id) for clip_id in clips.clip_id}
    test = _windows(trained, store, clips, edges_s)
    threshold = trained.config["training"]["threshold"]
    actual, probability = test.actual.to_numpy(), test.probability.to_numpy()
    if not actual.any():
        raise CorpusError(f"no test stream has a window labelled {trained.windows.signing}, so what the model "
                          "finds can't be measured; test on other streams (splits.test, or the corpus' own split)")
    metrics = binary_metrics(actual, probability, threshold)
    if len(trained.labels) > 2:
        metrics |= class_metrics(np.stack(test.probabilities), np.array([trained.labels.index(label) for label in
                                                                        test.label]))
    known = test[test.signer.notna()]
    if known.actual.any():
        signers = by_signer(known.actual.to_numpy(), known.probability.to_numpy(), known.signer.to_numpy(), threshold)
        metrics |= {"signers": len(signers)}
        enough = signers[signers["count"] >= FEWEST_OF_SIGNER]
        metrics |= {"worst_signer_pr_auc": float(enough.pr_auc.min())} if enough.pr_auc.notna().any() else {}
    metrics |= _of_frames(trained, store, clips, edges_s, test, threshold)
    write_windows(out / WINDOWS, test)
    found = metrics["recall_chosen"], metrics["precision_chosen"]
    (out / f"{CURVE}.svg").write_text(plots.precision_recall({"test windows": (actual, probability)},
                                                    positives=metrics["positives"],
                                                    point=("threshold of validation", *found)), encoding="utf-8")
    return metrics | {"clips": test.clip_id.nunique(), "windows": len(test)}


def probabilities_of(trained: TrainedModel, store: LandmarkStore, clips: pd.DataFrame) -> tuple[
        list[tuple[int, int, str | None]], np.ndarray]:
    """(stream index, first frame, label) of every window, and the model's probabilities (N, classes)."""
    streams = trained.clips(store, clips.clip_id)
    found = windows_of(store, clips, trained.params)
    windows = cut(streams, [(stream, start, -1) for stream, start, _ in found], trained.window_frames)
    return found, trained.probabilities(windows).numpy()


def _windows(trained: TrainedModel, store: LandmarkStore, clips: pd.DataFrame,
             edges_s: dict[str, np.ndarray]) -> pd.DataFrame:
    """One row per window with a label that the model knows."""
    found, probabilities = probabilities_of(trained, store, clips)
    positive = trained.labels.index(trained.windows.signing)
    rows = []
    for (stream, start, label), of_window in zip(found, probabilities, strict=True):
        clip = clips.iloc[stream]
        times = edges_s[clip.clip_id]
        end = min(start + trained.window_frames, len(times) - 1)
        rows.append((clip.clip_id, clip.signer, start, times[start], times[end], label,
                     label == trained.labels[positive], of_window[positive], of_window))
    table = pd.DataFrame(rows, columns=["clip_id", "signer", "start", "start_s", "end_s", "label", "actual",
                                        "probability", "probabilities"])
    return table[table.label.isin(trained.labels)]


def _of_frames(trained: TrainedModel, store: LandmarkStore, clips: pd.DataFrame, edges_s: dict[str, np.ndarray],
               windows: pd.DataFrame, threshold: float) -> dict[str, float]:
    """`frame_pr_auc` of the labelled frames, and `segment_metrics` of the positive label's segments among them."""
    positive, length = trained.windows.signing, trained.window_frames
    actual, probability, segments = [], [], []
    for clip in clips.itertuples():
        own = windows[windows.clip_id == clip.clip_id]
        if own.empty:
            continue
        edges = edges_s[clip.clip_id]
        labels = class_of_frames(clip.segments, store.frame_numbers(clip.clip_id), trained.windows)
        of_frames = frame_probabilities(own.probability.to_numpy(), own.start.to_numpy(), length, len(labels))
        labelled = np.array([label is not None for label in labels])  # unlabelled frames have no ground truth
        actual.append(np.array(labels)[labelled] == positive)
        probability.append(of_frames[labelled])
        segments.append(([Segment(float(edges[run["start"]]), float(edges[run["end"]]), positive)
                          for run in label_segments(labels) if run["label"] == positive],
                         segments_of(np.where(labelled, of_frames, 0), edges, positive, threshold)))
    return {"frame_pr_auc": pr_auc(np.concatenate(actual), np.concatenate(probability)), **segment_metrics(segments)}


def write_windows(path: Path, windows: pd.DataFrame) -> None:
    """Write windows.csv."""
    columns = ["clip_id", "signer", "start_s", "end_s", "label", "probability"]
    windows[columns].to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def _edges(store: LandmarkStore, clip_id: str) -> np.ndarray:
    """(T + 1,) seconds: the start of each of the clip's frames, and the end of the last."""
    clip = store[clip_id]
    return frame_edges(clip.timestamps_s, clip.fps)
