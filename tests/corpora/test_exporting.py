"""Round trips: store -> another program's format -> reader -> store."""

import ast
import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from slr.corpora.exporting import convert, file_names
from slr.corpora.imported.spoter_csv import silt_columns
from slr.corpora.scanning import prepare
from slr.corpora.splits_json import splits_json
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import CHANNELS, ClipLandmarks, write_store
from slr.dataset.manifest import SCHEMA, read_manifest, write_manifest
from slr.dataset.skeleton import Skeleton, define, skeleton
from slr.errors import CorpusError, ParamsError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams, WindowsParams

MINE = define({"name": "convert-3", "parts": {"body": ["nose", "left_wrist", "right_wrist"]},
               "bones": [["nose", "left_wrist"]]})


def made(folder: Path, joints: Skeleton, channels: int = 4, segments: list | None = None) -> dict[str, Path]:
    """A store of three clips, and its manifest: joints missing here and there, at 0, invisible, outside."""
    rng = np.random.default_rng(0)
    clips, rows = [], []
    for i, clip_id in enumerate(("a/one", "a/ two", "b/žluťoučký")):
        values = rng.uniform(-0.2, 1.2, (8 + i, len(joints), channels))
        if "nose" in joints.joints:
            values[:, joints.index("nose"), 1] = -0.3  # above the shoulders
        values[..., 3:] = np.clip(values[..., 3:], 0, 1)  # visibility
        values[0, 0, 0] = 0
        values[1, -1] = 0
        values[rng.random(values.shape[:2]) < 0.2] = np.nan
        clips.append(ClipLandmarks(clip_id, 12.5, 640, 360, values.astype(np.float32)))
        rows.append({"clip_id": clip_id, "media": f"{i}.mp4", "glosses": [f"G{i}"], "segments": segments or [],
                     "signer": f"s{i}" if i else None, "split": ("train", "val", "test")[i]})
    write_store(folder / "landmarks", clips, joints, channels=CHANNELS[:channels])
    write_manifest(folder / "manifest.parquet", pd.DataFrame(rows).reindex(columns=SCHEMA.names))
    return {"landmarks": folder / "landmarks", "manifest": folder / "manifest.parquet"}


def imported(folder: Path, root: Path, name: str, **settings) -> LandmarkStore:
    """What the pipeline makes of converted files."""
    params = CorpusParams(name=name, root=str(root), **settings)
    prepare(params, folder / "manifest2.parquet")
    import_landmarks(folder / "manifest2.parquet", folder / "landmarks2", params)
    return LandmarkStore(folder / "landmarks2")


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    assert np.array_equal(np.isnan(found), np.isnan(wanted)) and np.nanmax(np.abs(found - wanted)) <= 1e-4


@pytest.mark.parametrize("y_up", [False, True])
def test_spoter_and_back(tmp_path, y_up):
    paths = made(tmp_path, skeleton("holistic-75"))
    assert convert("spoter", tmp_path / "out", y_up=y_up, **paths) == 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["test.csv", "train.csv", "val.csv"]
    store = imported(tmp_path, tmp_path / "out", "spoter_csv")
    before, after = read_manifest(paths["manifest"]), read_manifest(tmp_path / "manifest2.parquet")
    assert after[["clip_id", "glosses", "signer", "split"]].equals(before[["clip_id", "glosses", "signer", "split"]])
    spoter, original = skeleton("spoter-54"), LandmarkStore(paths["landmarks"])
    for clip in original:
        found = store[clip.clip_id]
        assert (found.fps, found.width, found.height) == (12.5, 640, 360)
        for joint in set(spoter.joints) - {"neck"}:
            assert_same(found.coordinates[:, spoter.index(joint)],
                        clip.coordinates[:, original.skeleton.index(joint), :2])


