"""The study of BOSTON-104: test sentences neither train nor choose, and ensembles are what they are said to be."""

import itertools

import numpy as np
import pandas as pd
import pytest

from slr.corpora.manifest import read_manifest
from slr.decoding.decoder import Decoder
from slr.files import read_json
from slr.landmarks.store import LandmarkStore
from slr.params import MultistreamParams, PoseCtcParams, ScaStgcnDetectionParams, WindowsParams
from slr.splits import read_splits
from studies.boston104 import data
from studies.boston104 import run as study
from studies.boston104.data import corpus, development_folds, streams
from studies.boston104.models import DATA, Ensemble
from tests.studies.recordings import real

TINY = {
    "READER": Ensemble(PoseCtcParams(**DATA, width=16, epochs=2, strides=[2], layers=1, streams=["joints"]), 2),
    "WORDS": Ensemble(MultistreamParams(**DATA, frames=8, widths=[8], strides=[1], streams=[["joints"]], seeds=1,
                                        epochs=1), 2),
    "DETECTOR": Ensemble(ScaStgcnDetectionParams(**DATA, widths=[16], hidden=16, heads=2, epochs=1,
                                                 windows=WindowsParams(frames=5, stride=2, classes=2)), 1),
}
STRINGS = {"train": [*["A B", "B C A", "C A"] * 3, "A C B", "B A", "C B", "A C"], "test": ["A B", "B C B", "D A"]}
"""Glosses of each made-up video; D is in a test sentence alone."""


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """The corpus's four files with made-up videos, and tiny models for them."""
    root = tmp_path / "boston104"
    root.mkdir()
    rng, numbers = np.random.default_rng(0), itertools.count(1)
    tracks, speakers = ["video,frame,left-x,left-y,right-x,right-y,nose-x,nose-y\n"], ["video,speaker\n"]
    for split, strings in STRINGS.items():
        words = ["video,speaker,word,startframe,endframe\n"]
        for video, string in zip(numbers, strings, strict=False):
            glosses = string.split()
            speakers.append(f"{video},woman-{video % 2}\n")
            words += [f"{video},woman-{video % 2},{gloss},{5 + 12 * i},{12 + 12 * i}\n"
                      for i, gloss in enumerate(glosses)]
            positions = rng.integers(60, 200, (5 + 12 * len(glosses), 6))
            tracks += [f"{video},{frame}," + ",".join(map(str, row)) + "\n" for frame, row in enumerate(positions)]
        (root / f"{split}_words.csv").write_text("".join(words))
    (root / "hands_condensed.csv").write_text("".join(tracks))
    (root / "speaker.csv").write_text("".join(speakers))
    monkeypatch.setenv("SLR_SHARED_DATA", str(tmp_path))
    monkeypatch.setattr(study, "STUDY", tmp_path)
    monkeypatch.setattr(study, "FOLDER", tmp_path / "folds")
    for name, ensemble in TINY.items():
        monkeypatch.setattr(study, name, ensemble)
    monkeypatch.setattr(data, "REPEATED", 2)
    monkeypatch.setattr(data, "NEW", 1)
    return root


def test_development_never_sees_a_test_sentence(recordings, tmp_path):
    study.main(["--development"], workers=1)
    clips = read_manifest(tmp_path / "folds/sentences/manifest.parquet")
    tests = set(clips.clip_id[clips.split == "test"])
    seen = [read_splits(path) for path in (tmp_path / "folds").glob("fold-*/**/splits.parquet")]
    assert len(seen) == 2 * data.FOLDS  # sentences, and words
    assert all(not tests & set(of.clip_id.str.split("@").str[0]) for of in seen)
    found = read_json(tmp_path / "folds/development.json")
    assert len(found) == 3 + len(study.TRIED) and all(len(values) == data.FOLDS for values in found.values())
    assert not (tmp_path / "metrics.json").exists()


