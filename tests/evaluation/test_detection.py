"""Testing a model of streams: the metrics are those of the windows, the windows those of the model."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import read_manifest, write_manifest
from slr.errors import CorpusError
from slr.evaluation.evaluate import evaluate
from slr.inference.model import TrainedModel, load_model
from slr.io.files import read_json
from slr.params import Params, parse
from slr.segments.finding import segments_of
from slr.training.loop import train
from tests.helpers import landmark_corpus

FRAMES, STRIDE, FPS = 8, 3, 15
METRICS = {"pr_auc", "positives", "threshold", "precision", "recall", "f1", "precision_chosen", "recall_chosen",
           "f1_chosen", "f1_best_on_test", "signers", "worst_signer_pr_auc", "frame_pr_auc", "segment_iou",
           "segment_precision", "segment_recall", "segment_f1", "segments", "clips", "windows"}
OF_TRAINING = {"val_pr_auc", "train_seconds", "train_cpu_seconds", "epochs", "best_epoch", "parameters"}


def settings(classes: int) -> Params:
    small = {"family": "sca_stgcn_detection", "widths": [16], "hidden": 16, "epochs": 2, "warmup_epochs": 0,
             "lr": 0.003, "windows": {"frames": FRAMES, "stride": STRIDE, "classes": classes}}
    return parse({"models": {"m": small}, "train": {"model": "m", "models": ["m"]}, "compute": {"workers": 1}})


def trained_and_tested(folder: Path, classes: int) -> tuple[Dataset, Path, dict[str, float]]:
    """The corpus, the folder of what evaluation wrote beside the `model`, and the metrics.

    The second pause of each stream is speaking (P); of the last stream, the end isn't labelled.
    """
    corpus = landmark_corpus.streams(folder, signers=5)
    clips = read_manifest(corpus.manifest)
    for segments in clips.segments:
        segments[3]["label"] = "P"
    clips.at[len(clips) - 1, "segments"] = clips.segments.iloc[-1][:-1]
    write_manifest(corpus.manifest, clips)
    train("m", settings(classes), corpus, out=folder / "model", work=folder / "work")
    metrics = evaluate(folder / "model", settings(classes), corpus, metrics_path=folder / "metrics.json",
                       report_dir=folder / "report")
    return corpus, folder, metrics


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    return trained_and_tested(tmp_path_factory.mktemp("streams"), 2)


def labels_of(segments: list[dict], n_frames: int, kept: str = "S") -> list[str | None]:
    """Of each frame one of those that are kept, rest or None."""
    return [next((of["label"] if of["label"] in kept else "rest" for of in segments if of["start"] <= t < of["end"]),
                 None) for t in range(n_frames)]


def probabilities_of(model: TrainedModel, store: LandmarkStore, clip_id: str, start: int) -> np.ndarray:
    clip = store[clip_id]
    window = ClipLandmarks("w", FPS, clip.width, clip.height, clip.coordinates[start:start + FRAMES])
    return model.probabilities(model.clip(window, store.skeleton))[0].numpy()


def plain_windows(corpus: Dataset, folder: Path, kept: str = "S") -> pd.DataFrame:
    """The test windows one by one: clip, first frame, label (of most labelled frames), P(S), the likeliest label."""
    store, model = LandmarkStore(corpus.landmarks), load_model(folder / "model")
    rows = []
    for clip in read_manifest(corpus.manifest).itertuples():
        if clip.signer == "s4":  # the last one
            labels = labels_of(clip.segments, store.n_frames[clip.clip_id], kept)
            for start in range(0, len(labels) - FRAMES + 1, STRIDE):
                counts = Counter(label for label in labels[start:start + FRAMES] if label)
                if counts:
                    label = min(counts, key=lambda name: (-counts[name], name))
                    found = probabilities_of(model, store, clip.clip_id, start)
                    rows.append((clip.clip_id, start, label, found[model.labels.index("S")],
                                 model.labels[found.argmax()]))
    return pd.DataFrame(rows, columns=["clip_id", "start", "label", "probability", "likeliest"])


def average_precision(actual: np.ndarray, probability: np.ndarray) -> float:
    """Sum over the different thresholds of precision times the step of recall."""
    area = recall = 0.0
    for threshold in sorted(set(probability), reverse=True):
        said = probability >= threshold
        found = (said & actual).sum()
        area += (found / actual.sum() - recall) * found / said.sum()
        recall = found / actual.sum()
    return float(area)


def test_all_metrics_are_there_and_written(tested):
    _, folder, metrics = tested
    assert set(metrics) == METRICS | OF_TRAINING
    assert read_json(folder / "metrics.json") == metrics
    assert metrics["threshold"] == load_model(folder / "model").config["training"]["threshold"]
    curve = (folder / "report/precision_recall.svg").read_text()
    assert "<svg" in curve and "threshold of validation" in curve


def test_the_windows_are_those_of_the_model(tested):
    corpus, folder, metrics = tested
    expected = plain_windows(corpus, folder)
    written = pd.read_csv(folder / "report/windows.csv")
    assert list(written) == ["clip_id", "signer", "start_s", "end_s", "label", "probability"]
    assert (written.clip_id == expected.clip_id).all() and (written.label == expected.label).all()
    assert set(written.signer) == {"s4"} and set(written.label) == {"S", "rest"}
    assert written.start_s.to_numpy() == pytest.approx(expected.start.to_numpy() / FPS, abs=1e-6)
    assert written.end_s.to_numpy() == pytest.approx((expected.start.to_numpy() + FRAMES) / FPS, abs=1e-6)
    assert written.probability.to_numpy() == pytest.approx(expected.probability.to_numpy(), abs=1e-5)
    assert (metrics["windows"], metrics["clips"], metrics["signers"]) == (len(expected), 2, 1)
    n_frames = [n for clip_id, n in LandmarkStore(corpus.landmarks).n_frames.items() if clip_id.startswith("s4")]
    assert len(expected) < sum((n - FRAMES) // STRIDE + 1 for n in n_frames)  # no window of an end without labels


def test_the_metrics_are_those_of_the_windows(tested):
    corpus, folder, metrics = tested
    windows = plain_windows(corpus, folder)
    actual, probability = (windows.label == "S").to_numpy(), windows.probability.to_numpy()
    assert metrics["positives"] == pytest.approx(actual.mean())
    assert metrics["pr_auc"] == pytest.approx(average_precision(actual, probability), abs=1e-6)
    assert metrics["worst_signer_pr_auc"] == metrics["pr_auc"]  # there is one signer
    for suffix, threshold in (("", 0.5), ("_chosen", metrics["threshold"])):
        said = probability >= threshold
        hits = (said & actual).sum()
        assert metrics[f"precision{suffix}"] == pytest.approx(hits / max(said.sum(), 1))
        assert metrics[f"recall{suffix}"] == pytest.approx(hits / actual.sum())
        assert metrics[f"f1{suffix}"] == pytest.approx(2 * hits / (said.sum() + actual.sum()))
    best = max(2 * ((probability >= at) & actual).sum() / ((probability >= at).sum() + actual.sum())
               for at in probability)
    assert metrics["f1_best_on_test"] == pytest.approx(best)


def test_the_metrics_of_frames_and_segments_are_those_of_the_windows(tested):
    corpus, folder, metrics = tested
    store, windows = LandmarkStore(corpus.landmarks), plain_windows(corpus, folder)
    clips = read_manifest(corpus.manifest).set_index("clip_id")
    signing, found, shared, either, hits, n_actual, n_found = [], [], 0, 0, 0, 0, 0
    for clip_id, own in windows.groupby("clip_id"):
        n_frames = store.n_frames[clip_id]
        means = {t: np.mean([row.probability for row in own.itertuples() if row.start <= t < row.start + FRAMES])
                 for t in range(n_frames) if ((own.start <= t) & (t < own.start + FRAMES)).any()}
        probability = np.array([means[min(means, key=lambda at: (abs(at - t), at))] for t in range(n_frames)])
        labels = labels_of(clips.segments[clip_id], n_frames)
        known, actual = (np.array(of) for of in ([label is not None for label in labels],
                                                 [label == "S" for label in labels]))
        signing.append(actual[known])
        found.append(probability[known])
        predicted = [(round(of.start_s * FPS), round(of.end_s * FPS)) for of in segments_of(
            probability * known, np.arange(n_frames + 1) / FPS, "S", metrics["threshold"])]
        truth = [(of["start"], of["end"]) for of in clips.segments[clip_id] if of["label"] == "S"]
        covered = np.array([any(start <= t < end for start, end in predicted) for t in range(n_frames)])
        shared += (actual & covered).sum()
        either += (actual | covered).sum()
        n_actual, n_found = n_actual + len(truth), n_found + len(predicted)
        hits += sum(2 * len({*range(*a)} & {*range(*b)}) > len({*range(*a)} | {*range(*b)})
                    for a in truth for b in predicted)
    assert sum(map(len, signing)) < sum(store.n_frames[clip_id] for clip_id in set(windows.clip_id))  # an unknown end
    assert metrics["frame_pr_auc"] == pytest.approx(
        average_precision(np.concatenate(signing), np.concatenate(found)), abs=1e-6)
    assert metrics["segment_iou"] == pytest.approx(shared / either)
    assert metrics["segments"] == n_actual == 6
    assert metrics["segment_recall"] == pytest.approx(hits / n_actual)
    assert metrics["segment_precision"] == pytest.approx(hits / max(n_found, 1))
    assert metrics["segment_f1"] == pytest.approx(2 * hits / (n_actual + n_found))


def test_without_the_label_to_find_nothing_is_trained(tmp_path):
    corpus = landmark_corpus.streams(tmp_path, signers=5)
    clips = read_manifest(corpus.manifest)
    for segments in clips.segments:
        for segment in segments:
            segment["label"] = "P"
    write_manifest(corpus.manifest, clips)
    with pytest.raises(CorpusError, match="no training window is labelled S"):
        train("m", settings(2), corpus, out=tmp_path / "model", work=tmp_path / "work")


def test_without_the_label_to_find_nothing_is_measured(tested, tmp_path):
    corpus, folder, _ = tested
    clips = read_manifest(corpus.manifest)
    for segments in clips.segments[clips.signer == "s4"]:
        for segment in segments:
            segment["label"] = "P"
    write_manifest(tmp_path / "manifest.parquet", clips)
    with pytest.raises(CorpusError, match="no test stream has a window labelled S"):
        evaluate(folder / "model", settings(2), replace(corpus, manifest=tmp_path / "manifest.parquet"),
                 metrics_path=tmp_path / "metrics.json", report_dir=tmp_path / "report")


def test_several_classes_have_metrics_of_their_own(tmp_path):
    corpus, folder, metrics = trained_and_tested(tmp_path, 3)
    assert load_model(folder / "model").labels == ["P", "S", "rest"]
    assert set(metrics) == METRICS | OF_TRAINING | {"accuracy", "accuracy_ci_low", "accuracy_ci_high", "macro_f1",
                                                    "macro_pr_auc"}
    windows = plain_windows(corpus, folder, kept="SP")
    assert (pd.read_csv(folder / "report/windows.csv").label == windows.label).all() and set(windows.label) == {
        "P", "S", "rest"}
    assert metrics["positives"] == pytest.approx((windows.label == "S").mean())
    assert metrics["accuracy"] == pytest.approx((windows.label == windows.likeliest).mean())
