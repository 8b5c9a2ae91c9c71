"""Sentences joined of takes: whose takes, which frames, and that segments are where the signs are."""

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from slr.cli import app
from slr.corpora.imported.joined import joints, load, scan
from slr.corpora.imported.takes import join, sign_frames
from slr.corpora.scanning import prepare
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import CHANNELS, ClipLandmarks, write_store
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.skeleton import define, skeleton
from slr.errors import ClipError, CorpusError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams, JoinedParams
from slr.params import load as load_params
from tests.helpers import REPOSITORY

JOINTS = skeleton("spoter-54")
WRIST, LEFT = JOINTS.index("right_wrist"), JOINTS.index("left_wrist")
SHOULDERS = [JOINTS.index(f"{side}_shoulder") for side in ("left", "right")]
METADATA = {"extractor": {"name": "made-up"}, "frames": {"fps": 25}}
SMALL = JoinedParams(sentences=20, test_sentences=6)


def take(clip_id: str, lead: int, sign: int, tail: int, *, mark: float = 0, fps: float = 25) -> ClipLandmarks:
    """A signer at rest for `lead` frames, with the right wrist up for `sign`, at rest for `tail`; the nose marks it."""
    coordinates = np.full((lead + sign + tail, len(JOINTS), 4), 0.5, np.float32)
    coordinates[:, SHOULDERS, 1] = 0.4
    coordinates[:, [WRIST, LEFT], 1] = 0.9
    coordinates[lead:lead + sign, WRIST, 1] = 0.5
    coordinates[:, JOINTS.index("nose"), 0] = mark
    return ClipLandmarks(clip_id, fps, 512, 288, coordinates)


def project(folder, clips, skeleton=JOINTS, channels=CHANNELS):
    """Manifest and store of takes: (take, gloss, split, signer)."""
    write_store(folder / "landmarks", [clip for clip, *_ in clips], skeleton, metadata=METADATA,
                channels=channels)
    rows = [{"clip_id": clip.clip_id, "media": f"{clip.clip_id}.mp4", "glosses": [gloss], "segments": [],
             "split": split, "signer": signer} for clip, gloss, split, signer in clips]
    write_manifest(folder / "manifest.parquet", pd.DataFrame(rows).reindex(columns=SCHEMA.names))
    return folder


@pytest.fixture
def data(tmp_path):
    """Six glosses by two signers to train and test each; ids with what a URL doesn't like."""
    return project(tmp_path / "data", [
        (take(f"{split}/{signer} & {gloss}=1", 10 + place, 15 + place, 12, mark=place / 100), gloss, split, signer)
        for split in ("train", "test") for signer in ("ana", None) for place, gloss in enumerate("ABCDEF")])


def test_sentences_have_takes_of_one_split_and_one_signer(data):
    clips, problems = scan(data, joined=SMALL)
    assert not problems and clips.split.value_counts().to_dict() == {"train": 20, "test": 6}
    takes = read_manifest(data / "manifest.parquet").set_index("clip_id")
    for clip in clips.itertuples():
        used = [takes.loc[name] for name in takes.index if f"{name.replace(' ', '%20').replace('&', '%26')}"
                .replace("=", "%3D") + "=" in clip.media]
        assert {of.split for of in used} == {clip.split}
        assert {of.signer for of in used} == {clip.signer}
        assert sorted(of.glosses[0] for of in used) == sorted(clip.glosses)
    assert clips.glosses.map(len).between(2, 5).all()
    assert clips.groupby("split").signer.nunique().to_dict() == {"train": 1, "test": 1}  # and an unknown one