def test_the_test_sentences_are_read_once_and_never_train(recordings, tmp_path):
    study.main(workers=1)
    clips = read_manifest(tmp_path / "folds/sentences/manifest.parquet").set_index("clip_id")
    for path in (tmp_path / "folds/test").glob("**/splits.parquet"):
        splits = read_splits(path)
        assert (splits.split.to_numpy() == clips.split[splits.clip_id.str.split("@").str[0]].to_numpy()).all()
    metrics = read_json(tmp_path / "metrics.json")
    assert {"wer", "wer_greedy", "isolated_top1", "signing_f1"} <= set(metrics)
    assert metrics["sentences"] == 3 and metrics["sentences_repeated"] == 1 and metrics["words"] == 7
    assert metrics["glosses"] == 7 and metrics["isolated_top1"] <= 6 / 7  # D can't be named
    assert (tmp_path / "results.md").exists() and (tmp_path / "results.png").exists()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "folds").glob("**/weights.safetensors")}
    assert len(before) == 5  # two readers, two of words, the detector
    study.main(workers=1)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert read_json(tmp_path / "metrics.json") == metrics


def test_an_ensemble_is_the_mean_of_its_members_probabilities(recordings, tmp_path):
    manifest, landmarks = corpus(tmp_path / "folds/sentences", recordings, None)
    clips = read_manifest(manifest)
    train, test = (list(clips.clip_id[clips.split == split]) for split in ("train", "test"))
    read = study.read_sentences(tmp_path / "folds/test", manifest, landmarks, train, test, 1)
    members = [np.load(tmp_path / f"folds/test/reader-{seed}/answers/array.npy") for seed in (1, 2)]
    assert not np.allclose(*members)
    assert np.exp(np.concatenate(read.told)) == pytest.approx((members[0] + members[1]) / 2, abs=1e-6)
    store = LandmarkStore(landmarks)
    assert [len(told) for told in read.told] == [-(-len(store.frame_numbers(clip_id)) // 2) for clip_id in test]
    assert read.repeated.tolist() == [True, False, False]
    assert read.metrics(Decoder(), read.repeated)["sentences"] == 1


def test_a_fold_holds_out_sentences_of_which_some_have_a_twin_in_training():
    strings = [*["A B", "B C A", "C A"] * 30, *(f"A {i}" for i in range(60))]
    sentences = pd.DataFrame({"clip_id": [f"{i:03d}" for i in range(150)], "glosses": [s.split() for s in strings]})
    folds = development_folds(sentences)
    assert folds == development_folds(sentences) and len(set().union(*folds)) == sum(map(len, folds))
    of = dict(zip(sentences.clip_id, strings, strict=True))
    for held_out in folds:
        assert len(held_out) == data.REPEATED + data.NEW
        rest = {of[clip_id] for clip_id in of if clip_id not in held_out}
        assert [of[clip_id] in rest for clip_id in held_out] == [True] * data.REPEATED + [False] * data.NEW


def test_streams_are_signing_where_a_word_is_and_rest_elsewhere(recordings, tmp_path):
    manifest, landmarks = corpus(tmp_path / "sentences", recordings, None)
    clips, found = read_manifest(manifest), read_manifest(streams(tmp_path, manifest, landmarks))
    store = LandmarkStore(landmarks)
    for words, stream in zip(clips.itertuples(), found.itertuples(), strict=True):
        assert list(stream.glosses) == [] and stream.clip_id == words.clip_id
        said = {frame: segment["label"] for segment in stream.segments
                for frame in range(segment["start"], segment["end"])}
        assert {frame: label == "S" for frame, label in said.items()} == {
            frame: any(word["start"] <= frame < word["end"] for word in words.segments)
            for frame in range(len(store.frame_numbers(words.clip_id)))}


def test_the_real_folds_are_like_the_real_test_sentences(tmp_path):
    manifest, _ = corpus(tmp_path, real("boston104"), None)
    clips = read_manifest(manifest)
    folds = development_folds(clips[clips.split == "train"])
    assert [len(held_out) for held_out in folds] == [31, 31, 27]  # 51 can be held out with a twin left
