"""The map of a model: what is in the page, what it refuses, and that a real browser runs it without a network."""

import base64
import json
import re
import shutil
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.frames import SCHEMA
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import read_manifest, write_manifest
from slr.dataset.skeleton import skeleton
from slr.dataset.splits import read_splits, write_splits
from slr.errors import CorpusError, ModelError, SlrError
from slr.figures import projections
from slr.figures.face import CONTOURS
from slr.io.shards import with_clip, write_shards
from slr.io.video import read_video
from slr.params import parse
from slr.report import embedding_map
from slr.report.embedding_map import write_map
from slr.training.loop import train
from tests.helpers import landmark_corpus
from tests.helpers.browser import open_page

ODD = "</script><b>žltý & $x^2$"


class Made(NamedTuple):
    """A model, and the folder of a corpus as the pipeline leaves it."""

    model: object
    data: object


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    corpus = landmark_corpus.make(folder, glosses=4, signers=6, repetitions=1)
    params = parse({"models": {"spoter": {"family": "spoter", "d_model": 16, "heads": 2, "encoder_layers": 1,
                                          "decoder_layers": 1, "feedforward": 32, "epochs": 1}},
                    "compute": {"workers": 1}})
    train("spoter", params, corpus, out=folder / "model", work=folder / "work")
    return folder / "model"


@pytest.fixture
def made(trained, tmp_path) -> Made:
    """24 clips of 4 signs by 6 signers, one clip's signer unknown; one sign has an awkward name."""
    corpus = landmark_corpus.make(tmp_path / "data", glosses=4, signers=6, repetitions=1)
    store = LandmarkStore(corpus.landmarks)
    clips = [replace(clip, coordinates=clip.coordinates + np.float32([0, 0, 0, 1])) for clip in store]  # visible
    landmark_corpus.write_store(corpus.landmarks, clips, store.skeleton, metadata=landmark_corpus.METADATA)
    rows = read_manifest(corpus.manifest)
    glosses = [[ODD] if gloss == ["gloss1"] else gloss for gloss in rows.glosses]
    write_manifest(corpus.manifest, rows.assign(glosses=glosses, signer=rows.signer.where(rows.index != 5, None)))
    return Made(trained, tmp_path / "data")


def written(made: Made, method: str = "pca", **more) -> str:
    out = made.data / "map.html"
    assert write_map(out, model=made.model, data=made.data, method=method, **more) == out
    return out.read_text(encoding="utf-8")


@pytest.fixture
def filmed(made) -> Made:
    """The same with frames of every clip but the first two: grey, brighter from frame to frame, at the clip's rate."""
    store = LandmarkStore(made.data / "landmarks")

    def frames_of(clip):
        images = [np.full((150, 300, 3), 40 + 8 * i, np.uint8) for i in range(len(clip))]
        rows = [(clip.clip_id, i, i, i / 15, cv2.imencode(".jpg", each)[1].tobytes()) for i, each in enumerate(images)]
        table = pa.table(list(zip(*rows, strict=True)), schema=SCHEMA)
        return with_clip(table, {"clip_id": clip.clip_id, "n_frames": len(rows), "fps": 15.0, "width": 300,
                                 "height": 150, "sha256": ""})

    folder = made.data / "frames"
    folder.mkdir()
    write_shards(folder, [frames_of(store[clip_id]) for clip_id in store.clip_ids[2:]], SCHEMA,
                 metadata={"frames": {}}, clips_per_shard=64)
    return made


