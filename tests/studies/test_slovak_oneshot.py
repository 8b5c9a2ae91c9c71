"""The study of one front take a sign: side takes stay out of training, and the numbers are those of the distances."""

import numpy as np
import pytest
import torch

from slr.corpora.reading import nfc
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import CHANNELS, ClipLandmarks, write_store
from slr.dataset.skeleton import skeleton
from slr.dataset.splits import read_splits
from slr.errors import SlrError
from slr.io.files import read_json
from slr.models import build
from slr.params import AugmentParams
from slr.params.families.multistream import MultistreamParams
from slr.preprocessing.clips import load_clips
from slr.preprocessing.normalise import normaliser
from studies import slovak
from studies.slovak_oneshot import run as study
from studies.slovak_oneshot import sources
from studies.slovak_oneshot.common import ARM, COMMON, SIDES, from_kinect, from_mediapipe, write_common
from studies.slovak_oneshot.models import AVERAGES, MODELS, Recipe
from tests.helpers import landmark_corpus
from tests.helpers.batches import batch_of
from tests.helpers.study_recordings import real, write_kinect, write_takes, write_words

GLOSSES = ["chyba", "auto", "dom", "mama", "pes", "strom", "voda"]
"""The first has no side take."""
TINY = MultistreamParams(streams=[["joints"]], seeds=1, widths=[16], strides=[2], epochs=2, batch_size=8, channels=2)
NINE_JOINTS = TINY.model_copy(update={"joints": COMMON.name, "augment": AugmentParams(yaw_degrees=60)})
BODY = {"head": (0, 0.35, 0), **{f"{side}_{joint}": (sign * x, y, z) for side, sign in (("left", -1), ("right", 1))
                                 for joint, (x, y, z) in zip(ARM, [(0.2, 0, 0), (0.3, -0.3, 0), (0.2, -0.4, -0.2),
                                                                   (0.15, -0.35, -0.3)], strict=True)}}
"""Metres as the Kinect sees them: x to the signer's right, y up, z away, from the middle of the shoulders."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Made-up takes and a made-up built-in corpus in the place of the real ones, and three tiny models."""
    write_words(tmp_path / "slovak", GLOSSES)
    write_takes(tmp_path / "project/data", GLOSSES)
    write_kinect(tmp_path / "folds/isl_kinect", glosses=2, signers=2, repetitions=1)
    landmark_corpus.make(tmp_path / "sample", glosses=3, signers=2, repetitions=1)
    monkeypatch.setenv("SLR_SHARED_DATA", str(tmp_path))
    monkeypatch.setattr(study, "STUDY", tmp_path)
    monkeypatch.setattr(study, "FOLDER", tmp_path / "folds")
    monkeypatch.setattr(sources, "sample_data", lambda: tmp_path / "sample")
    monkeypatch.setattr(study, "MODELS", {"first": Recipe("sample", TINY, seeds=2),
                                          "second": Recipe("front", TINY, "logits", seeds=1),
                                          "kinect": Recipe("isl", NINE_JOINTS, seeds=1)})
    monkeypatch.setattr(study, "AVERAGES", {"both": ("first", "second", "dtw"), "absent": ("first", "third")})
    return tmp_path


