"""Rest against signing, frame by frame: on takes, by a rule, and on real sentences, without any truth."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from slr.corpora.imported.takes import sign_frames
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import read_manifest
from slr.dataset.skeleton import Skeleton
from slr.evaluation.detection import probabilities_of
from slr.inference.model import TrainedModel
from slr.metrics.detection import best_threshold, pr_auc, precision_recall_f1
from slr.segments.frames import frame_probabilities
from slr.segments.windows import frame_labels
from studies.slovak_sentences.sources import SIGNING

Frames = Mapping[str, np.ndarray]
"""A value for each frame of each clip, (T,)."""


def signing(trained: TrainedModel, store: LandmarkStore, clip_ids: list[str]) -> dict[str, np.ndarray]:
    """How probable a detection model says signing is in each frame of each clip, (T,)."""
    clips = pd.DataFrame({"clip_id": clip_ids, "segments": [[]] * len(clip_ids)})
    windows, probabilities = probabilities_of(trained, store, clips)
    streams, starts = np.array([(stream, start) for stream, start, _ in windows]).T
    positive = probabilities[:, trained.labels.index(SIGNING)]
    return {clip_id: frame_probabilities(positive[streams == number], starts[streams == number],
                                         trained.params.windows.frames, store.n_frames[clip_id])
            for number, clip_id in enumerate(clip_ids)}


def height(take: ClipLandmarks, joints: Skeleton) -> np.ndarray:
    """(T,) how high the higher wrist is, from 0 to 1: 1/2 at the shoulders, in units of shoulders to nose, squashed."""
    y = take.coordinates[..., 1]
    shoulders = np.nanmedian(y[:, [joints.index("left_shoulder"), joints.index("right_shoulder")]])
    unit = max(shoulders - np.nanmedian(y[:, joints.index("nose")]), 1e-6)
    wrists = y[:, [joints.index("left_wrist"), joints.index("right_wrist")]]
    return expit((shoulders - np.nan_to_num(wrists, nan=np.inf).min(1)) / unit)


def measure_takes(trained: TrainedModel, data: Dataset) -> dict[str, float]:
    """`rest_f1`, `signing_f1` and `signing_pr_auc` of the model's frames of side takes, and the same of `height`.

    The truth is `slr.corpora.imported.takes.sign_frames` of the same take. The model says signing from 0.5 on; the
    height from where F1 of signing is highest on front takes.
    """
    store = LandmarkStore(data.landmarks)
    clips = read_manifest(data.manifest)
    truth = {clip.clip_id: np.array(frame_labels(clip.segments, store.frame_numbers(clip.clip_id))) == SIGNING
             for clip in clips.itertuples()}
    heights = {clip_id: height(store[clip_id], store.skeleton) for clip_id in clips.clip_id}
    train, test = (clips[clips.split == split].clip_id.tolist() for split in ("train", "test"))
    threshold = best_threshold(_together(truth, train), _together(heights, train))
    actual = _together(truth, test)
    measured = _measure(actual, _together(signing(trained, store, test), test), 0.5)
    by_height = _measure(actual, _together(heights, test), threshold)
    return {**measured, **{f"height_{name}": value for name, value in by_height.items()},
            "rest_frames": float(np.mean(~actual)), "take_frames": len(actual)}


def measure_sentences(trained: TrainedModel, landmarks: Path, rest_threshold: float) -> dict[str, float]:
    """What the model says of real sentences, for which there is no truth.

    Returns
    -------
    dict
        `sentences_signing`, the share of their frames that it calls signing; `sentences_rest_at_ends`, the share of
        sentences of which it calls the first and the last frame rest; `sentences_rule_rest_f1`, how far it agrees with
        the takes' rule, applied to a sentence as if it were one long sign (F1 of rest).
    """
    store = LandmarkStore(landmarks)
    said = {clip_id: of >= 0.5 for clip_id, of in signing(trained, store, store.clip_ids).items()}
    rule = {}
    for clip in store:
        start, end = sign_frames(clip, store.skeleton, rest_threshold)
        rule[clip.clip_id] = (np.arange(len(clip)) >= start) & (np.arange(len(clip)) < end)
    said_all, rule_all = _together(said, store.clip_ids), _together(rule, store.clip_ids)
    return {"sentences_signing": float(said_all.mean()),
            "sentences_rest_at_ends": float(np.mean([not (of[0] or of[-1]) for of in said.values()])),
            "sentences_rule_rest_f1": precision_recall_f1(~rule_all, ~said_all)[2]}


def _measure(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    said = probability >= threshold
    return {"rest_f1": precision_recall_f1(~actual, ~said)[2], "signing_f1": precision_recall_f1(actual, said)[2],
            "signing_pr_auc": pr_auc(actual, probability)}


def _together(frames: Frames, clip_ids: list[str]) -> np.ndarray:
    """All frames of these clips, one clip after another."""
    return np.concatenate([frames[clip_id] for clip_id in clip_ids])