def view_of(html: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_holds_every_clip_with_its_names_and_neighbours(made):
    view = view_of(written(made))
    clips = pd.DataFrame(view["clips"], columns=["clip_id", "gloss", "signer", "split", "x", "y", "near"])
    rows = read_manifest(made.data / "manifest.parquet").merge(read_splits(made.data / "splits.parquet"), on="clip_id")
    assert [view["glosses"][n] for n in clips.gloss] == list(rows.glosses.str[0])
    assert [view["signers"][n] if n >= 0 else None for n in clips.signer] == [
        signer if isinstance(signer, str) else None for signer in rows.signer]
    assert [view["splits"][n] for n in clips.split] == list(rows.split_y) and view["splits"] == ["train", "val", "test"]
    assert clips[["x", "y"]].to_numpy().min() == 0 and clips[["x", "y"]].to_numpy().max() == 1
    assert all(len(near) == embedding_map.NEIGHBOURS and i not in near for i, near in enumerate(clips.near))
    assert not view["pseudo_signers"] and view["of_clips"] == 24


def test_the_places_keep_their_shape(made):
    from slr.inference.model import load_model

    view, model, store = view_of(written(made)), load_model(made.model), LandmarkStore(made.data / "landmarks")
    features = model.outputs(model.clips(store, sorted(store.clip_ids)))["features"].numpy()
    places = projections.lay_out_by("pca", features)
    shown = np.array([clip[4:6] for clip in view["clips"]]) * (1, -1)  # y grows downwards on a screen
    scale = np.ptp(places, axis=0).max()
    assert shown - shown.mean(0) == pytest.approx((places - places.mean(0)) / scale, abs=1e-3)


def test_the_skeletons_are_those_of_the_store(made):
    view, store = view_of(written(made)), LandmarkStore(made.data / "landmarks")
    assert len(view["poses"]) == 24
    clip = store[view["clips"][3][0]]
    pose = view["poses"]["3"]
    frames = np.frombuffer(base64.b64decode(pose["data"]), np.uint8).reshape(-1, view["joints"], 2)
    assert len(frames) == len(clip) and pose["fps"] == clip.fps
    missing = np.isnan(clip.coordinates[..., 0])
    assert ((frames == 255).all(2) == missing).all() and ((frames == 255).any(2) == missing).all()
    # Undistorted: the same two numbers take every joint of every frame from the store's units to the page's.
    for axis in range(2):
        inside = ~missing
        fit = np.polyfit(clip.coordinates[..., axis][inside], frames[..., axis][inside], 1)
        assert np.abs(np.polyval(fit, clip.coordinates[..., axis][inside]) - frames[..., axis][inside]).max() < 1
    bones = {(a, b) for a, b, _ in view["bones"]}
    assert bones == {tuple(bone) for bone in store.skeleton.bone_indices.tolist()}  # every joint has one


def test_many_clips_and_long_ones_are_thinned(made, monkeypatch):
    monkeypatch.setattr(embedding_map, "MOST_SKELETONS", 7)
    monkeypatch.setattr(embedding_map, "MOST_FRAMES", 5)
    monkeypatch.setattr(embedding_map, "MOST_CLIPS", 20)
    html = written(made)
    view = view_of(html)
    assert len(view["poses"]) == 7 and len(view["clips"]) == 20 and view["of_clips"] == 24
    assert "Skeletons of 7 clips" in html and "20 of 24 clips" in html
    pose, store = view["poses"]["0"], LandmarkStore(made.data / "landmarks")
    clip = store[view["clips"][0][0]]
    assert len(base64.b64decode(pose["data"])) == 5 * view["joints"] * 2
    assert 5 / pose["fps"] == pytest.approx(len(clip) / clip.fps, rel=0.01)  # as long as before


def test_videos_are_those_of_the_frames(filmed, tmp_path):
    html = written(filmed, videos=5)
    view, store = view_of(html), LandmarkStore(filmed.data / "landmarks")
    assert "Videos of 5 clips, evenly chosen, are in this page." in html
    assert len(view["videos"]) == 5 and {"2", "23"} <= view["videos"].keys() <= set(map(str, range(2, 24)))
    (tmp_path / "clip.mp4").write_bytes(base64.b64decode(view["videos"]["2"]))
    frames = list(read_video(tmp_path / "clip.mp4"))
    clip = store[view["clips"][2][0]]
    assert len(frames) == len(clip) and frames[0].image.shape == (150, 300, 3)
    assert [frame.timestamp_s for frame in frames] == pytest.approx([i / clip.fps for i in range(len(clip))], abs=1e-3)
    assert [frame.image.mean() for frame in frames] == pytest.approx([40 + 8 * i for i in range(len(clip))], abs=6)
    assert view_of(written(filmed, videos=0))["videos"] == {}
    shutil.rmtree(filmed.data / "frames")
    assert view_of(written(filmed))["videos"] == {}


def test_large_frames_are_decoded_smaller(filmed, monkeypatch, tmp_path):
    monkeypatch.setattr(embedding_map, "VIDEO_SIDE", 30)
    (tmp_path / "clip.mp4").write_bytes(base64.b64decode(view_of(written(filmed))["videos"]["2"]))
    assert next(iter(read_video(tmp_path / "clip.mp4"))).image.shape == (38, 76, 3)


def test_one_split_alone(made):
    view = view_of(written(made, split="train"))
    assert view["splits"] == ["train"] and view["of_clips"] == 16
    with pytest.raises(CorpusError, match="no split 'dev'; choose train, val, test or all"):
        written(made, split="dev")


def test_faces_are_drawn_by_their_lines(made, monkeypatch):
    holistic = skeleton("holistic-553")
    places = np.random.default_rng(0).uniform(0.2, 0.8, (6, 553, 3))
    clip = ClipLandmarks("a", 15, 320, 320, np.insert(places, 3, 1, axis=2).astype(np.float32))  # visible
    landmark_corpus.write_store(made.data / "landmarks", [clip, replace(clip, clip_id="b")], holistic,
                                metadata=landmark_corpus.METADATA)
    rows = read_manifest(made.data / "manifest.parquet")[:2].assign(clip_id=["a", "b"])
    found = embedding_map._skeletons(LandmarkStore(made.data / "landmarks"), rows)
    face = [(a, b) for a, b, part in found["bones"] if part == "face"]
    assert len(face) == 124 and found["joints"] == 75 + 128 and found["colours"]["face"]
    points = np.frombuffer(base64.b64decode(found["poses"][0]["data"]), np.uint8).reshape(6, 203, 2)
    kept = sorted({number for line in CONTOURS for number in line})
    shown, given = points[:, 75:, 0].astype(float), clip.coordinates[:, [75 + number for number in kept], 0]
    fit = np.polyfit(given.ravel(), shown.ravel(), 1)  # the same two numbers for every point of every frame
    assert np.abs(np.polyval(fit, given) - shown).max() < 1 and fit[0] > 200
    monkeypatch.setattr(embedding_map, "MOST_BYTES", 2 * embedding_map.MOST_FRAMES * 203)
    assert len(embedding_map._skeletons(LandmarkStore(made.data / "landmarks"), rows)["poses"]) == 1


def test_pseudo_signers_stand_in_for_unknown_signers(made):
    write_manifest(made.data / "manifest.parquet", read_manifest(made.data / "manifest.parquet").assign(signer=None))
    view = view_of(written(made))
    assert view["pseudo_signers"] and view["signers"] == [f"pseudo-signer {n}" for n in range(3)]
    (made.data / "signers.parquet").unlink()
    view = view_of(written(made))
    assert view["signers"] == [] and {clip[2] for clip in view["clips"]} == {-1}


def test_a_corpus_without_splits_has_one_kind_of_clips(made):
    (made.data / "splits.parquet").unlink()
    assert view_of(written(made))["splits"] == ["clips"]


def test_names_from_users_cannot_leave_the_data(made):
    html = written(made)
    assert html.count("</script>") == 2 and ODD in view_of(html)["glosses"]


def test_loads_nothing(made):
    html = written(made)
    assert "default-src 'none'" in html and "unsafe" not in html
    assert not re.search(r'<(link|iframe|img)|url\(|@import|\ssrc=|href=|fetch\(|XMLHttpRequest|import\(', html)


def test_same_inputs_same_bytes(made):
    assert written(made, "tsne") == written(made, "tsne")


def test_what_cannot_be_drawn_is_refused(made, tmp_path, monkeypatch):
    with pytest.raises(SlrError, match="no method 'som'.*pca, tsne, umap"):
        written(made, "som")
    monkeypatch.setattr(projections.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SlrError, match=r"slr\[embeddings\]"):
        written(made, "umap")
    splits = read_splits(made.data / "splits.parquet")
    write_splits(made.data / "splits.parquet", splits[:3])
    with pytest.raises(SlrError, match="t-SNE of 3 clips"):
        written(made, "tsne")
    write_splits(made.data / "splits.parquet", splits[:1].assign(clip_id="else"))
    with pytest.raises(CorpusError, match="no clip"):
        written(made)
    with pytest.raises(ModelError, match="no trained model"):
        write_map(tmp_path / "m.html", model=tmp_path, data=made.data)


def test_landmarks_made_otherwise_are_refused_unless_told(made):
    store = LandmarkStore(made.data / "landmarks")
    landmark_corpus.write_store(made.data / "landmarks", list(store), store.skeleton, metadata={
        **landmark_corpus.METADATA, "extractor": {"name": "imported"}})
    with pytest.raises(ModelError, match="made-up there, imported here"):
        written(made)
    assert len(view_of(written(made, any_landmarks=True))["clips"]) == 24


def test_the_command_says_where_the_page_is(made):
    out = made.data / "embedding_map.html"
    result = CliRunner().invoke(app, ["map", "--model", str(made.model), "--data", str(made.data), "--method", "pca",
                                      "-o", str(out)])
    assert result.exit_code == 0 and result.output.strip() == str(out) and out.exists()


def test_a_browser_runs_it_without_a_network_and_under_its_own_policy(made, tmp_path):
    written(made)
    shown = open_page(made.data / "map.html", tmp_path / "profile")
    assert shown.requests == []
    assert re.search(r'id="count"[^>]*>24 clips<', shown.dom)  # by its script: its hash is right
    legend = re.search(r'<ul id="legend">(.*?)</ul>', shown.dom, re.DOTALL)[1]
    assert re.findall(r"<span>(.*?)</span><small>(\d+)</small>", legend) == [
        ("&lt;/script&gt;&lt;b&gt;žltý &amp; $x^2$", "6"), ("gloss0", "6"), ("gloss2", "6"), ("gloss3", "6")]


FRAMES = """<script>
requestAnimationFrame = paint => setTimeout(() => paint(performance.now()), 20);  // a browser without a screen has few
</script></head>"""
PROBE = """<script>
const said = document.body.dataset, $$ = id => document.getElementById(id), data = JSON.parse($$("data").textContent);
const map = $$("map"), box = map.getBoundingClientRect(), side = 0.94 * Math.min(box.width, box.height);
const at = i => ({clientX: box.left + box.width / 2 + (data.clips[i][4] - .5) * side, bubbles: true, pointerId: 1,
                  clientY: box.top + box.height / 2 + (data.clips[i][5] - .5) * side});
const ink = canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.filter(
  (value, i) => i % 4 === 3 && value > 0).length;
const key = (target, name) => target.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true}));
const type = text => { $$("search").value = text; $$("search").dispatchEvent(new Event("input")); };
onerror = message => { said.error = message; };
setTimeout(() => {
  said.drawn = ink(map) > 500;
  map.dispatchEvent(new PointerEvent("pointermove", at(7)));
  said.tip = $$("tip").hidden ? "" : $$("tip").innerText.replaceAll("\\n", "|");
  map.dispatchEvent(new PointerEvent("pointerdown", at(7)));
  map.dispatchEvent(new PointerEvent("pointerup", at(7)));
  said.clicked = $$("what").textContent;
  said.playing = $$("play").textContent;
  said.skeleton = !$$("skeleton").hidden && ink($$("skeleton")) > 500;
  said.near = $$("neighbours").children.length;
  said.source = $$("video").src.slice(0, 22);
  setTimeout(() => {
    said.moved = Number($$("time").value) > 0;
    said.video = $$("video").hidden ? "none" : `${$$("video").videoWidth} x ${$$("video").videoHeight}`;
    said.plays = !$$("video").paused;
    said.beside = Math.abs($$("video").getBoundingClientRect().top - $$("skeleton").getBoundingClientRect().top) < 2;
    said.together = Math.abs($$("video").currentTime - Number($$("time").value) / 15) < .3;
    map.focus();
    key(map, "Enter");
    said.stopped = $$("play").textContent;
    said.still = $$("video").paused;
    $$("time").value = 9;
    $$("time").dispatchEvent(new Event("input"));
    said.sought = Math.abs($$("video").currentTime - .6) < .02;
    const before = $$("what").textContent;
    for (const arrow of ["ArrowLeft", "ArrowRight"]) key(map, arrow);
    said.stepped = $$("what").textContent !== before;
    key(map, "Escape");
    said.left = $$("name").textContent;
    type("gloss2");
    said.found = $$("count").textContent;
    key($$("search"), "Enter");
    said.searched = $$("name").textContent;
    type("");
    const all = ink(map);
    $$("splits").querySelector("input").click();
    said.split = $$("count").textContent;
    said.fewer = ink(map) < all;
    $$("splits").querySelector("input").click();
    document.querySelector("input[value=signer]").click();
    said.legend = [...$$("legend").querySelectorAll("span")].map(part => part.textContent).join();
    $$("legend").querySelector("button").click();
    said.only = $$("count").textContent;
    said.pressed = $$("legend").querySelector("button").getAttribute("aria-pressed");
    said.overflow = document.documentElement.scrollWidth - innerWidth;
  }, 400);
}, 300);
</script></body>"""


@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_hovers_clicks_types_and_plays(filmed, tmp_path, width):
    made, html = filmed, written(filmed)
    clip_id, gloss, signer, split = view_of(html)["clips"][7][:4]
    view = view_of(html)
    probe = made.data / "probe.html"  # a copy whose policy lets the probe run
    probe.write_text(re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", html).replace("</head>", FRAMES)
                     .replace("</body>", PROBE), encoding="utf-8")
    shown = open_page(probe, tmp_path / "profile", width=width)
    said = dict(re.findall(r' data-(\w+)="([^"]*)"', re.search(r"<body[^>]*>", shown.dom)[0]))
    who = f"signer {view['signers'][signer]}, {view['splits'][split]}"
    assert "error" not in said and shown.requests == []
    assert said["drawn"] == "true" and said["tip"] == f"{view['glosses'][gloss]}|{who}|{clip_id}"
    assert said["clicked"] == f"{who}, clip {clip_id}" and said["near"] == "6"
    assert said["source"] == "data:video/mp4;base64," and said["video"] == "300 x 150"
    assert said["plays"] == said["still"] == said["beside"] == said["together"] == said["sought"] == "true"
    assert said["playing"] == "Stop" and said["skeleton"] == said["moved"] == "true" and said["stopped"] == "Play"
    assert said["stepped"] == "true" and said["left"] == "No clip chosen"
    assert said["found"] == "6 of 24 clips" and said["searched"] == "gloss2"
    assert said["split"] == "8 of 24 clips" and said["fewer"] == "true"
    assert said["legend"] == "s0,s1,s2,s3,s4,s5,unknown" and said["only"] == "4 of 24 clips"
    assert said["pressed"] == "true" and int(said["overflow"]) <= 0