@pytest.mark.parametrize("name", ["holistic-75", "right-hand-21"])
def test_silt_and_back(tmp_path, name):
    paths, target = made(tmp_path, skeleton("holistic-75")), skeleton(name)
    assert convert("silt", tmp_path / "out", joints=name, **paths) == 3
    with open(tmp_path / "out/train.csv", newline="") as file:
        header, first = csv.reader(file)
    order = list(silt_columns(name))
    assert header[0::2][:len(order)] == [x for x, _ in silt_columns(name).values()]  # as the authors' code reads them
    assert set(ast.literal_eval(first[header.index("labels")])) == {0}
    store, original = imported(tmp_path, tmp_path / "out", "spoter_csv"), LandmarkStore(paths["landmarks"])
    assert store.skeleton == target
    selector = original.skeleton.selector(target).argmax(1)
    for clip in original:
        found = store[clip.clip_id]
        assert (found.fps, found.width, found.height) == (12.5, 640, 360)
        assert_same(found.coordinates, clip.coordinates[:, selector, :2])
    before, after = read_manifest(paths["manifest"]), read_manifest(tmp_path / "manifest2.parquet")
    assert after[["clip_id", "glosses", "signer", "split"]].equals(before[["clip_id", "glosses", "signer", "split"]])


@pytest.mark.parametrize("name, channels", [("holistic-75", 4), ("holistic-67", 4), ("holistic-553", 4),
                                            ("holistic-75", 2), ("hands-42", 3)])
def test_npz_and_back(tmp_path, name, channels):
    segments = [{"start": 0, "end": 3, "label": "S"}, {"start": 5, "end": 8, "label": "P"}]
    paths = made(tmp_path, skeleton(name), channels, segments)
    convert("npz", tmp_path / "out", **paths)
    store = imported(tmp_path, tmp_path / "out", "sca_npz", windows=WindowsParams(frames=None),
                     imported=ImportedParams(skeleton=name, fps=12.5, size=(640, 360)))
    manifest = read_manifest(tmp_path / "manifest2.parquet")
    assert manifest.segments.tolist() == [segments] * 3
    names = file_names(read_manifest(paths["manifest"]).clip_id)
    for clip in LandmarkStore(paths["landmarks"]):
        found = store[names[clip.clip_id]]
        assert_same(found.coordinates[..., :channels], clip.coordinates)
        assert (found.fps, found.width) == (12.5, 640)


def test_splits_json_has_the_published_form_and_is_read_back(tmp_path):
    paths = made(tmp_path, skeleton("holistic-75"), segments=[{"start": 0, "end": 3, "label": "s"},
                                                              {"start": 3, "end": 8, "label": "n"}])
    convert("npz", tmp_path / "out", **paths)
    written = json.loads((tmp_path / "out/splits.json").read_text())
    names = file_names(read_manifest(paths["manifest"]).clip_id)
    first, second, third = names["a/one"], names["a/ two"], names["b/žluťoučký"]
    assert {name: of["videos"] for name, of in written["splits"].items()} == {
        "train": [first], "val": [second], "test": [third]}
    assert written["per_video"][third] == {"frames": 10, "windows": 0, "S_windows": 0, "nonS_windows": 0}
    imported(tmp_path, tmp_path / "out", "sca_npz", windows=WindowsParams(frames=None))
    assert read_manifest(tmp_path / "manifest2.parquet").set_index("clip_id").split.to_dict() == {
        first: "train", second: "val", third: "test"}


def test_the_windows_of_splits_json_are_counted_as_published():
    """By the rule `any`, in windows of 25: signing up to frame 2 is in the windows that start at 0, 1 and 2."""
    labels = {"a": ["s"] * 3 + ["n"] * 27, "b": ["n"] * 26, "c": ["S"] * 24, "d": [None] * 25}
    content = splits_json(labels, {"a": "train", "b": "train", "c": "test"}, "data")
    assert content["per_video"] == {
        "a": {"frames": 30, "windows": 6, "S_windows": 3, "nonS_windows": 3},
        "b": {"frames": 26, "windows": 2, "S_windows": 0, "nonS_windows": 2},
        "c": {"frames": 24, "windows": 0, "S_windows": 0, "nonS_windows": 0},
        "d": {"frames": 25, "windows": 1, "S_windows": 0, "nonS_windows": 1}}
    assert content["splits"]["train"] == {"videos": ["a", "b"], "counts": {"S": 3, "nonS": 5}}
    assert content["splits"]["val"] == {"videos": [], "counts": {"S": 0, "nonS": 0}}
    assert content["meta"] == {"data": "data", "groundtruth": "data/groundtruth.txt", "window": 25, "stride": 1,
                               "s_label": "S", "rule": "any", "ratios": {"train": 2 / 3, "val": 0, "test": 1 / 3}}