def test_the_same_settings_give_the_same_sentences_and_every_take_is_used_about_as_often(data):
    first, again = (scan(data, joined=SMALL)[0] for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(scan(data, joined=SMALL.model_copy(update={"seed": 2}))[0])
    for (_, _), of in first.fillna({"signer": ""}).groupby(["split", "signer"]):
        times = of.glosses.explode().value_counts()
        assert times.max() - times.min() <= 2
    few = scan(data, joined=SMALL.model_copy(update={"vocabulary": 3}))[0]
    assert set(few.glosses.explode()) == set("ABC") and few.glosses.map(len).max() == 3
    assert all(len(set(glosses)) == len(glosses) for glosses in first.glosses)


@settings(max_examples=25)
@given(lead=st.integers(8, 30), sign=st.integers(8, 40), tail=st.integers(8, 30), rest_threshold=st.floats(0.05, 0.95),
       size=st.floats(0.1, 1), shift=st.floats(-0.3, 0.3))
def test_a_sign_is_where_a_hand_is_up_wherever_the_signer_stands(lead, sign, tail, rest_threshold, size, shift):
    clip = take("a", lead, sign, tail)
    clip.coordinates[...] = clip.coordinates * size + shift
    clip.coordinates[lead + 3, LEFT] = 0  # one frame's mistake
    clip.coordinates[1::4, WRIST] = np.nan
    start, end = sign_frames(clip, JOINTS, rest_threshold)
    assert abs(start - lead) <= 2 and abs(end - lead - sign) <= 2


def test_a_sign_begins_on_the_way_up():
    clip = take("a", 20, 20, 20)
    clip.coordinates[10:20, WRIST, 1] = np.linspace(0.9, 0.5, 11)[:10]  # 0, .1, .2 of the way, ...
    assert sign_frames(clip, JOINTS, 0.3) == (13, 40)
    assert sign_frames(clip, JOINTS, 0.75) == (18, 40)


def test_a_take_that_never_moves_is_all_sign_and_one_without_hands_is_none():
    still = take("a", 10, 0, 0)
    assert sign_frames(still, JOINTS, 0.3) == (0, 10)
    still.coordinates[:, [LEFT, WRIST]] = np.nan
    with pytest.raises(ClipError, match="no wrist was found"):
        sign_frames(still, JOINTS, 0.3)
    track = np.full((30, 3, 2), 0.5, np.float32)
    track[10:20, 2] = 0.1
    assert sign_frames(ClipLandmarks("b", 30, 320, 256, track), skeleton("boston-3"), 0.5) == (10, 20)


@settings(max_examples=25)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4), transition=st.integers(0, 5))
def test_joining_keeps_poses_and_goes_straight_between_them(lengths, transition):
    rng = np.random.default_rng(sum(lengths) + transition)
    pieces = [rng.normal(size=(length, len(JOINTS), 2)) for length in lengths]
    joined = join(pieces, JOINTS, transition)
    assert len(joined) == sum(lengths) + transition * (len(lengths) - 1)
    middles = [np.median(piece[:, SHOULDERS].mean(1), axis=0) for piece in pieces]
    at = 0
    for place, piece in enumerate(pieces):
        moved = piece + middles[0] - middles[place]
        np.testing.assert_allclose(joined[at:at + len(piece)], moved, atol=1e-6)
        at += len(piece) + transition
        if place + 1 < len(pieces) and transition:
            steps = np.diff(joined[at - transition - 1:at + 1], axis=0)
            np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-6)


def test_what_is_missing_at_an_end_of_a_transition_is_missing_in_it():
    first, second = np.zeros((3, len(JOINTS), 2)), np.ones((3, len(JOINTS), 2))
    second[0, WRIST] = np.nan
    found = ~np.isnan(join([first, second], JOINTS, 2)[..., 0])
    assert found[:, LEFT].all() and found[:, WRIST].tolist() == [True] * 3 + [False] * 3 + [True] * 2


def test_the_imported_sentences_show_each_sign_where_its_segment_is(data, tmp_path):
    params = CorpusParams(name="joined", root=str(data), joined=SMALL, imported=ImportedParams())
    prepare(params, tmp_path / "manifest.parquet")
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    clips = read_manifest(tmp_path / "manifest.parquet")
    assert store.metadata["extractor"] == METADATA["extractor"] and store.metadata["frames"] == METADATA["frames"]
    assert store.clip_ids == clips.clip_id.tolist() and len(clips) == 26
    for clip in clips.itertuples():
        sentence = store[clip.clip_id]
        up = sentence.coordinates[:, WRIST, 1] < 0.6
        inside = np.zeros(len(sentence), bool)
        assert [segment["label"] for segment in clip.segments] == clip.glosses
        for segment in clip.segments:
            shown = slice(segment["start"], segment["end"])
            inside[shown] = True
            mark = sentence.coordinates[shown, JOINTS.index("nose"), 0]
            np.testing.assert_allclose(mark, "ABCDEF".index(segment["label"]) / 100, atol=1e-4)
            assert len(mark) == 15 + "ABCDEF".index(segment["label"])
        assert up[inside].all() and sentence.fps == 25 and (sentence.width, sentence.height) == (512, 288)
        gaps = np.diff(np.flatnonzero(inside))
        assert gaps.max() - 1 >= 5 and gaps.max() - 1 <= 5 + 2 * round(0.1 * 25)  # a transition, and what is left


