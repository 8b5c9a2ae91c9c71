"""A model on another corpus' signs: what it can do without training, and what it refuses."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import write_store
from slr.dataset.manifest import read_manifest, write_manifest
from slr.dataset.skeleton import SKELETONS, Skeleton, skeleton
from slr.dataset.splits import read_splits, write_splits
from slr.errors import CorpusError, ModelError, ParamsError
from slr.evaluation.transfer import print_transfer, transfer
from slr.params import parse
from slr.training.loop import train
from tests.helpers import landmark_corpus


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    corpus = landmark_corpus.make(folder, glosses=6, repetitions=2)
    params = parse({"models": {"spoter": {"family": "spoter", "d_model": 16, "heads": 2, "encoder_layers": 1,
                                          "decoder_layers": 1, "feedforward": 32, "epochs": 40, "lr": 0.003}},
                    "compute": {"workers": 1}})
    train("spoter", params, corpus, out=folder / "model", work=folder / "work")
    return folder / "model"


@pytest.fixture
def other(tmp_path):
    """A corpus of 8 signs, of which 6 were never trained on, as the pipeline would leave it."""
    corpus = landmark_corpus.make(tmp_path / "data", glosses=12, signers=3, repetitions=3)
    rows = read_manifest(corpus.manifest)
    numbers = rows.glosses.str[0].str[5:].astype(int)
    write_manifest(corpus.manifest, rows[numbers >= 4])
    return tmp_path / "data"


def rewrite(data, joints: Skeleton, metadata: dict) -> None:
    """Give the corpus' landmarks other joints or another history."""
    store = LandmarkStore(data / "landmarks")
    clips = list(store)
    if len(joints) != len(store.skeleton):
        clips = [landmark_corpus.ClipLandmarks(c.clip_id, c.fps, c.width, c.height, c.coordinates[:, :len(joints)])
                 for c in clips]
    write_store(data / "landmarks", clips, joints, metadata=metadata)


def test_signs_that_were_never_trained_are_recognised_by_examples(model, other, capsys):
    found = transfer(model, other)
    assert found["clips"] == 72 and found["glosses"] == 8 and found["signers"] == 3 and found["trained_glosses"] == 2
    assert found["one_shot_ways"] == found["five_shot_ways"] == 8 and found["examples_by"] == "other signers"
    assert found["one_shot"] > 2 / 8 and found["top1"] > 2 / 8  # guessing gets 1 / 8
    assert found["one_shot"] < found["one_shot_top5"] and found["top1_ci_low"] < found["top1"] < found["top5"]
    assert transfer(model, other) == found
    print_transfer(found)
    shown = capsys.readouterr().out
    assert "72 clips of 8 glosses by 3 signers, compared with other signers" in shown
    assert "2 of the glosses have the name" in shown


@pytest.mark.parametrize("signer", [None, "one"])
def test_other_takes_are_the_examples_where_no_other_signer_is_known(model, other, signer, capsys):
    write_manifest(other / "manifest.parquet", read_manifest(other / "manifest.parquet").assign(signer=signer))
    found = transfer(model, other)
    assert found["examples_by"] == "other takes" and found["one_shot_ways"] == 8 and 0 < found["top1"] <= 1
    assert ("signers" in found) == (signer is not None)
    print_transfer(found)
    assert f"8 glosses{' by 1 signer' if signer else ''}, compared with other takes" in capsys.readouterr().out


def test_a_split_is_the_gallery_of_another(model, other, capsys):
    """Of three signers the last is in the test split, the one before in that for validation."""
    found = transfer(model, other, gallery="train", queries="test")
    assert (found["gallery_clips"], found["query_clips"], found["unanswerable"]) == (24, 24, 0)
    assert found["examples_by"] == "clips of train" and found["shared_signers"] == 0 and found["one_shot_ways"] == 8
    assert all(found[name] > 2 / 8 for name in ("top1", "centroid_top1", "vote_top1"))
    assert found["centroid_top1_ci_low"] < found["centroid_top1"] < found["centroid_top1_ci_high"]
    print_transfer(found)
    shown = " ".join(capsys.readouterr().out.split())
    assert "24 clips, 0 of them of glosses that have no example, and 24 examples of 8 glosses" in shown
    rows = read_manifest(other / "manifest.parquet")
    gone = (rows.glosses.str[0] == "gloss4") & (rows.signer == "s0")
    write_manifest(other / "manifest.parquet", rows[~gone])
    assert transfer(model, other, gallery="train", queries="test")["unanswerable"] == 3