@pytest.mark.parametrize("joints, channels", [
    (skeleton("holistic-75"), 4), (skeleton("holistic-553"), 4), (skeleton("spoter-54"), 4), (skeleton("kinect-20"), 3),
    (MINE, 2), (MINE, 3), (MINE, 4)], ids=lambda value: getattr(value, "name", value))
def test_pose_and_back(tmp_path, joints, channels):
    paths = made(tmp_path, joints, channels)
    convert("pose", tmp_path / "out", **paths)
    store = imported(tmp_path, tmp_path / "out", "pose")
    assert store.skeleton.joints == joints.joints and store.skeleton.space == joints.space
    assert set(store.skeleton.bones) == {bone for bone in joints.bones} or joints.name == store.skeleton.name
    before, after = read_manifest(paths["manifest"]), read_manifest(tmp_path / "manifest2.parquet")
    names = file_names(before.clip_id)
    assert after.set_index("clip_id").loc[list(names.values())].glosses.tolist() == before.glosses.tolist()
    for clip in LandmarkStore(paths["landmarks"]):
        assert_same(store[names[clip.clip_id]].coordinates[..., :channels], clip.coordinates)


def test_files_of_mediapipe_have_mediapipes_names(tmp_path):
    from pose_format import Pose
    from pose_format.utils.generic import detect_known_pose_format

    paths = made(tmp_path, skeleton("holistic-553"))
    convert("pose", tmp_path / "out", **paths)
    pose = Pose.read((tmp_path / "out/a_one.pose").read_bytes())
    assert detect_known_pose_format(pose) == "holistic"
    wrist = LandmarkStore(paths["landmarks"])["a/one"].coordinates[:, 33, :2] * (640, 360)
    point = pose.header.get_point_index("LEFT_HAND_LANDMARKS", "WRIST")
    assert np.allclose(pose.body.data[:, 0, point, :2].filled(np.nan), wrist, atol=0.01, equal_nan=True)


def test_clips_without_a_split_take_the_pipelines(tmp_path):
    from tests.helpers.landmark_corpus import make

    corpus = make(tmp_path, glosses=2, signers=3, repetitions=1)
    convert("spoter", tmp_path / "out", manifest=corpus.manifest, landmarks=corpus.landmarks, splits=corpus.splits)
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {"train", "val", "test"}
    convert("spoter", tmp_path / "all", manifest=corpus.manifest, landmarks=corpus.landmarks, splits=None)
    assert [path.stem for path in (tmp_path / "all").iterdir()] == ["clips"]


def test_file_names_are_safe_and_differ():
    names = file_names(["a/b", "a b", "A_B", "../x", "žluť", "", "日本"])
    assert list(names.values()) == ["a_b", "a_b_2", "A_B_3", "x", "zlut", "clip", "clip_2"]


@pytest.mark.parametrize("kind, joints, message", [
    ("xml", MINE, "format 'xml' is unknown; known: spoter, silt, npz, pose"),
    ("silt", skeleton("hands-42"), "needs joint 'nose', which 'hands-42' hasn't"),
    ("spoter", MINE, "needs joint 'neck', which 'convert-3' hasn't"),
    ("npz", skeleton("kinect-20"), "'kinect-20' has metres: convert to pose"),
    ("npz", define({"name": "odd-1", "parts": {"a": ["tail"]}, "bones": []}), "no place for joint 'tail' of 'odd-1'"),
    ("pose", define({"name": "odd-2", "parts": {"a": ["šíje"]}, "bones": []}), "no place for the name 'šíje'"),
])
def test_what_a_format_cannot_hold_is_refused(tmp_path, kind, joints, message):
    paths = made(tmp_path, joints)
    with pytest.raises(ParamsError, match=message):
        convert(kind, tmp_path / "out", **paths)
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(tmp_path):
    paths = made(tmp_path, MINE)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("x")
    with pytest.raises(CorpusError, match="is there already"):
        convert("pose", tmp_path / "out", **paths)
    (tmp_path / "out/mine.txt").unlink()
    assert convert("pose", tmp_path / "out", **paths) == 3
