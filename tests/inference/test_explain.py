"""Explaining a clip and dumping features, by the folder of a model: of landmarks or frames, of a clip or a video."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.dataset import Dataset
from slr.dataset.frames import FrameStore
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.model_folder import save_model
from slr.dataset.splits import write_splits
from slr.errors import CorpusError, ModelError, SlrError
from slr.extraction.frames import extract_frames
from slr.figures.projections import lay_out_by
from slr.inference.explain import explain
from slr.inference.features import draw_features, write_features
from slr.inference.model import load_model
from slr.io.video import probe, write_video
from slr.models import build
from slr.params import FramesParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stfnet import StfnetParams
from slr.params.families.stgcn import ScaStgcnDetectionParams, ScaStgcnParams
from slr.preprocessing.normalise import normaliser
from tests.helpers import landmark_corpus

GLOSSES = ["gloss0", "gloss1", "gloss2", "gloss3"]
POSES = PoseCtcParams(width=32, heads=2, layers=1)
PICTURES = StfnetParams(backbone="tiny", hidden=16, temporal=["K3", "P2"], lstm_layers=1, lstm_dropout=0,
                        normalise_classifier=False, images={"resize": 32, "crop": 32, "max_frames": 20})
SIGNS = SpoterParams(d_model=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1)


def model_of(folder: Path, params, metadata: dict) -> Path:
    """The folder of a random model that isn't given to blanks."""
    torch.manual_seed(0)
    model = build(params, len(GLOSSES)).eval()
    if params is PICTURES:
        model.classifiers[0].weight.data.mul_(8)
        model.classifiers[0].bias.data[0] = -1
    elif params is POSES:
        model.classify.bias.data[0] = -1
    labels = ["S", *GLOSSES[1:]] if params.task == "detection" else GLOSSES
    config = {"name": "m", "task": params.task, "params": params.model_dump(), "labels": labels,
              "preprocessing": metadata, "training": {"threshold": 0.5}}
    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    save_model(folder, weights, config, [{"epoch": 1}])
    return folder


