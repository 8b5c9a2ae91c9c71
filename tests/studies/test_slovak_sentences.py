"""The study of joined sentences: side takes never train, and the numbers are what they are said to be."""

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from slr.corpora.imported.joined import scan
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks, write_store
from slr.dataset.manifest import read_manifest
from slr.dataset.splits import read_splits
from slr.errors import SlrError
from slr.io.files import read_json
from slr.models import build
from slr.params import JoinedParams, WindowsParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.stgcn import ScaStgcnDetectionParams
from studies.slovak import words
from studies.slovak_sentences import run as study
from studies.slovak_sentences.linked import check, forms, linked_words
from studies.slovak_sentences.models import DETECTOR, MAIN, RECOGNISERS, Recogniser
from studies.slovak_sentences.rest import height
from studies.slovak_sentences.sources import real_sentences, take_streams
from tests.helpers import landmark_corpus
from tests.helpers.batches import batch_of
from tests.helpers.study_recordings import HOLISTIC, holistic, real, write_takes, write_words

GLOSSES = ["chyba", "auto", "dom", "Mama/Otec", "pes", "strom"]
"""The first has no side take."""
SENTENCES = "path,text_sk,dictionary_words_unordered\n" + "".join(
    f"sentences/s{number}.mp4,Veta.,{linked}\n" for number, linked in enumerate(["Pes|dom", "otec|Nikde", ""]))
