"""The ISL Kinect corpus: the real file where it is, and small files like it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slr.corpora.imported.isl_kinect import FPS, joints, load, scan
from slr.corpora.scanning import prepare
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.errors import ClipError, CorpusError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams

SETTINGS = ImportedParams()


def write(folder: Path, drop: str = "", n_clips: int = 4) -> Path:
    """A file like the corpus's: signs A and B by signers 1 and 2; clip i has 3 + i frames. Returns its folder."""
    rng = np.random.default_rng(0)
    table = {"sign": ["A", "B"] * (n_clips // 2), "label": [0, 1] * (n_clips // 2),
             "signer_id": [1 + i // 2 for i in range(n_clips)], "rep": [1] * n_clips,
             "n_frames": [3 + i for i in range(n_clips)],
             "xyz": [rng.normal(0, 1, 60 * (3 + i)).astype(np.float32) for i in range(n_clips)]}
    folder.mkdir(parents=True, exist_ok=True)
    table = {name: values for name, values in table.items() if name != drop}
    pq.write_table(pa.table(table), folder / "clips.parquet")
    return folder


def test_the_real_corpus_is_a_manifest_of_30_signs_by_10_signers(shared_data):
    clips, problems = scan(shared_data / "isl_kinect")
    assert problems == []
    assert len(clips) == 2700 and clips.clip_id.is_unique and clips.media.is_unique
    assert clips.groupby(["signer", clips.glosses.str[0]]).size().eq(9).all()
    assert clips.signer.nunique() == 10 and (clips.fps == FPS).all()


def test_a_real_recording_is_a_person_who_stands_before_the_camera(shared_data):
    one = load(shared_data / "isl_kinect", "clips.parquet#1234", SETTINGS)
    body = joints(shared_data, SETTINGS)
    mean = {joint: one.coordinates[:, i].mean(0) for i, joint in enumerate(body.joints)}
    assert one.coordinates.shape[1:] == (20, 3) and one.mask.all() and 18 <= len(one) <= 189
    down = ("head", "neck", "hip_centre", "left_knee", "left_ankle")
    assert np.all(np.diff([mean[joint][1] for joint in down]) < -0.1)  # y points up, metres
    assert mean["right_shoulder"][0] - mean["left_shoulder"][0] > 0.15  # x to the signer's right
    assert 1.5 < mean["neck"][2] < 4


def test_from_the_file_to_the_store_within_a_tenth_of_a_millimetre(tmp_path):
    root = write(tmp_path / "isl")
    params = CorpusParams(name="isl_kinect", root=str(root))
    prepare(params, tmp_path / "manifest.parquet")
    assert list(read_manifest(tmp_path / "manifest.parquet").clip_id) == [
        "A/signer01_1", "A/signer02_1", "B/signer01_1", "B/signer02_1"]
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.skeleton.name == "kinect-20" and store.metadata["channels"] == ["x", "y", "z"]
    assert store.metadata["extractor"] == {"name": "imported", "format": "isl_kinect"}
    last = pq.read_table(root / "clips.parquet")["xyz"][3].values.to_numpy().reshape(6, 20, 3)
    assert np.abs(store["B/signer02_1"].coordinates - last).max() < 1e-4
    assert store["B/signer02_1"].fps == 30


@pytest.mark.parametrize("prepare_root, message", [
    (lambda root: root.mkdir(), "holds 0 Parquet files; set corpus.root to"),
    (lambda root: None, "is not a folder"),
    (lambda root: (write(root), (root / "other.parquet").write_bytes(b"")), "holds 2 Parquet files"),
    (lambda root: (root.mkdir(), (root / "clips.parquet").write_text("no")), "is not Parquet .* download it again"),
    (lambda root: write(root, drop="sign"), "has no column 'sign'"),
])
def test_what_is_not_the_corpus_is_refused(tmp_path, prepare_root, message):
    root = tmp_path / "isl"
    prepare_root(root)
    with pytest.raises(CorpusError, match=message):
        scan(root)


@pytest.mark.parametrize("media, error, message", [
    ("clips.parquet#9", ClipError, "has 4 recordings, none of number 9"),
    ("clips.parquet", ClipError, "there is no file"),
    ("gone.parquet#0", ClipError, "there is no file 'gone.parquet'"),
    ("../clips.parquet#0", CorpusError, "leaves the corpus root"),
    ("clips.parquet#1", ClipError, "60 numbers are not 4 frames"),
])
def test_a_recording_that_is_not_there_is_named(tmp_path, media, error, message):
    root = write(tmp_path / "isl")
    table = pq.read_table(root / "clips.parquet").to_pydict()
    table["xyz"][1] = table["xyz"][1][:60]
    pq.write_table(pa.table(table), root / "clips.parquet")
    with pytest.raises(error, match=message):
        load(root, media, SETTINGS)
