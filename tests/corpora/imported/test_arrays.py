import json
from pathlib import Path

import numpy as np
import pytest

from slr.corpora.imported.arrays import joints, load, scan
from slr.corpora.scanning import prepare
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.errors import ClipError, CorpusError, ParamsError, SlrError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams

MINE = {"name": "mine-3", "parts": {"body": ["nose", "left_wrist", "right_wrist"]}, "bones": [["nose", "left_wrist"]]}


def values(n_frames: int = 6, channels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 0.9, (n_frames, 3, channels)).astype(np.float32)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four clips of two signs, a skeleton of its own."""
    folder = tmp_path / "corpus"
    (folder / "takes").mkdir(parents=True)
    (folder / "mine.json").write_text(json.dumps(MINE))
    lines = ["path,gloss,signer"]
    for i in range(4):
        name = f"takes/{i}{'.npy' if i % 2 else '.npz'}"
        (np.save if i % 2 else np.savez)(folder / name, values(6 + i, seed=i))
        lines.append(f"{name},{'AB'[i // 2]},s{i}")
    (folder / "clips.csv").write_text("\n".join(lines))
    return folder


def settings(**changes) -> ImportedParams:
    return ImportedParams(skeleton="mine.json", fps=20, **changes)


def test_the_csv_names_clips_and_the_file_the_joints(root):
    clips, problems = scan(root)
    assert problems == [] and clips.clip_id.tolist() == ["takes/0", "takes/1", "takes/2", "takes/3"]
    assert clips.glosses.str[0].tolist() == ["A", "A", "B", "B"] and clips.signer.tolist() == ["s0", "s1", "s2", "s3"]
    assert joints(root, settings()).joints == ("nose", "left_wrist", "right_wrist")
    clip = load(root, "takes/1.npy", settings())
    assert np.array_equal(clip.coordinates, values(7, seed=1)) and (clip.fps, clip.width, clip.height) == (20, 1, 1)


def test_a_store_of_it_is_read_without_the_skeletons_file(root, tmp_path):
    params = CorpusParams(name="arrays", root=str(root), imported=settings())
    prepare(params, tmp_path / "manifest.parquet")
    assert len(read_manifest(tmp_path / "manifest.parquet")) == 4
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    (root / "mine.json").unlink()
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.metadata["skeleton_definition"]["parts"] == MINE["parts"] and store.metadata["channels"] == ["x", "y"]
    assert np.abs(store["takes/3"].coordinates - values(9, seed=3)).max() < 1e-4
    assert store.metadata["extractor"] == {"name": "imported", "format": "arrays"}


@pytest.mark.parametrize("missing, mark", [(None, np.nan), (0, 0), (-1, -1)])
def test_a_stated_value_is_missing(root, missing, mark):
    marked = values(5, 3)
    marked[2, 1, :2] = mark
    marked[3, 2, 2] = np.nan  # a depth alone that isn't known
    np.save(root / "x.npy", marked)
    clip = load(root, "x.npy", settings(missing=missing))
    assert clip.mask.sum() == 14 and not clip.mask[2, 1] and np.isnan(clip.coordinates[2, 1]).all()
    assert clip.coordinates[3, 2, 2] == 0


def test_pixels_become_fractions_of_the_frame_and_y_points_down(root):
    fractions = values(5, 3)
    pixels = fractions * np.float32((640, 480, 640))
    pixels[..., 1] = 480 - pixels[..., 1]
    np.save(root / "x.npy", pixels)
    clip = load(root, "x.npy", settings(units="pixel", size=(640, 480), y_axis="up"))
    assert np.allclose(clip.coordinates, fractions, atol=1e-6) and (clip.width, clip.height) == (640, 480)
    with pytest.raises(ClipError, match="set corpus.imported.size"):
        load(root, "x.npy", settings(units="pixel"))


@pytest.mark.parametrize("array, message", [
    (np.zeros((5, 4, 2)), r"x.npy is \(5, 4, 2\), not \(frames, 3 joints"),
    (np.zeros((5, 7)), r"is \(5, 7\), not"),
    (np.zeros((5, 2, 3, 2)), "nor either with an axis of one person"),
    (np.zeros((5, 3, 7)), "2 to 4 channels"),
    (np.array([["a"] * 3] * 2), "holds <U1, not numbers"),
    (np.array([[1], [2, 3]], dtype=object), "without pickled objects"),
])
def test_arrays_that_are_no_clip_are_refused(root, array, message):
    np.save(root / "x.npy", array, allow_pickle=True)
    with pytest.raises(ClipError, match=message):
        load(root, "x.npy", settings())


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 cut off", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_array_is_refused(root, content):
    (root / "x.npz").write_bytes(content)
    with pytest.raises(ClipError, match="x.npz can't be read as arrays"):
        load(root, "x.npz", settings())


def test_an_npz_with_several_arrays_has_to_say_which(root):
    np.savez(root / "x.npz", a=values(), b=values())
    with pytest.raises(ClipError, match="holds the arrays a, b; keep one, or call the one with the landmarks"):
        load(root, "x.npz", settings())
    np.savez(root / "x.npz", a=values(), landmarks=values(seed=9))
    assert np.array_equal(load(root, "x.npz", settings()).coordinates, values(seed=9))


def test_what_is_wrong_with_the_list_is_told_at_once(root):
    (root / "notes.txt").write_text("x")
    (root / "clips.csv").write_text("path,gloss\ntakes/0.npz,A\nnotes.txt,A\ngone.npy,A\n../x.npy,A\ntakes/1.npy,\n")
    clips, problems = scan(root)
    assert clips.clip_id.tolist() == ["takes/0"]
    assert sorted(p.kind for p in problems) == ["gloss-missing", "layout", "missing-file", "outside-root"]


def test_parts_of_files_are_not_supported_and_it_says_so(root):
    (root / "clips.csv").write_text("path,gloss,start_s,end_s\ntakes/1.npy,A,0,1\n")
    _, [problem] = scan(root)
    assert "cut the file" in problem.way_out


@pytest.mark.parametrize("given, error, message", [
    (None, ParamsError, "set corpus.imported.skeleton"),
    ("holistic-99", ParamsError, "not known"),
    ("../mine.json", CorpusError, "leaves the corpus root"),
    ("gone.yaml", ParamsError, "gone.yaml can't be read"),
])
def test_joints_that_nobody_named(root, given, error, message):
    with pytest.raises(error, match=message):
        joints(root, ImportedParams(skeleton=given))


def test_a_corpus_without_its_list_is_refused(root):
    (root / "second.csv").write_text("path,gloss\n")
    with pytest.raises(CorpusError, match="holds 2 CSV files; set corpus.annotations"):
        scan(root)


def test_clips_that_fail_are_listed_with_the_reason(root, tmp_path):
    np.save(root / "takes/1.npy", np.full((4, 3, 2), np.nan))
    np.save(root / "takes/3.npy", values(5, 3))
    params = CorpusParams(name="arrays", root=str(root), imported=settings())
    prepare(params, tmp_path / "manifest.parquet")
    with pytest.raises(SlrError, match="2 of 4 clips can't be used") as caught:
        import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    assert "clip 'takes/1': no joint was found in any of its 4 frames" in str(caught.value)
    assert "clip 'takes/3': 3 channels, where 2 are expected (x, y)" in str(caught.value)
    assert [path.name for path in (tmp_path / "landmarks").iterdir()] == ["failures.csv"]
    skip = params.model_copy(update={"on_error": "skip", "max_failures": 0.5})
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", skip)
    assert LandmarkStore(tmp_path / "landmarks").clip_ids == ["takes/0", "takes/2"]
    assert (tmp_path / "landmarks/failures.csv").read_text().count("\n") == 3
