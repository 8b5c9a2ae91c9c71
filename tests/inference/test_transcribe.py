"""From a video of any length to stretches of signing and glosses, with times."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.signers import write_signers
from slr.dataset.splits import write_splits
from slr.errors import ClipError, CorpusError, ModelError
from slr.evaluation.detection import probabilities_of
from slr.inference import transcribe
from slr.inference.model import TrainedModel, load_model
from slr.inference.recognisers import LandmarkRecogniser
from slr.inference.spool import Spool
from slr.inference.transcribe import (
    AROUND_S,
    LONGEST_S,
    Transcriber,
    pieces,
    print_tiers,
    window_probabilities,
)
from slr.io.files import read_json, write_json
from slr.io.video import read_video, write_video
from slr.params import parse
from slr.segments import Segment
from slr.segments.files import read
from slr.segments.frames import frame_edges
from slr.training.loop import train
from tests.helpers import REPOSITORY

DETECTOR = {"family": "sca_stgcn_detection", "widths": [16], "hidden": 16, "epochs": 10, "warmup_epochs": 0,
            "lr": 0.003, "windows": {"frames": 6, "stride": 2, "classes": 2}}
RECOGNISER = {"family": "pose_ctc", "width": 64, "layers": 1, "epochs": 100, "patience": 100, "warmup_epochs": 2,
              "lr": 0.005, "batch_size": 4, "dropout": 0.1, "ctc": {"distillation": 0, "frames": 1}}
CLIPS = ("s00-balo-1", "s00-kivel-1", "s00-tenki-1")


def as_streams(clips: pd.DataFrame, n_frames: dict[str, int]) -> pd.DataFrame:
    """The same clips as streams: rest (n), one sign (S), rest."""
    rows = []
    for clip in clips.itertuples():
        start, end = clip.segments[0]["start"], clip.segments[0]["end"]
        rows.append([{"start": 0, "end": start, "label": "n"}, {"start": start, "end": end, "label": "S"},
                     {"start": end, "end": n_frames[clip.clip_id], "label": "n"}])
    return clips.assign(glosses=[[] for _ in rows], segments=rows).reindex(columns=SCHEMA.names)


@pytest.fixture(scope="module")
def models(tiny_corpus, tiny_landmarks, tmp_path_factory) -> Path:
    """Folder of a `detector` and a `recogniser` that know the drawn clips."""
    folder = tmp_path_factory.mktemp("transcribe")
    clips, store = read_manifest(tiny_corpus / "manifest.parquet"), LandmarkStore(tiny_landmarks)
    write_manifest(folder / "streams.parquet", as_streams(clips, store.n_frames))
    write_splits(folder / "splits.parquet", clips[["clip_id"]].assign(
        split=np.where(clips.signer == "s03", "val", "train"), fold=pd.array([None] * len(clips), dtype="Int32")))
    write_signers(folder / "signers.parquet", clips[["clip_id"]].assign(pseudo_signer=0))
    for name, family, manifest in (("detector", DETECTOR, folder / "streams.parquet"),
                                   ("recogniser", RECOGNISER, tiny_corpus / "manifest.parquet")):
        params = parse({"models": {name: family}, "train": {"model": name, "models": [name]},
                        "compute": {"workers": 1}})
        train(name, params, Dataset(manifest, landmarks=tiny_landmarks, splits=folder / "splits.parquet",
                                    signers=folder / "signers.parquet"), folder / name, folder / "work")
    config = read_json(folder / "detector/config.json")
    config["training"]["threshold"] = 0.5  # the one of 55 windows is a chance matter
    write_json(folder / "detector/config.json", config)
    return folder


@pytest.fixture(scope="module")
def detector(models) -> TrainedModel:
    return load_model(models / "detector")


@pytest.fixture(scope="module")
def recogniser(models) -> TrainedModel:
    return load_model(models / "recogniser")


@pytest.fixture(scope="module")
def video(tiny_corpus, tmp_path_factory) -> Path:
    """Three of the drawn clips after one another."""
    path = tmp_path_factory.mktemp("video") / "three.mp4"
    media = [tiny_corpus / f"isolated/{clip_id}.mp4" for clip_id in CLIPS]
    write_video(path, (frame.image for clip in media for frame in read_video(clip)), fps=12)
    return path


@pytest.fixture(scope="module")
def tiers(models, video) -> dict[str, list[Segment]]:
    """What the two models find in the video."""
    return Transcriber(models / "detector", models / "recogniser")(video)


@contextmanager
def spooled(clip: ClipLandmarks, store: LandmarkStore, *models: TrainedModel) -> Iterator[Spool]:
    """A clip's landmarks as a video's."""
    with tempfile.TemporaryFile() as file:
        spool = Spool(file, store.skeleton, [model.skeleton for model in models], clip.fps)
        for coordinates, time_s in zip(clip.coordinates, clip.timestamps_s, strict=True):
            spool.append(coordinates, time_s, (clip.width, clip.height))
        yield spool


def long_clip(store: LandmarkStore) -> ClipLandmarks:
    """All drawn clips after one another."""
    return ClipLandmarks("all", 12, 320, 320, np.concatenate([clip.coordinates for clip in store]))


def changed(model: Path, folder: Path, **changes) -> Path:
    """A copy of a model with another config."""
    shutil.copytree(model, folder)
    write_json(folder / "config.json", {**read_json(model / "config.json"), **changes})
    return folder


# The whole way


def test_signs_are_found_where_they_are(tiers, tiny_corpus):
    clips = read_manifest(tiny_corpus / "manifest.parquet").set_index("clip_id")
    truth, offset = [], 0
    for clip_id in CLIPS:
        sign = clips.segments[clip_id][0]
        truth.append((clips.glosses[clip_id][0], (offset + sign["start"]) / 12, (offset + sign["end"]) / 12))
        offset += sum(1 for _ in read_video(tiny_corpus / f"isolated/{clip_id}.mp4"))
    for stretch, (gloss, start_s, end_s) in zip(tiers["signing"], truth, strict=True):
        shared_s = min(stretch.end_s, end_s) - max(stretch.start_s, start_s)
        assert shared_s > 0.4 * (max(stretch.end_s, end_s) - min(stretch.start_s, start_s))
        assert gloss in [found.label for found in tiers["glosses"]
                         if found.start_s < stretch.end_s and found.end_s > stretch.start_s]
    around_s = AROUND_S + 1 / 12  # whole frames
    for gloss in tiers["glosses"]:
        assert any(stretch.start_s - around_s < gloss.start_s and gloss.end_s < stretch.end_s + around_s
                   for stretch in tiers["signing"])
    for segments in tiers.values():
        assert all(0 <= segment.start_s < segment.end_s <= offset / 12 and 0 < segment.score <= 1
                   for segment in segments)
        assert all(a.end_s <= b.start_s for a, b in pairwise(segments))


def test_a_command_writes_the_same_in_all_formats(models, video, tiers, tmp_path):
    files = [tmp_path / f"new/three.{suffix}" for suffix in ("csv", "json", "vtt", "eaf")]
    result = CliRunner().invoke(app, ["transcribe", str(video), "--detector", str(models / "detector"),
                                      "--recogniser", str(models / "recogniser"),
                                      *(option for file in files for option in ("--out", str(file)))])
    assert result.exit_code == 0 and "3 stretches of signing" in result.stdout and str(files[3]) in result.stdout
    expected = {tier: [(round(segment.start_s, 3), round(segment.end_s, 3), segment.label) for segment in segments]
                for tier, segments in tiers.items()}
    for file in (files[0], files[1], files[3]):
        assert {tier: [(segment.start_s, segment.end_s, segment.label) for segment in segments]
                for tier, segments in read(file).items()} == expected
    assert json.loads(files[1].read_text())["media"] == str(video)
    cues = files[2].read_text().split("\n\n")[3:]
    assert sorted(cue.split(">")[-2].removesuffix("</c") for cue in cues) == sorted(
        segment.label for segments in tiers.values() for segment in segments)
    schema = etree.XMLSchema(etree.parse(REPOSITORY / "tests/segments/eaf.xsd"))
    assert schema.validate(etree.parse(files[3])), schema.error_log


def test_a_command_prints_a_table_or_json(models, tiny_corpus):
    command = ["segments", str(tiny_corpus / f"isolated/{CLIPS[0]}.mp4"), "--model", str(models / "detector")]
    table = CliRunner().invoke(app, command)
    assert table.exit_code == 0 and "0:00:00." in table.stdout and "1 stretch of signing" in table.stdout
    ((tier, (segment,)),) = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["tiers"].items()
    assert tier == segment["label"] == "signing" and 0 < segment["start_s"] < segment["end_s"]


def test_a_video_without_signing_has_empty_tiers(models, tiny_corpus, tmp_path):
    config = read_json(models / "detector/config.json")
    never = changed(models / "detector", tmp_path / "never", training={**config["training"], "threshold": 1.0})
    out = tmp_path / "none.json"
    result = CliRunner().invoke(app, ["transcribe", str(tiny_corpus / f"isolated/{CLIPS[0]}.mp4"), "--out", str(out),
                                      "--detector", str(never), "--recogniser", str(models / "recogniser")])
    assert result.exit_code == 0 and "no signing was found" in result.stdout
    assert read(out) == {"signing": [], "glosses": []}


def test_the_table_is_in_the_order_of_time_and_shows_any_gloss(capsys):
    print_tiers({"signing": [Segment(1.0, 3700.25, "signing", 0.5)],
                 "glosses": [Segment(1.0, 1.5, "IX[left]", 0.25), Segment(61.5, 62.0, "[/b]", 1.0)]})
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if len(line) == 5 and line[0] != "start"] == [
        ["0:00:01.000", "1:01:40.250", "signing", "signing", "0.50"],
        ["0:00:01.000", "0:00:01.500", "glosses", "IX[left]", "0.25"],
        ["0:01:01.500", "0:01:02.000", "glosses", "[/b]", "1.00"]]
    assert ["1", "stretch", "of", "signing,", "3699.2", "s;", "2", "glosses"] in lines


def test_a_video_is_read_as_the_pipeline_reads_it(models, tiny_corpus, tiny_landmarks):
    transcriber, store = Transcriber(models / "detector"), LandmarkStore(tiny_landmarks)
    stored = store[CLIPS[1]]
    with transcriber.spooled(tiny_corpus / f"isolated/{CLIPS[1]}.mp4") as spool:
        found = spool.clip(0, len(spool))
        edges_s = spool.edges_s
    joints = store.skeleton.selector(transcriber.detector.skeleton).any(0)
    np.testing.assert_allclose(found.coordinates[:, joints], stored.coordinates[:, joints], rtol=0, atol=1e-4)
    assert np.array_equal(found.timestamps_s, stored.timestamps_s)
    assert (found.width, found.height, found.fps) == (stored.width, stored.height, pytest.approx(stored.fps))
    assert edges_s == pytest.approx(frame_edges(stored.timestamps_s, stored.fps))


# Windows


def test_a_clip_of_the_corpus_is_transcribed_by_its_id(models, tiny_corpus, tiny_landmarks):
    transcribe_clip = Transcriber(models / "detector", models / "recogniser", dataset=Dataset(landmarks=tiny_landmarks))
    by_id = transcribe_clip(CLIPS[0])
    of_video = transcribe_clip(next(tiny_corpus.rglob(f"{CLIPS[0]}.mp4")))
    assert list(by_id) == list(of_video) and by_id["signing"] and by_id["glosses"]
    for tier, segments in by_id.items():
        assert [segment.label for segment in segments] == [segment.label for segment in of_video[tier]]
        for mine, theirs in zip(segments, of_video[tier], strict=True):
            assert (mine.start_s, mine.end_s, mine.score) == pytest.approx(
                (theirs.start_s, theirs.end_s, theirs.score), abs=1e-4)
    with pytest.raises(CorpusError, match=f"there is no clip '{CLIPS[0]}0'"):
        transcribe_clip(f"{CLIPS[0]}0")


def test_windows_are_those_of_evaluation(models, detector, tiny_landmarks):
    store = LandmarkStore(tiny_landmarks)
    streams = read_manifest(models / "streams.parquet").head(4)
    windows, expected = probabilities_of(detector, store, streams)
    for number, clip_id in enumerate(streams.clip_id):
        own = [i for i, (stream, _, _) in enumerate(windows) if stream == number]
        with spooled(store[clip_id], store, detector) as spool:
            starts, found = window_probabilities(detector, spool)
        assert starts.tolist() == [windows[i][1] for i in own]
        assert found == pytest.approx(expected[own], abs=1e-5)


@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_memory_that_is_used_changes_nothing(detector, tiny_landmarks, monkeypatch, block):
    store, read = LandmarkStore(tiny_landmarks), []
    with spooled(long_clip(store), store, detector) as spool:
        monkeypatch.setattr(transcribe, "BLOCK", 10**9)
        starts, expected = window_probabilities(detector, spool)
        monkeypatch.setattr(transcribe, "BLOCK", block)
        whole = spool.clip
        monkeypatch.setattr(spool, "clip", lambda start, end: read.append(end - start) or whole(start, end))
        again, found = window_probabilities(detector, spool)
        assert len(spool) > 4 * 64 and max(read) <= max(block, 2) + 6
    assert np.array_equal(again, starts) and found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("n_frames", [1, 5])
def test_a_video_shorter_than_a_window_is_one_window(detector, recogniser, tiny_landmarks, n_frames):
    store = LandmarkStore(tiny_landmarks)
    clip = store[CLIPS[0]]
    clip = ClipLandmarks("short", 12, 320, 320, clip.coordinates[:n_frames])
    with spooled(clip, store, detector, recogniser) as spool:
        starts, found = window_probabilities(detector, spool)
        glosses = list(LandmarkRecogniser(recogniser).glosses_between(spool, 0, n_frames))
        assert spool.edges_s == pytest.approx(np.arange(n_frames + 1) / 12)
    assert starts.tolist() == [0]
    assert found == pytest.approx(detector.probabilities(detector.clip(clip, store.skeleton)).numpy(), abs=1e-5)
    assert all(0 <= gloss.start_s < gloss.end_s <= n_frames / 12 + 1e-9 for gloss in glosses)


# Pieces


@settings(max_examples=200)
@given(st.data())
def test_pieces_cover_the_stretches_without_overlap(data):
    steps = data.draw(st.lists(st.sampled_from([0.01, 0.07, 1.0, 20.0, 100.0]), min_size=1, max_size=60))
    edges_s = np.concatenate([[0], np.cumsum(steps)])
    bounds = sorted(data.draw(st.sets(st.integers(0, len(steps)), max_size=8)))
    stretches = [Segment(edges_s[a], edges_s[b], "signing") for a, b in zip(bounds[::2], bounds[1::2], strict=False)]
    signing = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(steps), max_size=len(steps))))
    found = list(pieces(stretches, signing, edges_s))
    assert all(0 <= start < end <= len(steps) for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    for start, end in found:
        assert end - start == 1 or edges_s[end] - edges_s[start] <= LONGEST_S
        assert any(edges_s[start] >= stretch.start_s - AROUND_S and edges_s[end - 1] < stretch.end_s + AROUND_S
                   for stretch in stretches)
    inside = np.zeros(len(steps), bool)
    for start, end in found:
        inside[start:end] = True
    for start, end in zip(bounds[::2], bounds[1::2], strict=False):
        assert inside[start:end].all()


def test_a_pause_shorter_than_two_margins_is_shared():
    edges_s = np.arange(101) / 10
    stretches = [Segment(1.0, 3.0, "signing"), Segment(3.4, 5.0, "signing"), Segment(9.8, 10.0, "signing")]
    assert list(pieces(stretches, np.zeros(100), edges_s)) == [(7, 32), (32, 53), (95, 100)]


def test_a_long_stretch_is_cut_where_signing_is_least_probable():
    edges_s, signing = np.arange(1001) / 10, np.full(1000, 0.9)
    signing[[100, 450, 700]] = 0.1, 0.5, 0.4
    assert list(pieces([Segment(0, 100, "signing")], signing, edges_s)) == [(0, 450), (450, 1000)]


def test_glosses_of_a_long_stretch_lie_in_its_pieces(recogniser, tiny_landmarks):
    store = LandmarkStore(tiny_landmarks)
    with spooled(long_clip(store), store, recogniser) as spool:
        edges_s = spool.edges_s
        found = list(pieces([Segment(0, edges_s[-1], "signing")], np.ones(len(spool)), edges_s, 4.0))
        glosses = [list(LandmarkRecogniser(recogniser).glosses_between(spool, start, end)) for start, end in found]
    assert found[0][0] == 0 and found[-1][1] == len(edges_s) - 1 and all(a[1] == b[0] for a, b in pairwise(found))
    assert all(2.0 <= edges_s[end] - edges_s[start] <= 4.0 for start, end in found[:-1])
    assert sum(map(len, glosses)) >= len(found)
    for (start, end), of_piece in zip(found, glosses, strict=True):
        assert all(edges_s[start] <= gloss.start_s < gloss.end_s <= edges_s[end] for gloss in of_piece)
        assert all(a.end_s <= b.start_s for a, b in pairwise(of_piece))


def test_frames_that_share_a_time_break_nothing(recogniser, tiny_landmarks):
    store = LandmarkStore(tiny_landmarks)
    clip = store[CLIPS[0]]
    frozen = ClipLandmarks("frozen", 12, 320, 320, clip.coordinates, np.full(len(clip), 0.5))
    with spooled(frozen, store, recogniser) as spool:
        assert spool.edges_s[-1] == pytest.approx(0.5 + 1 / 12)
        glosses = list(LandmarkRecogniser(recogniser).glosses_between(spool, 0, len(clip)))
    assert glosses and all(gloss.end_s >= gloss.start_s + 0.00099 for gloss in glosses)


# Mistakes


def test_a_video_that_cant_be_used_is_named_with_the_reason(models, tmp_path):
    transcriber = Transcriber(models / "detector", models / "recogniser")
    write_video(tmp_path / "grey.mp4", [np.full((128, 128, 3), 128, np.uint8)] * 4, fps=12)
    with pytest.raises(ClipError, match=r"grey\.mp4: no person found in any of its 4 frames"):
        transcriber(tmp_path / "grey.mp4")
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(ClipError, match=r"text\.mp4: not a readable video"):
        transcriber(tmp_path / "text.mp4")
    with pytest.raises(CorpusError, match=r"there is no file .*none\.mp4, and no corpus with such a clip"):
        transcriber(tmp_path / "none.mp4")


def test_a_transcript_without_a_gloss_says_why(models, tiny_corpus, tmp_path):
    """No signing above the threshold; or signing in which the recogniser reads nothing, and a hand in few frames."""
    video = tiny_corpus / f"isolated/{CLIPS[1]}.mp4"
    training = read_json(models / "detector/config.json")["training"]
    strict = changed(models / "detector", tmp_path / "strict", training={**training, "threshold": 1.0})
    result = CliRunner().invoke(app, ["transcribe", str(video), "--detector", str(strict), "--recogniser",
                                      str(models / "recogniser"), "--json"])
    assert result.exit_code == 0 and "no signing was found" in result.stderr and "1.00 are needed" in result.stderr
    answer = json.loads(result.stdout)
    assert answer["tiers"] == {"signing": [], "glosses": []}
    assert [note["kind"] for note in answer["notes"]] == ["invented-signs", "no-signing"]
    frames = [frame.image for frame in read_video(video)]
    write_video(tmp_path / "still.mp4", frames[:1] * 12, fps=12)
    found = Transcriber(None, models / "recogniser").transcribe(tmp_path / "still.mp4")
    assert ("no-gloss" in {note.kind for note in found.notes}) == (found.tiers["glosses"] == [])
    assert transcribe._unread([])[0].kind == "no-gloss" and transcribe._unread([Segment(0, 1, "A")]) == []


def test_models_of_other_tasks_are_refused(models):
    with pytest.raises(ModelError, match=r"recogniser reads sentences.*`slr transcribe`; name one that finds where"):
        Transcriber(models / "recogniser")
    with pytest.raises(ModelError, match=r"detector finds where signing is.*name one that reads sentences"):
        Transcriber(models / "detector", models / "detector")


@pytest.mark.parametrize("command", [
    ["predict", "x.mp4", "--model", "{model}"], ["index", "build", "{data}/x.mp4=A", "--model", "{model}"],
    ["map", "--model", "{model}", "--data", "{data}"], ["transfer", "{model}", "--data", "{data}"]])
def test_commands_about_single_signs_refuse_other_models(models, tiny_corpus, tiny_landmarks, tmp_path, command):
    (tmp_path / "manifest.parquet").symlink_to(tiny_corpus / "manifest.parquet")
    (tmp_path / "landmarks").symlink_to(tiny_landmarks)
    (tmp_path / "x.mp4").symlink_to(tiny_corpus / f"isolated/{CLIPS[0]}.mp4")
    command = [part.format(model=models / "detector", data=tmp_path) for part in command]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1 and "name one that names the sign of a clip" in result.output


def test_models_of_landmarks_made_otherwise_are_refused(models, tmp_path):
    made = read_json(models / "recogniser/config.json")["preprocessing"]
    faster = changed(models / "recogniser", tmp_path / "faster",
                     preprocessing={**made, "frames": {**made["frames"], "fps": 25.0}})
    with pytest.raises(ModelError, match=r"faster .*made differently.*fps: 25.0 there, 12.* here"):
        Transcriber(models / "detector", faster)
    with pytest.raises(ModelError, match="fps"):
        Transcriber(models / "detector", faster, any_extractor=True)
    older = changed(models / "recogniser", tmp_path / "older",
                    preprocessing={**made, "extractor": {**made["extractor"], "version": "0.0.1"}})
    with pytest.raises(ModelError, match="another extractor"):
        Transcriber(models / "detector", older)
    Transcriber(models / "detector", older, any_extractor=True)


def test_a_file_that_cant_be_written_is_told_before_the_work(models, tmp_path):
    result = CliRunner().invoke(app, ["segments", str(tmp_path / "none.mp4"), "--model", str(models / "detector"),
                                      "--out", "segments.txt"])
    assert result.exit_code == 1 and "segments.txt: segments are written as .csv, .json, .vtt, .eaf" in result.output