def test_side_takes_never_train_and_what_is_done_is_kept(folder):
    study.main(workers=1)
    assert set(read_splits(folder / "folds/front-splits.parquet").clip_id) == {f"front/{i}" for i in range(7)}
    array = folder / "folds/models/second-1/array.npy"
    config = read_json(folder / "folds/models/second-1/model/config.json")
    assert config["labels"] == sorted(GLOSSES) and config["training"]["train_clips"] == 7
    assert read_json(folder / "folds/models/first-2/model/config.json")["training"]["train_clips"] == 6
    assert read_json(folder / "folds/models/kinect-1/model/config.json")["training"]["train_clips"] == 4
    done = array.stat().st_mtime_ns
    metrics = read_json(folder / "metrics.json")
    study.main(workers=1)
    assert array.stat().st_mtime_ns == done and read_json(folder / "metrics.json") == metrics

    # words 0 and 5 are every fifth, word 1 every tenth from the second on; word 0 has no side take
    assert (metrics["ways"], metrics["queries"], metrics["development_queries"]) == (6, 4, 2)
    assert {f"{name}_{key}" for name in ("dtw", "first", "second", "kinect", "both")
            for key in ("top1", "top5")} <= set(metrics)
    assert not any(key.startswith("absent") for key in metrics) and metrics["dtw_top1"] == 1
    assert metrics["top1"] in {metrics[f"{name}_top1"] for name in ("first", "second", "kinect", "both")}
    rows = (folder / "results.md").read_text().splitlines()
    assert {row.split("|")[1].strip() for row in rows[4:]} == {"`dtw`", "`first`", "`second`", "`kinect`", "`both`"}
    assert (folder / "accuracy.png").stat().st_size > 5_000


def test_development_looks_at_development_takes_alone(folder, capsys):
    study.main(["second", "--development"], workers=1)
    assert not (folder / "metrics.json").exists() and not (folder / "results.md").exists()
    tried = read_json(folder / "folds/development.json")
    assert [entry["name"] for entry in tried] == ["dtw", "second"] and tried[1]["settings"]["epochs"] == 2
    assert tried[0]["top1"] == 1 and "dtw: top-1 1.000, top-5 1.000 of 2" in capsys.readouterr().out


def test_takes_that_have_landmarks_are_not_extracted_again(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(sources, "shared_data", lambda name: tmp_path / name)
    monkeypatch.setattr(sources, "run", lambda *command: asked.append(command))
    monkeypatch.setattr(sources.slovak, "project", lambda study, recordings, words: study / "project")
    write_words(tmp_path / "slovak", GLOSSES)
    assert sources.slovak_data(tmp_path) == tmp_path / "project/data"
    assert asked == [(tmp_path / "project", "dvc", "repro", "landmarks")]
    write_takes(tmp_path / "project/data", GLOSSES)
    sources.slovak_data(tmp_path)
    assert len(asked) == 1


def test_where_the_built_in_corpus_has_no_landmarks_the_way_to_them_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "REPOSITORY", tmp_path)
    with pytest.raises(SlrError, match="no manifest.parquet and no landmarks .* run `dvc repro landmarks`"):
        sources.sample_data()


def test_the_best_on_development_takes_is_measured_on_the_others():
    good, bad = 1 - np.eye(10), np.eye(10)
    chosen_on = np.arange(10) < 4
    one = np.where(chosen_on[:, None], good, bad)  # right on development takes alone
    metrics, best = study.summarise({"dtw": good, "one": one, "other": np.where(chosen_on[:, None], bad, good)},
                                    chosen_on)
    assert best == "one" and metrics["top1"] == metrics["one_top1"] == 0
    assert metrics["dtw_top1"] == metrics["other_top1"] == 1
    assert metrics["one_development_top1"] == 1 and metrics["one_everything_top1"] == pytest.approx(0.4)


def test_an_average_hears_every_model_equally():
    rng = np.random.default_rng(0)
    one, other = rng.random((5, 8)), rng.random((5, 8))
    np.testing.assert_allclose(study.averaged([one, other]), study.averaged([one * 1000 + 7, other]))
    np.testing.assert_array_equal(study.averaged([one]).argsort(1), one.argsort(1))


def test_an_unknown_model_is_named(folder):
    with pytest.raises(SlrError, match="no model 'third'; known: first, second, kinect"):
        study.main(["third"])


def normalised(folder, clip):
    """A clip of the common joints as a model reads it, with depth: (1, T, J, 3)"""
    write_store(folder, [clip], COMMON, channels=CHANNELS[:3])
    clips = load_clips(LandmarkStore(folder), [clip.clip_id], COMMON, channels=3)
    return normaliser("shoulders", COMMON)(clips.batch(torch.tensor([0]))).landmarks