@pytest.mark.parametrize(("splits", "error", "said"), [
    ({"gallery": "train"}, ParamsError, "gallery train and queries none: name two different splits"),
    ({"gallery": "val", "queries": "val"}, ParamsError, "name two different splits"),
    ({"gallery": "train", "queries": "val"}, CorpusError, "no clip of 'val'.*choose another of test, train")])
def test_splits_that_cannot_answer_are_refused(model, other, splits, error, said):
    moved = read_splits(other / "splits.parquet")
    write_splits(other / "splits.parquet", moved.assign(split=moved.split.replace({"val": "train"})))
    with pytest.raises(error, match=said):
        transfer(model, other, **splits)


def test_clips_without_a_gloss_or_landmarks_take_no_part(model, other):
    rows = read_manifest(other / "manifest.parquet")
    rows["glosses"] = [[] if i == 0 else glosses for i, glosses in enumerate(rows.glosses)]
    extra = rows.iloc[[1]].assign(clip_id="no-landmarks")
    write_manifest(other / "manifest.parquet", pd.concat([rows, extra]))
    assert transfer(model, other)["clips"] == 71


@pytest.mark.parametrize(("metadata", "said"), [
    ({**landmark_corpus.METADATA, "extractor": {"name": "imported"}}, "extractor.name: made-up there, imported here"),
    ({**landmark_corpus.METADATA, "frames": {"fps": 30.0}}, "frames.fps: 15.0 there, 30.0 here"),
])
def test_landmarks_made_otherwise_are_refused_unless_told(model, other, metadata, said):
    rewrite(other, skeleton("spoter-54"), metadata)
    with pytest.raises(ModelError, match=said):
        transfer(model, other)
    assert transfer(model, other, any_landmarks=True)["clips"] == 72


def test_how_frames_were_stored_is_no_difference(model, other):
    rewrite(other, skeleton("spoter-54"), {**landmark_corpus.METADATA, "frames": {"fps": 15.0, "clips_per_shard": 8}})
    assert transfer(model, other)["clips"] == 72


def test_another_skeleton_is_refused_and_one_without_the_joints_cannot_be_read(model, other):
    whole = skeleton("spoter-54")
    fewer = Skeleton("twelve", {"pose": whole.parts["pose"]}, ())
    SKELETONS["twelve"] = fewer
    try:
        rewrite(other, fewer, landmark_corpus.METADATA)
        with pytest.raises(ModelError, match="skeleton: spoter-54 there, twelve here"):
            transfer(model, other)
        with pytest.raises(ParamsError, match="needs joint 'left_hand_wrist'"):
            transfer(model, other, any_landmarks=True)
    finally:
        del SKELETONS["twelve"]


def test_a_folder_without_a_corpus_or_with_one_gloss_is_an_error(model, other, tmp_path):
    with pytest.raises(CorpusError, match="has no manifest.parquet and no landmarks"):
        transfer(model, tmp_path / "nowhere")
    rows = read_manifest(other / "manifest.parquet")
    write_manifest(other / "manifest.parquet", rows[rows.glosses.str[0] == "gloss4"])
    with pytest.raises(CorpusError, match="9 clips with landmarks and one gloss, of 1 glosses"):
        transfer(model, other)
    shutil.rmtree(other / "landmarks")
    with pytest.raises(CorpusError, match="has no landmarks"):
        transfer(model, other)


def test_the_command_prints_json(model, other):
    for splits in ({}, {"gallery": "train", "queries": "test"}):
        options = [part for name, split in splits.items() for part in (f"--{name}", split)]
        result = CliRunner().invoke(app, ["transfer", str(model), "--data", str(other), "--json", *options])
        assert result.exit_code == 0, result.output
        found = json.loads(result.output)
        assert found == pytest.approx(transfer(model, other, **splits), nan_ok=False) and np.isfinite(found["map"])