@pytest.fixture(scope="module")
def sentences(tmp_path_factory) -> Path:
    """A data folder with landmarks of sentences, and two models of landmarks beside it."""
    data = tmp_path_factory.mktemp("sentences") / "data"
    landmark_corpus.sentences(data, signers=3, repetitions=2)
    metadata = LandmarkStore(data / "landmarks").metadata
    model_of(data.parent / "poses", POSES, metadata)
    model_of(data.parent / "signs", SIGNS, metadata)
    return data


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A data folder with frames of two sentences, their videos, and a model of frames beside it."""
    data = tmp_path_factory.mktemp("pictures") / "data"
    rng = np.random.default_rng(0)
    rows = [{"clip_id": name, "media": f"{name}.mp4", "glosses": ["gloss0", "gloss1"], "segments": [], "split": "test"}
            for name in ("one", "two")]
    for row in rows:
        small = rng.integers(0, 256, (26, 6, 8, 3))
        write_video(data / row["media"], [np.uint8(np.kron(image, np.ones((8, 8, 1)))) for image in small], fps=10)
    clips = pd.DataFrame(rows).reindex(columns=SCHEMA.names)
    write_manifest(data / "manifest.parquet", clips)
    write_splits(data / "splits.parquet", clips[["clip_id", "split"]].assign(fold=pd.array([None] * 2, dtype="Int32")))
    extract_frames(data / "manifest.parquet", data, data / "frames", FramesParams(fps=None, size=None), workers=1,
                   work=data / "work")
    model_of(data.parent / "pictures", PICTURES, FrameStore(data / "frames").metadata)
    return data


def test_a_video_is_explained_as_the_clip_that_the_pipeline_made_of_it(pictures, tmp_path):
    model, dataset = pictures.parent / "pictures", Dataset.below(pictures)
    found = explain("one", model, tmp_path / "clip", dataset)
    assert found and explain(str(pictures / "one.mp4"), model, tmp_path / "video") == found
    table = pd.read_csv(tmp_path / "clip/glosses.csv")
    assert table.gloss.tolist() == [gloss.label for gloss in found] and table.end_s.max() <= 2.6
    video = probe(tmp_path / "clip/gradcam.mp4")  # of 26 frames, 20 are seen
    assert (video.n_frames, video.duration_s) == (20, pytest.approx(2.6, rel=0.01))
    for file in ("glosses.csv", "gradcam.mp4", "frames/00011.jpg"):
        assert (tmp_path / "clip" / file).read_bytes() == (tmp_path / "video" / file).read_bytes()
    other = explain("two", model, tmp_path / "other", dataset)
    assert len(list((tmp_path / "other/frames").iterdir())) == 20 and other


@pytest.mark.parametrize("name", ["poses", "signs"])
def test_a_clip_of_landmarks_is_explained_by_its_joints(sentences, tmp_path, name):
    found = explain("s1-0", sentences.parent / name, tmp_path / "out", Dataset.below(sentences))
    table = pd.read_csv(tmp_path / "out/importance.csv")
    frames = LandmarkStore(sentences / "landmarks").n_frames["s1-0"]
    assert found and len(table) == frames * len(found) and "right_wrist" in table and (len(found) == 1) == (
        name == "signs")
    assert table.time_s.max() == pytest.approx((frames - 1) / 15, rel=1e-4)
    assert (tmp_path / "out/importance.png").stat().st_size > 5000


def test_what_cannot_be_explained_says_why(sentences, pictures, tmp_path):
    dataset = replace(Dataset.below(sentences), frames=pictures / "frames")
    poses, seen = sentences.parent / "poses", pictures.parent / "pictures"
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes.txt").touch()
    with pytest.raises(CorpusError, match="there is there already; choose a new folder"):
        explain("s1-0", poses, tmp_path / "there", dataset)
    with pytest.raises(CorpusError, match="no clip 's1-00'.*nearest ids: s1-0"):
        explain("s1-00", poses, tmp_path / "out", dataset)
    with pytest.raises(CorpusError, match="no clip 'three'"):
        explain("three", seen, tmp_path / "out", dataset)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(SlrError, match=r"not a readable video.*\(.*broken.mp4\)"):
        explain(tmp_path / "broken.mp4", seen, tmp_path / "out", dataset)
    detector = model_of(tmp_path / "detector", ScaStgcnDetectionParams(widths=[16], hidden=16),
                        LandmarkStore(sentences / "landmarks").metadata)
    with pytest.raises(ModelError, match="finds where signing is; name one that recognises"):
        explain("s1-0", detector, tmp_path / "out", dataset)
    other = model_of(tmp_path / "other", POSES, {"skeleton": "spoter-54", "channels": ["x", "y"]})
    with pytest.raises(ModelError, match="other was trained on landmarks made differently"):
        explain("s1-0", other, tmp_path / "out", dataset)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("data", "model", "stride"), [("sentences", "poses", 2), ("pictures", "pictures", 2)])
def test_every_moment_of_every_test_sentence_has_its_vector(data, model, stride, request, tmp_path):
    data = request.getfixturevalue(data)
    write_features(tmp_path / "once.parquet", model=data.parent / model, data=data)
    clips, vectors = write_features(tmp_path / "again.parquet", model=data.parent / model, data=data)
    assert (tmp_path / "once.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
    table = pd.read_parquet(tmp_path / "once.parquet")
    trained = load_model(data.parent / model)
    store = trained.inputs.open(Dataset.below(data))
    assert table.clip_id.nunique() == clips == 2 and len(table) == vectors and set(table.split) == {"test"}
    for clip_id, rows in table.groupby("clip_id"):
        seen = trained.clips(store, [clip_id])
        (expected,) = trained.sequence_features(seen)
        np.testing.assert_allclose(np.stack(rows.vector), expected, atol=1e-5)
        assert expected.shape == (-(-int(seen.lengths[0]) // stride), trained.model.width)
        assert rows.output_frame.tolist() == list(range(len(rows))) and (rows.start_s.iloc[1:].to_numpy() ==
                                                                   rows.end_s.iloc[:-1].to_numpy()).all()
        assert rows.start_s.iloc[0] == 0 and rows.end_s.iloc[-1] == pytest.approx(
            store.n_frames[clip_id] / store.fps(clip_id))
    assert pq.read_schema(tmp_path / "once.parquet").field("vector").type.list_size == trained.model.width


def test_a_clip_with_one_sign_has_one_vector(tmp_path):
    made = landmark_corpus.make(tmp_path / "data", glosses=2, signers=3, repetitions=2)
    model = model_of(tmp_path / "signs", SIGNS, LandmarkStore(made.landmarks).metadata)
    assert write_features(tmp_path / "val.parquet", model=model, data=tmp_path / "data", split="val") == (4, 4)
    table, trained = pd.read_parquet(tmp_path / "val.parquet"), load_model(model)
    assert set(table.clip_id.str[:2]) == {"s1"} and set(table.output_frame) == {0}
    expected = trained.outputs(trained.clips(LandmarkStore(made.landmarks), table.clip_id))["features"]
    np.testing.assert_allclose(np.stack(table.vector), expected, atol=1e-5)
    with pytest.raises(CorpusError, match="no split 'dev'; choose train, val, test or all"):
        write_features(tmp_path / "x.parquet", model=model, data=tmp_path / "data", split="dev")
    with pytest.raises(ModelError, match="has no signer embedding; name one that conditions its attention"):
        write_features(tmp_path / "x.parquet", model=model, data=tmp_path / "data", of="signer")


CONDITIONED = [ScaStgcnParams(widths=[16], hidden=16, signer_width=6, attention="film"),
               ScaStgcnParams(widths=[16], hidden=16, signer_width=6, losses={"triplet": 1}, embedding={"size": 4})]


@pytest.mark.parametrize("params", CONDITIONED, ids=["classifier", "embedding"])
def test_signer_embeddings_are_written_drawn_and_listed(params, tmp_path):
    made = landmark_corpus.make(tmp_path / "data", glosses=2, signers=3, repetitions=2)
    model = model_of(tmp_path / "signs", params, LandmarkStore(made.landmarks).metadata)
    assert write_features(tmp_path / "all.parquet", model=model, data=tmp_path / "data", split="all",
                          of="signer") == (12, 12)
    table, trained = pd.read_parquet(tmp_path / "all.parquet"), load_model(model)
    clips = trained.clips(LandmarkStore(made.landmarks), table.clip_id)
    with torch.no_grad():
        batch, order = next(iter(clips.evaluation_batches()))
        expected = trained.model(normaliser(params.normalise, trained.skeleton)(batch))["signer"]
    assert expected.shape[1] == 6 and len(expected) == len(order) > 1
    np.testing.assert_allclose(np.stack(table.vector)[order], expected, atol=1e-5)

    for name in ("once", "again"):
        assert draw_features(tmp_path / f"{name}.png", model=model, data=tmp_path / "data", split="all", of="signer",
                             perplexity=3, save_csv=tmp_path / f"{name}.csv") == (12, 12)
    for kind in ("png", "csv"):
        assert (tmp_path / f"once.{kind}").read_bytes() == (tmp_path / f"again.{kind}").read_bytes()
    listed = pd.read_csv(tmp_path / "once.csv")
    assert list(listed) == ["clip_id", "split", "signer", "label", "start_s", "end_s", "x", "y",
                            *(f"v{i}" for i in range(6))]
    np.testing.assert_allclose(listed.filter(regex="^v"), np.stack(table.vector), rtol=1e-4, atol=1e-5)
    assert listed.signer.tolist() == listed.clip_id.str[:2].tolist() and set(listed.label) == {"gloss0", "gloss1"}
    np.testing.assert_allclose(listed[["x", "y"]], lay_out_by("tsne", np.stack(table.vector), 3), rtol=1e-3, atol=1e-3)
    with pytest.raises(SlrError, match="perplexity of 12 is for t-SNE of more than 12 clips, and not for t-SNE of 12"):
        draw_features(tmp_path / "x.png", model=model, data=tmp_path / "data", split="all", perplexity=12)


def test_the_signer_of_each_window_of_a_stream_is_drawn(tmp_path):
    """Pseudo-signers colour the picture where nobody is known."""
    made = landmark_corpus.streams(tmp_path / "data", signers=3, repetitions=1, turns=4)
    rows = read_manifest(made.manifest)
    write_manifest(made.manifest, rows.assign(signer=None))
    model = model_of(tmp_path / "detector", ScaStgcnDetectionParams(
        widths=[16], hidden=16, signer_width=6, windows={"frames": 10, "stride": 5, "classes": 2}),
        LandmarkStore(made.landmarks).metadata)
    result = CliRunner().invoke(app, [
        "features", "--of", "signer", "-o", str(tmp_path / "signers.png"), "--save-csv", str(tmp_path / "signers.csv"),
        "--method", "pca", "--split", "all", "--model", str(model), "--data", str(tmp_path / "data")])
    assert result.exit_code == 0 and "vectors of 3 clips" in result.output, result.output
    listed, store = pd.read_csv(tmp_path / "signers.csv"), LandmarkStore(made.landmarks)
    assert listed.signer.str.match("pseudo-signer [01]$").all() and set(listed.label) <= {"S", "rest"}
    for clip_id, of_stream in listed.groupby("clip_id"):
        starts = np.arange(0, store.n_frames[clip_id] - 9, 5)
        np.testing.assert_allclose(of_stream.start_s, starts / 15, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(of_stream.end_s, (starts + 10) / 15, rtol=1e-4)
    pixels = np.asarray(Image.open(tmp_path / "signers.png"))
    assert pixels[..., 3].any() and pixels.shape[1] > 300
    write_features(tmp_path / "f.parquet", model=model, data=tmp_path / "data")  # its features too
    assert len(pd.read_parquet(tmp_path / "f.parquet")) > 3


def test_both_are_commands(sentences, tmp_path, monkeypatch):
    monkeypatch.chdir(sentences.parent)
    for command, told in ((["features", "-o", "f.parquet", "--model", "poses"], "vectors of 2 clips"),
                          (["explain", "s1-0", "-o", "why", "--model", "poses"], "why: gloss"),
                          (["explain", "s1-0", "-o", "why", "--model", "poses"], "error: why is there already")):
        result = CliRunner().invoke(app, command)
        assert told in result.output and result.exit_code == ("error" in told), result.output