def test_mediapipe_and_kinect_have_the_same_common_joints(tmp_path):
    kinect, holistic = skeleton("kinect-20"), skeleton("holistic-75")
    metres = np.zeros((3, 20, 3), np.float32)
    for joint, place in BODY.items():
        metres[:, kinect.index(joint)] = np.add(place, (0.1, 0.2, 2.5))  # somewhere before the camera
    seen = np.zeros((3, 75, 4), np.float32)
    sources_of = {"head": ["left_ear", "right_ear"],
                  **{f"{side}_hand": [f"{side}_index", f"{side}_pinky"] for side in SIDES}}
    for joint, (x, y, z) in BODY.items():
        for source in sources_of.get(joint, [joint]):
            seen[:, holistic.index(source), :3] = 0.5 - x / 4 / 2, 0.5 - y / 4, z / 4 / 2  # a frame twice as wide
    clips = [normalised(tmp_path / "k", from_kinect(ClipLandmarks("k", 30, 1, 1, metres), kinect)),
             normalised(tmp_path / "m", from_mediapipe(ClipLandmarks("m", 15, 200, 100, seen), holistic))]
    torch.testing.assert_close(*clips, atol=2e-3, rtol=0)
    left, right = (COMMON.index(f"{side}_shoulder") for side in SIDES)
    assert clips[0][0, 0, right, 0] < 0 < clips[0][0, 0, left, 0]  # who faces the camera has the right hand at the left
    assert clips[0][0, 0, COMMON.index("head"), 1] < 0


def test_common_joints_are_written_once(tmp_path):
    holistic = skeleton("holistic-75")
    shown = np.random.default_rng(0).random((4, 75, 4)).astype(np.float32)
    shown[1, holistic.index("left_index")] = np.nan
    write_store(tmp_path / "landmarks", [ClipLandmarks("m", 15, 200, 100, shown)], holistic,
                metadata={"extractor": {"name": "made-up"}})
    out = write_common(tmp_path / "landmarks", tmp_path / "common", from_mediapipe)
    store = LandmarkStore(out)
    assert store.skeleton == COMMON and store["m"].coordinates.shape == (4, 9, 3)
    assert store["m"].mask[:, COMMON.index("left_hand")].tolist() == [True, False, True, True]
    written = next(out.iterdir()).stat().st_mtime_ns
    write_common(tmp_path / "landmarks", out, from_mediapipe)
    assert next(out.iterdir()).stat().st_mtime_ns == written


@pytest.mark.parametrize("name", MODELS)
def test_every_model_reads_its_joints(name):
    torch.manual_seed(0)
    params = MODELS[name].params
    model = build(params, 16).eval()
    batch = batch_of(2, params.frames or 20, len(skeleton(params.joints)), params.channels)
    if params.embedding:
        model.update_gallery(torch.zeros(16, model.width), torch.arange(16))
    outputs = model(batch)
    assert outputs["logits"].shape == (2, 16) and len(outputs["features"]) == 2
    assert params.embedding is not None or MODELS[name].compare == "logits"


def test_averages_are_of_models_of_the_study():
    assert {one for of in AVERAGES.values() for one in of} <= {*MODELS, "dtw"} and not set(AVERAGES) & set(MODELS)


def test_the_development_takes_are_those_of_the_protocol():
    recordings = real("slovak")
    glosses = [nfc(word["word_sk"]).strip() for word in slovak.words(recordings)]
    chosen_on = study.development(glosses, slovak.words(recordings, study.MAX_FRAMES))
    assert (len(chosen_on), int(chosen_on.sum())) == (389, 114)
    protocol = " ".join((study.STUDY / "README.md").read_text().split())
    assert "from the second on: 114 glosses" in protocol and "the other 275 side takes" in protocol
