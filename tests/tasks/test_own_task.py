"""A fourth task, registered from outside the package by its dotted name, goes through training, test and report."""

from dataclasses import replace

import numpy as np

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.evaluation.evaluate import evaluate
from slr.inference.model import load_model
from slr.io.files import read_json
from slr.params import parse
from slr.report.page import write_report
from slr.training.loop import train
from tests.helpers import landmark_corpus
from tests.helpers.dominance import Dominance, dominant

MODEL = {"family": "tests.helpers.dominance:DominanceParams", "joints": "spoter-54", "d_model": 16, "heads": 2,
         "layers": 1, "feedforward": 32, "epochs": 12, "lr": 0.005, "batch_size": 16}


def mirrored_half(folder) -> Dataset:
    """A corpus in which every second clip is mirrored: its signer's left hand moves."""
    corpus = landmark_corpus.make(folder, glosses=2, signers=6, repetitions=4)
    store, clips = LandmarkStore(corpus.landmarks), []
    for i, clip in enumerate(store):
        if i % 2:
            coordinates = clip.coordinates[:, store.skeleton.mirror].copy()
            coordinates[..., 0] = 1 - coordinates[..., 0]
            clip = replace(clip, coordinates=coordinates)
        clips.append(clip)
    landmark_corpus.write_store(corpus.landmarks, clips, store.skeleton, metadata=landmark_corpus.METADATA)
    return Dataset.below(folder)


def test_train_evaluate_report(tmp_path):
    dataset = mirrored_half(tmp_path)
    params = parse({"models": {"hands": MODEL}, "train": {"model": "hands", "models": ["hands"]},
                    "compute": {"workers": 1}})
    train("hands", params, dataset, out=tmp_path / "model", work=tmp_path / "work")
    trained = load_model(tmp_path / "model", Dominance.name)
    assert trained.labels == ["left", "right"] and isinstance(trained.task, Dominance)

    metrics = evaluate(tmp_path / "model", params, dataset, tmp_path / "metrics.json", tmp_path / "report")
    assert metrics["top1"] > 0.9 and metrics["classes"] == 2 and read_json(tmp_path / "metrics.json") == metrics

    write_report(tmp_path / "report.html", params, dataset, signers_metrics=tmp_path / "none",
                 evaluations={"hands": tmp_path / "report"})
    page = (tmp_path / "report.html").read_text()
    assert "Dominant hand" in page and "hands: config.json" in page


def test_the_corpus_shows_both_hands(tmp_path):
    dataset = mirrored_half(tmp_path)
    found = [dominant(dataset.landmark_store, clip_id) for clip_id in read_manifest(dataset.manifest).clip_id]
    assert np.mean([hand == "left" for hand in found]) == 0.5