def test_joints_may_be_fewer(data):
    media = scan(data, joined=SMALL)[0].media[0]
    assert joints(data, ImportedParams()) == JOINTS
    whole, hands = load(data, media, ImportedParams()), load(data, media, ImportedParams(skeleton="hands-42"))
    np.testing.assert_array_equal(hands.coordinates[:, 0], whole.coordinates[:, JOINTS.index("left_hand_wrist")])


def test_a_store_of_fewer_joints_forgets_the_takes_own_skeleton(tmp_path):
    own = define({"name": "own-joined-takes", "parts": {"all": list(skeleton("boston-3").joints)}, "bones": []})
    moving = np.full((30, 3, 2), 0.5, np.float32)
    moving[10:20, 2] = 0.1
    root = project(tmp_path / "data", [(ClipLandmarks(gloss, 25, 320, 256, moving), gloss, split, "ana")
                                       for gloss, split in (("A", "train"), ("B", "train"))], own, CHANNELS[:2])
    params = CorpusParams(name="joined", root=str(root), joined=SMALL, imported=ImportedParams(skeleton="boston-3"))
    prepare(params, tmp_path / "manifest.parquet")
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.skeleton == skeleton("boston-3") and len(store) == 20 and store.metadata["channels"] == ["x", "y"]


@pytest.mark.parametrize("media, error, message", [
    ("landmarks#transition=5&train/none=1-2", CorpusError, "no clip 'train/none'"),
    ("landmarks#transition=5&train%2Fana%20%26%20A%3D1=5-900", ClipError, "has 37 frames, not 5 to 900"),
    ("landmarks#transition=5", ClipError, "is not a joined sentence"),
    ("landmarks#a=1-2", ClipError, "is not a joined sentence"),
    ("w01.mp4", ClipError, "is not a joined sentence"),
])
def test_a_sentence_that_cannot_be_joined_is_named(data, media, error, message):
    with pytest.raises(error, match=message):
        load(data, media, ImportedParams())


def test_takes_that_cannot_be_joined_are_problems(tmp_path):
    gone = take("gone", 10, 20, 10)
    gone.coordinates[:, [LEFT, WRIST]] = np.nan
    clips = [(take(gloss, 10, 20, 10), gloss, "train", "ana") for gloss in "AB"]
    root = project(tmp_path, [*clips, (gone, "C", "train", "ana"), (take("slow", 9, 9, 9, fps=10), "A", "test", "ana")])
    found, problems = scan(root, joined=SMALL)
    assert set(found.split) == {"train"}
    assert [(of.clip, of.kind) for of in problems] == [("gone", "no-hands"), ("slow", "few-glosses")]
    root = project(tmp_path / "nobody", [(clip, gloss, None, None) for clip, gloss, _, _ in clips])
    with pytest.raises(CorpusError, match="neither a split nor a signer"):
        scan(root, joined=SMALL)
    with pytest.raises(CorpusError, match="has no landmarks"):
        scan(tmp_path / "landmarks")


def test_choosing_it(data, tmp_path, monkeypatch):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["use", "joined", "--root", "data", "--sentences", "4", "--test-sentences", "2",
                                    "--vocabulary", "4"])
    assert told.exit_code == 0 and "6 clips of 4 glosses by 1 signer" in told.output
    corpus = load_params("params.yaml").corpus
    assert (corpus.name, corpus.root, corpus.joined.vocabulary) == ("joined", "data", 4)