TINY = PoseCtcParams(width=16, epochs=2, strides=[2], layers=1, streams=["joints"])
JOINED = JoinedParams(sentences=8, test_sentences=4)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Made-up takes and real sentences in the place of the real ones, and three tiny models."""
    write_words(tmp_path / "slovak", GLOSSES)
    (tmp_path / "slovak/sentences.csv").write_text(SENTENCES, encoding="utf-8")
    write_takes(tmp_path / "oneshot/project/data", GLOSSES)
    rng = np.random.default_rng(1)
    write_store(tmp_path / "folds/sentences/landmarks", [
        holistic(landmark_corpus.clip(gloss, rng, f"s{gloss}", missing=0)) for gloss in range(3)],
        HOLISTIC, metadata=landmark_corpus.METADATA)
    monkeypatch.setenv("SLR_SHARED_DATA", str(tmp_path))
    monkeypatch.setattr(study, "STUDY", tmp_path)
    monkeypatch.setattr(study, "TAKES", tmp_path / "oneshot")
    monkeypatch.setattr(study, "FOLDER", tmp_path / "folds")
    monkeypatch.setattr(study, "RECOGNISERS", {
        MAIN: Recogniser(JOINED, TINY), "few": Recogniser(JOINED.model_copy(update={"vocabulary": 3}), TINY)})
    monkeypatch.setattr(study, "DETECTOR", ScaStgcnDetectionParams(
        widths=[16], hidden=16, heads=2, epochs=1, windows=WindowsParams(frames=5, stride=2, classes=2)))
    return tmp_path


def test_side_takes_never_train_and_what_is_done_is_kept(folder):
    study.main(workers=1)
    for name, glosses in ((MAIN, GLOSSES), ("few", GLOSSES[:3])):
        data = folder / "folds/joined" / name
        clips = read_manifest(data / "manifest.parquet").merge(read_splits(data / "splits.parquet"), on="clip_id")
        assert clips.split_y.value_counts().to_dict() == {"train": 8, "test": 4}
        for clip in clips.itertuples():
            assert ("side" in clip.media, "front" in clip.media) == (clip.split_y == "test", clip.split_y == "train")
        config = read_json(folder / "folds" / name / "model/config.json")
        assert config["training"]["train_clips"] == 8 and config["training"]["val_clips"] == 0
        assert config["training"]["best_epoch"] == 2 and set(config["labels"]) == set(glosses)
    of_detector = read_json(folder / "folds/detector/model/config.json")
    assert of_detector["labels"] == ["S", "rest"] and of_detector["training"]["threshold"] == 0.5

    metrics = read_json(folder / "metrics.json")
    assert {"wer", "wer_greedy", "few_wer", "rest_f1", "height_rest_f1", "sentences_signing"} <= set(metrics)
    assert (metrics["linked_words"], metrics["linked_words_unknown"], metrics["few_linked_words"]) == (3, 1, 1)
    rows = (folder / "results.md").read_text().splitlines()
    assert rows[2].startswith(f"| `all`, 6 glosses | {metrics['wer']:.3f} (") and (folder / "results.png").exists()
    with open(folder / "folds/all/real_sentences.csv", encoding="utf-8") as file:
        assert [row["linked"] for row in csv.DictReader(file)] == ["Pes|dom", "otec|Nikde", ""]

    done = [(folder / "folds" / name / "model/weights.safetensors").stat().st_mtime_ns for name in ("all", "detector")]
    study.main(workers=1)
    assert read_json(folder / "metrics.json") == metrics
    assert done == [(folder / "folds" / name / "model/weights.safetensors").stat().st_mtime_ns
                    for name in ("all", "detector")]


def test_takes_become_streams_of_rest_and_signing(tmp_path):
    write_takes(tmp_path / "data", GLOSSES)
    data = take_streams(tmp_path / "streams", tmp_path / "data", 0.3)
    clips, store = read_manifest(data.manifest), LandmarkStore(data.landmarks)
    assert read_splits(data.splits).split.value_counts().to_dict() == {"train": 6, "test": 5}
    for clip in clips.itertuples():
        assert clip.glosses == [] and "S" in [segment["label"] for segment in clip.segments]
        ends = [0, *(segment["end"] for segment in clip.segments)]
        assert [segment["start"] for segment in clip.segments] == ends[:-1]
        assert ends[-1] == store.n_frames[clip.clip_id]


def test_landmarks_of_another_extractor_are_refused(folder):
    write_store(folder / "other/landmarks", [LandmarkStore(folder / "folds/sentences/landmarks")["s0"]], HOLISTIC,
                metadata=landmark_corpus.METADATA | {"extractor": {"name": "newer"}})
    with pytest.raises(SlrError, match="made otherwise .*name: made-up there, newer here"):
        real_sentences(folder / "other", folder / "slovak", folder / "oneshot/project/data")


def test_real_sentences_get_landmarks_as_the_takes_have(tmp_path, tiny_corpus, tiny_landmarks):
    takes, recordings = tmp_path / "takes", tmp_path / "recordings"
    takes.mkdir()
    shutil.copytree(tiny_landmarks, takes / "landmarks")
    clip = read_manifest(tiny_corpus / "manifest.parquet").iloc[0]
    (recordings / "sentences").mkdir(parents=True)
    video = shutil.copy(tiny_corpus / clip.media, recordings / "sentences")
    (recordings / "sentences.csv").write_text(f"path\n{Path(video).relative_to(recordings)}\n")
    store = LandmarkStore(real_sentences(tmp_path / "folder", recordings, takes))
    assert store.clip_ids == [Path(video).stem]
    of_the_take = LandmarkStore(tiny_landmarks)[clip.clip_id]
    np.testing.assert_array_equal(next(iter(store)).coordinates, of_the_take.coordinates)


def test_a_word_is_found_in_any_of_its_forms_and_an_ending_is_none():
    assert forms("Kamarát/ka") == {"kamarát/ka", "kamarát"} and forms(" On/Ona") == {"on/ona", "ona"}
    linked = [["KAMARÁT", "dom"], ["pes", "nikde"], []]
    said = [["Kamarát/ka", "Pes"], ["Dom"], ["Pes"]]
    found = check(linked, said, ["Kamarát/ka", "Dom", "Pes", "Sused/ka"])
    assert (found.known, found.unknown) == (3, 1) and found.found == pytest.approx(1 / 3)
    assert check([["ka"]], [["Sused/ka"]], ["Sused/ka"]).known == 0


def test_chance_is_what_other_sentences_transcripts_have():
    everywhere = check([["a"], ["b"]] * 20, [["a", "b"]] * 40, "ab")
    assert everywhere.found == everywhere.by_chance.mean() == 1
    own = check([[gloss] for gloss in "abcdefghij"], [[gloss] for gloss in "abcdefghij"], "abcdefghij")
    assert own.found == 1 and own.by_chance.mean() == pytest.approx(0.1, abs=0.04)  # one of ten stays, on average
    np.testing.assert_array_equal(own.by_chance, check([[gloss] for gloss in "abcdefghij"], [
        [gloss] for gloss in "abcdefghij"], "abcdefghij").by_chance)


def test_height_is_that_of_the_higher_wrist_wherever_the_signer_stands():
    joints = landmark_corpus.JOINTS
    places = np.zeros((3, len(joints), 4), np.float32)
    places[:, [joints.index("left_shoulder"), joints.index("right_shoulder")], 1] = 0.5
    places[:, joints.index("nose"), 1] = 0.3
    places[:, joints.index("left_wrist"), 1] = 0.9
    places[:, joints.index("right_wrist"), 1] = 0.9, 0.5, np.nan
    odds = np.exp([-2, 0, -2])
    for size, shift in ((1, 0), (0.5, 0.2)):
        clip = ClipLandmarks("a", 25, 320, 320, places * size + shift)
        np.testing.assert_allclose(height(clip, joints), odds / (1 + odds), atol=1e-5)


@pytest.mark.parametrize("params", [*(of.params for of in RECOGNISERS.values()), DETECTOR])
def test_every_model_reads_its_joints(params):
    outputs = build(params, 10).eval()(batch_of(2, 20, len(landmark_corpus.JOINTS), params.channels))
    assert all(of.isfinite().all() for of in outputs.values() if hasattr(of, "isfinite"))


def test_each_word_of_the_recordings_has_a_sign_between_two_rests():
    takes = study.TAKES / "project/data"
    if not (takes / "landmarks").exists():
        pytest.skip(f"no landmarks of the takes in {takes}; `python -m studies.slovak_oneshot.run` makes them")
    clips, problems = scan(takes, joined=JoinedParams(sentences=30, test_sentences=30, vocabulary=20))
    assert not problems and clips.split.value_counts().to_dict() == {"train": 30, "test": 30}
    assert clips.glosses.explode().nunique() == 20
    seconds = clips.segments.explode().map(lambda segment: (segment["end"] - segment["start"]) / 25)
    assert seconds.between(0.5, 6).all() and 1 < seconds.median() < 1.6
    for clip in clips.itertuples():
        rows = [re.search(r"=(\d+)-(\d+)$", part) for part in clip.media.split("&")[1:]]
        assert all(int(row[1]) > 0 for row in rows[1:])  # of what was at rest before, nothing is left within a sentence


def test_linked_words_of_the_recordings_are_words_of_the_dictionary():
    recordings = real("slovak")
    linked = linked_words(recordings / "sentences.csv")
    assert len(linked) == 170 and sum(map(len, linked.values())) == 342
    glosses = [word["word_sk"] for word in words(recordings)]
    found = check(list(linked.values()), [[]] * 170, glosses)
    assert found.known + found.unknown == 342 and found.found == 0 and found.known > 300
