from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from slr.corpora.imported.asl_signs import joints, load, scan
from slr.corpora.scanning import prepare
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, CorpusError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams

PARTS = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}
"""As in the released files: 543 rows a frame in this order."""
SETTINGS = ImportedParams(fps=30)


def write(path: Path, frames: list[int], seed: int = 0) -> np.ndarray:
    """Write a clip, and return its (T, 543, 3) landmarks in the files' order; the left hand is missing."""
    values = np.random.default_rng(seed).uniform(0, 1, (len(frames), 543, 3))
    values[:, 468:489] = np.nan
    kinds = [(part, number) for part, size in PARTS.items() for number in range(size)]
    table = pd.DataFrame({
        "frame": np.repeat(np.array(frames, np.int16), 543),
        "row_id": [f"{frame}-{part}-{number}" for frame in frames for part, number in kinds],
        "type": [part for part, _ in kinds] * len(frames),
        "landmark_index": np.array([number for _, number in kinds] * len(frames), np.int16),
        **{axis: values[..., i].ravel() for i, axis in enumerate("xyz")}})
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path)
    return values


def test_from_the_files_to_the_store(tmp_path):
    root = tmp_path / "asl-signs"
    values = write(root / "train_landmark_files/26734/1000035562.parquet", [20, 21, 23])
    write(root / "train_landmark_files/28656/1000106739.parquet", [0, 1], seed=1)
    (root / "train.csv").write_text(
        "path,participant_id,sequence_id,sign\n"
        "train_landmark_files/26734/1000035562.parquet,26734,1000035562,blow\n"
        "train_landmark_files/28656/1000106739.parquet,28656,1000106739,wait\n"
        "train_landmark_files/16069/100015657.parquet,16069,100015657,cloud\n")
    clips, problems = scan(root)
    assert clips.clip_id.tolist() == ["26734/1000035562", "28656/1000106739"]
    assert clips.glosses.str[0].tolist() == ["blow", "wait"] and clips.signer.tolist() == ["26734", "28656"]
    assert [(problem.kind, problem.items) for problem in problems] == [("missing-file", ("16069/100015657",))]
    params = CorpusParams(name="asl_signs", root=str(root), imported=SETTINGS, on_error="skip", max_failures=0.5)
    prepare(params, tmp_path / "manifest.parquet")
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    clip = store["26734/1000035562"]
    assert store.skeleton.name == "holistic-75" and store.metadata["channels"] == ["x", "y", "z"]
    assert clip.coordinates.shape == (4, 75, 3) and clip.fps == 30
    assert np.abs(clip.coordinates[[0, 1, 3], :33] - values[:, 489:522]).max() < 1e-3
    assert np.abs(clip.coordinates[[0, 1, 3], 54:] - values[:, 522:]).max() < 1e-3
    assert np.isnan(clip.coordinates[2]).all() and np.isnan(clip.coordinates[:, 33:54]).all()


def test_the_face_is_read_on_request(tmp_path):
    values = write(tmp_path / "a.parquet", [0, 1])
    settings = ImportedParams(skeleton="holistic-543")
    face = load(tmp_path, "a.parquet", settings).coordinates[:, joints(tmp_path, settings).part_slices["face"]]
    assert np.array_equal(face, values[:, :468].astype(np.float32))
    assert skeleton("holistic-553").selector(skeleton("holistic-543")).sum() == 543


@pytest.mark.parametrize("change, message", [
    ({"type": "tail"}, "other landmarks than the 543"), ({"landmark_index": 500}, "other landmarks"),
])
def test_other_files_are_refused(tmp_path, change, message):
    write(tmp_path / "a.parquet", [0])
    table = pd.read_parquet(tmp_path / "a.parquet")
    table.assign(**change).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ClipError, match=message):
        load(tmp_path, "a.parquet", SETTINGS)
    table.drop(columns="z").to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ClipError, match="can't be read"):
        load(tmp_path, "a.parquet", SETTINGS)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ClipError, match="can't be read"):
        load(tmp_path, "a.parquet", SETTINGS)
    with pytest.raises(CorpusError, match="has no train.csv"):
        scan(tmp_path)
