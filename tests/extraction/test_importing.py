"""Importing: clips cut out of recordings, and what becomes of those that can't be used."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from slr.corpora.imported import arrays
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, CorpusError, SlrError
from slr.extraction.importing import check_landmarks, import_landmarks
from slr.params import CorpusParams, ImportedParams

JOINTS = skeleton("hands-42")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two recordings of 20 frames: in `a`, every coordinate of frame t is t / 100."""
    folder = tmp_path / "root"
    folder.mkdir()
    time = np.arange(20)[:, None, None] / 100
    np.save(folder / "a.npy", np.broadcast_to(time, (20, 42, 2)))
    np.save(folder / "b.npy", np.full((20, 42, 2), 0.5))
    return folder


def run(root: Path, ranges: list[tuple[str, int | None, int | None]], **settings) -> LandmarkStore:
    """Import the clips `media, start, end`, named by their place in the list."""
    rows = pd.DataFrame([{"clip_id": f"c{i}", "media": media, "start_frame": start, "end_frame": end, "glosses": ["G"],
                          "segments": []} for i, (media, start, end) in enumerate(ranges)])
    write_manifest(root.parent / "manifest.parquet", rows.reindex(columns=SCHEMA.names))
    imported = ImportedParams(skeleton="hands-42", fps=10)
    params = CorpusParams(name="arrays", root=str(root), imported=imported, **settings)
    import_landmarks(root.parent / "manifest.parquet", root.parent / "landmarks", params, clips_per_shard=2)
    return LandmarkStore(root.parent / "landmarks")


def test_clips_keep_their_times_and_numbers_in_the_recording(root):
    store = run(root, [("a.npy", None, None), ("a.npy", 5, 9), ("a.npy", 15, None), ("b.npy", None, 3)])
    assert list(store.n_frames.values()) == [20, 4, 5, 3]
    part = store["c1"]
    assert part.frame_numbers.tolist() == [5, 6, 7, 8] and part.timestamps_s.tolist() == [0.5, 0.6, 0.7, 0.8]
    assert np.allclose(part.coordinates[:, 0, 0], [0.05, 0.06, 0.07, 0.08], atol=1e-4)
    assert store["c2"].fps == 10 and np.allclose(store["c3"].coordinates, 0.5, atol=1e-4)


def test_clips_of_one_recording_read_it_once(root, monkeypatch):
    loaded, load = [], arrays.load
    monkeypatch.setattr(arrays, "load", lambda *given: loaded.append(given[1]) or load(*given))
    run(root, [("a.npy", i, i + 4) for i in range(5)] + [("b.npy", None, None)])
    assert loaded == ["a.npy", "b.npy"]


def test_frames_without_joints_at_a_signs_ends_are_left_out_and_counted(root, capsys):
    values = np.full((20, 42, 2), np.nan)
    values[3:9] = np.linspace(0.2, 0.8, 6)[:, None, None]
    values[5] = np.nan
    np.save(root / "c.npy", values)
    store = run(root, [("a.npy", None, None), ("c.npy", None, None), ("c.npy", 0, 12)])
    assert store.n_frames == {"c0": 20, "c1": 6, "c2": 12}  # what an annotation cuts out stays as it is
    sign = store["c1"]
    assert sign.frame_numbers.tolist() == list(range(3, 9)) and sign.timestamps_s[0] == 0.3
    assert sign.mask.any(1).tolist() == [True, True, False, True, True, True]
    told = capsys.readouterr().err
    assert "1 of 3 clips begin or end with frames in which no joint was found" in told and "these 14 frames" in told


def test_the_same_corpus_gives_the_same_bytes(root):
    def content() -> list[bytes]:
        return [path.read_bytes() for path in sorted((root.parent / "landmarks").iterdir())]

    ranges = [("a.npy", None, None), ("b.npy", None, None), ("a.npy", 3, 8)]
    run(root, ranges)
    first = content()
    run(root, ranges)
    assert content() == first and len(first) == 3  # two shards and the failures


def test_every_clip_that_fails_is_named_and_a_whole_corpus_that_does_leaves_no_store(root):
    (root / "c.npy").write_text("no array")
    ranges = [("a.npy", None, None), ("a.npy", 30, 40), ("c.npy", 0, 2), ("c.npy", 2, 4), ("../d.npy", None, None)]
    with pytest.raises(SlrError) as caught:
        run(root, ranges)
    told = str(caught.value)
    assert "4 of 5 clips can't be used" in told and "clip 'c1': it has no frames" in told
    assert told.count("c.npy can't be read as arrays") == 2 and "'../d.npy' leaves the corpus root" in told
    assert run(root, ranges, on_error="skip", max_failures=0.8).clip_ids == ["c0"]
    with pytest.raises(SlrError, match="2 of 2"):
        run(root, ranges[2:4], on_error="skip", max_failures=1)
    assert [path.name for path in (root.parent / "landmarks").iterdir()] == ["failures.csv"]


@pytest.mark.parametrize("coordinates, channels, message", [
    (np.zeros((3, 41, 2)), None, r"\(3, 41, 2\) is not \(frames, 42 joints of 'hands-42'"),
    (np.zeros((0, 42, 2)), None, "it has no frames"),
    (np.zeros((3, 42, 3)), 2, r"3 channels, where 2 are expected \(x, y\)"),
    (np.zeros((3, 42, 5)), None, "5 channels, where 2 to 4 are expected"),
    (np.full((3, 42, 2), np.inf), None, "infinite coordinates"),
    (np.full((3, 42, 2), np.nan), None, "no joint was found in any of its 3 frames"),
])
def test_landmarks_that_no_store_should_hold(coordinates, channels, message):
    with pytest.raises(ClipError, match=message):
        check_landmarks(ClipLandmarks("c", 25, 1, 1, coordinates), JOINTS, channels)


def test_a_corpus_of_video_is_not_imported(tmp_path):
    with pytest.raises(CorpusError, match="corpus 'folder' doesn't come as landmarks; those that do: isl_kinect"):
        import_landmarks(tmp_path / "manifest.parquet", tmp_path / "out", CorpusParams(name="folder"))
