"""The study of BOSTON-104: test sentences neither train nor choose, and ensembles are what they are said to be."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.splits import read_splits
from slr.decoding.decoder import Decoder
from slr.io.files import read_json
from slr.params import WindowsParams
from slr.params.families.multistream import MultistreamParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.stgcn import ScaStgcnDetectionParams
from studies.boston104 import data
from studies.boston104 import run as study
from studies.boston104.data import corpus, development_folds, streams
from studies.boston104.models import DATA, Ensemble
from studies.boston104.templates import LENGTHS, Cover, Templates, track
from tests.helpers.study_recordings import real

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
    assert len(found) == 6 + len(study.TRIED) and all(len(values) == data.FOLDS for values in found.values())
    assert not (tmp_path / "metrics.json").exists()


def test_the_test_sentences_are_read_once_and_never_train(recordings, tmp_path):
    study.main(workers=1)
    clips = read_manifest(tmp_path / "folds/sentences/manifest.parquet").set_index("clip_id")
    for path in (tmp_path / "folds/test").glob("**/splits.parquet"):
        splits = read_splits(path)
        assert (splits.split.to_numpy() == clips.split[splits.clip_id.str.split("@").str[0]].to_numpy()).all()
    metrics = read_json(tmp_path / "metrics.json")
    assert {"wer", "wer_greedy", "wer_language_new", "isolated_top1", "isolated_top1_templates",
            "signing_f1"} <= set(metrics)
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
    templates = study.words_of(recordings, train, test).templates
    read = study.read_sentences(tmp_path / "folds/test", manifest, landmarks, templates, train, test, 1)
    members = [np.load(tmp_path / f"folds/test/reader-{seed}/answers/array.npy") for seed in (1, 2)]
    assert not np.allclose(*members)
    assert np.exp(np.concatenate(read.told)) == pytest.approx((members[0] + members[1]) / 2, abs=1e-6)
    store = LandmarkStore(landmarks)
    assert [len(told) for told in read.told] == [-(-len(store.frame_numbers(clip_id)) // 2) for clip_id in test]
    assert read.repeated.tolist() == [True, False, False]
    assert read.metrics(read.said(Decoder(decoder="own")), read.repeated)["sentences"] == 1
    assert read.templates.labels == ["A", "B", "C"] == read.labels


@pytest.fixture
def templates(recordings, tmp_path):
    """Of the training sentences' words, with the words' store and manifest."""
    manifest, landmarks = corpus(tmp_path / "folds/words", recordings, "words")
    clips, store = read_manifest(manifest), LandmarkStore(landmarks)
    return Templates(store, clips[clips.split == "train"]), store, clips


def test_a_word_is_nearest_to_itself_and_stretches_are_as_far_as_they_are(templates):
    templates, store, clips = templates
    word = clips[clips.split == "train"].iloc[4]
    of = track(store[word.clip_id])
    distances = templates.distances(of)
    assert templates.labels[int(distances.argmin())] == word.glosses[0] and distances.min() == 0
    assert sorted(distances)[1] > 0.01
    sentence = np.concatenate([np.full((6, of.shape[1]), 3.0), of])
    costs = templates.stretches(sentence, word.glosses[0])
    assert costs.shape == (len(sentence) // 2 + 1, len(LENGTHS))
    assert costs[1, 2] == pytest.approx(8 * templates.distance(sentence[2:10], word.glosses[0]))
    assert np.isinf(costs[-1]).all() and np.isinf(costs[0, len(sentence) < LENGTHS]).all()


def test_tracks_have_no_gaps_and_say_where_hands_are(templates):
    _, store, clips = templates
    clip = store[clips.clip_id[0]]
    holes = clip.coordinates.copy()
    holes[2, 1], holes[:, 2] = np.nan, np.nan
    found = track(replace(clip, coordinates=holes))
    assert found.shape == (len(clip), 12) and np.isfinite(found).all()
    assert found[2, :2] == pytest.approx((found[1, :2] + found[3, :2]) / 2) and not found[:, 2:4].any()
    whole, wide = track(clip), clip.width / clip.height
    assert whole[:, 0] == pytest.approx(clip.coordinates[:, 1, 0] * wide, abs=1e-6)
    assert whole[:, 4:6] == pytest.approx(whole[:, :2] - clip.coordinates[:, 0, :2] * [wide, 1], abs=1e-6)


def test_a_cover_is_the_cheapest_of_all_ways_to_lay_the_words_one_after_the_other():
    moments, rng = 9, np.random.default_rng(0)
    words = [rng.uniform(0, 1, (moments + 1, len(LENGTHS))) for _ in range(2)]
    for costs in words:
        for i, length in enumerate(LENGTHS // 2):
            costs[moments + 1 - length:, i] = np.inf
    cover = Cover(between=0.1, weight=1)
    ways = []
    for a, b in itertools.product(range(moments), repeat=2):
        for i, j in itertools.product(range(len(LENGTHS)), repeat=2):
            one, other = LENGTHS[i] // 2, LENGTHS[j] // 2
            if a + one <= b and b + other <= moments:
                ways.append(words[0][a, i] + words[1][b, j] + 0.2 * (moments - one - other))
    assert cover.cost(words, moments) == pytest.approx(min(ways))
    assert cover.cost([], moments) == pytest.approx(0.2 * moments)
    assert np.isinf(cover.cost(words * 3, moments))


def test_templates_choose_what_covers_the_sentence_and_the_score_counts_too(templates):
    templates, store, clips = templates
    row = next(row for row in clips[clips.split == "train"].itertuples() if len(store[row.clip_id]) >= 8)
    sentence = track(store[row.clip_id])[:8]
    right, wrong = row.glosses[0], next(gloss for gloss in "ABC" if gloss != row.glosses[0])
    choice = templates.choice(sentence, [[wrong], [right], [wrong] * 9], [-1.0, -2.0, 0.0])
    assert choice.moments == 4 and set(choice.costs) == {right, wrong}
    assert Cover(0.1, 0.001).best(choice) == [wrong] and Cover(0.1, 1000).best(choice) == [right]


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
