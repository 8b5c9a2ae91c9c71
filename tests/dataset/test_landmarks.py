import pickle
import subprocess
import sys
from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import CHANNELS, ClipLandmarks, Extent, encode, rounded, without_empty_ends, write_store
from slr.dataset.skeleton import define, skeleton
from slr.errors import CorpusError, ParamsError

JOINTS = skeleton("holistic-75")


def clip(clip_id: str, n_frames: int = 20, seed: int = 0, scale: float = 1) -> ClipLandmarks:
    """Landmarks of a random walk, the left hand missing in the first half."""
    rng = np.random.default_rng([seed, n_frames])
    coordinates = np.cumsum(rng.normal(0, 0.02, (n_frames, len(JOINTS), 4)), 0) + rng.random((1, len(JOINTS), 4))
    coordinates = np.clip(coordinates, -1.9, 1.9).astype(np.float32) * np.float32(scale)
    coordinates[:n_frames // 2, JOINTS.part_slices["left_hand"]] = np.nan
    return ClipLandmarks(clip_id, 15.0, 320, 240, coordinates)


CLIPS = [clip("walk"), clip("longer", 50, seed=1), clip("one frame", 1, seed=2), clip("ŽIVIJO 'you'", 7, seed=3),
         clip("far", 30, seed=4, scale=3), clip("metres", 12, seed=5, scale=400), clip("crushed", 8, scale=1 / 320)]


@pytest.fixture
def store(tmp_path: Path) -> LandmarkStore:
    write_store(tmp_path / "landmarks", CLIPS, JOINTS, metadata={"extractor": {"name": "none"}}, clips_per_shard=4)
    return LandmarkStore(tmp_path / "landmarks")


@pytest.mark.parametrize("wanted", CLIPS, ids=lambda clip: clip.clip_id)
def test_a_clip_is_read_back_within_the_error_allowed(store, wanted):
    found = store[wanted.clip_id]
    assert (found.clip_id, found.fps, found.width, found.height, len(found)) == (
        wanted.clip_id, 15, 320, 240, len(wanted))
    assert found.coordinates.dtype == np.float32
    assert np.array_equal(found.mask, wanted.mask)
    assert np.nanmax(np.abs(found.coordinates - wanted.coordinates)) <= 1e-4
    assert np.array_equal(found.timestamps_s, wanted.timestamps_s)
    assert np.array_equal(found.frame_numbers, wanted.frame_numbers)


@pytest.mark.parametrize("wanted", CLIPS, ids=lambda clip: clip.clip_id)
def test_rounding_alone_gives_what_the_store_gives(store, wanted):
    of_frames = [Extent.of(frame) for frame in wanted.coordinates]  # as a stream's, frame by frame
    extent = reduce(or_, of_frames)
    assert extent == Extent.of(wanted.coordinates)
    assert np.array_equal(rounded(wanted.coordinates[2:5, 9:], extent), store[wanted.clip_id].coordinates[2:5, 9:],
                          equal_nan=True)


def test_times_and_numbers_of_frames_are_kept(tmp_path):
    times, numbers = np.array([0.2, 0.27, 0.4]), np.array([5, 7, 10])
    walk = clip("walk", 3)
    write_store(tmp_path / "s", [ClipLandmarks("walk", 15, 8, 8, walk.coordinates, times, numbers)], JOINTS)
    found = LandmarkStore(tmp_path / "s")["walk"]
    assert np.array_equal(found.timestamps_s, times) and np.array_equal(found.frame_numbers, numbers)


@settings(max_examples=50)
@given(st.floats(1e-3, 1e5), st.integers(0, 2**32 - 1))
def test_the_error_is_small_at_any_scale(scale, seed):
    walk = clip("walk", 4, seed, scale)
    row = encode(walk, JOINTS).to_pylist()[0]
    values = np.frombuffer(row["pose"], row["dtype"]).reshape(4, 33, 4) * np.float32(row["step"])
    assert np.abs(values - walk.coordinates[:, :33]).max() <= 1e-4


@pytest.mark.parametrize("value", [2.0, -2.0, 1.99996, 6.5, 6.6, -6.6, 0.0])
def test_no_value_is_taken_for_missing(tmp_path, value):
    coordinates = np.full((2, len(JOINTS), 4), value, np.float32)
    coordinates[1, 3] = np.nan
    write_store(tmp_path / "s", [ClipLandmarks("c", 15, 8, 8, coordinates)], JOINTS)
    found = LandmarkStore(tmp_path / "s")["c"].coordinates
    assert np.array_equal(np.isnan(found), np.isnan(coordinates))
    assert np.nanmax(np.abs(found - coordinates)) <= 1e-4


@pytest.mark.parametrize("span, dtype", [(1 / 320, "<f4"), (0.06, "<f4"), (0.063, "<i2"), (0.3, "<i2"), (2.5, "<i2")])
def test_rounding_is_relative_to_the_clips_own_span(span, dtype):
    coordinates = (0.5 + np.linspace(0, span, 9)[:, None, None] * np.ones((1, 75, 4))).astype(np.float32)
    row = encode(ClipLandmarks("c", 15, 8, 8, coordinates), JOINTS).to_pylist()[0]
    assert row["dtype"] == dtype
    # A fifth of the person, a hand, is hundreds of steps wide; usual clips keep the one step that they always had.
    assert row["step"] == (1 if dtype == "<f4" else pytest.approx(max(2**-14, (0.5 + span) / 32767)))
    values = np.frombuffer(row["pose"], dtype).reshape(9, 33, 4) * row["step"]
    assert np.abs(values - coordinates[:, :33])[..., :2].max() <= span / 2000


def test_frames_without_any_joint_are_no_sign_at_the_ends_and_stay_within():
    walk = clip("walk", 12)
    for empty in ([0, 1, 11], [5, 6], [], range(12)):
        coordinates = walk.coordinates.copy()
        coordinates[list(empty)] = np.nan
        ends = {0, 1, 11} & set(empty) if len(empty) < 12 else set()
        kept = [frame for frame in range(12) if frame not in ends]
        found = without_empty_ends(ClipLandmarks("c", 15, 8, 8, coordinates))
        assert found.frame_numbers.tolist() == kept and np.allclose(found.timestamps_s, np.array(kept) / 15)
        assert np.array_equal(found.coordinates, coordinates[kept], equal_nan=True)


def test_a_clip_without_any_joint_is_kept(tmp_path):
    nothing = ClipLandmarks("c", 15, 8, 8, np.full((2, len(JOINTS), 4), np.nan, np.float32))
    write_store(tmp_path / "s", [nothing], JOINTS)
    assert not LandmarkStore(tmp_path / "s")["c"].mask.any()


def test_loading_many_is_reading_each(store):
    coordinates, offsets = store.load()
    assert coordinates.dtype == np.float32 and coordinates.shape == (sum(map(len, CLIPS)), 75, 4)
    for i, clip_id in enumerate(store.clip_ids):
        assert np.array_equal(coordinates[offsets[i]:offsets[i + 1]], store[clip_id].coordinates, equal_nan=True)


def test_loading_some_clips_and_parts_keeps_their_order(store):
    wanted = ["far", "walk", "longer", "walk"]
    coordinates, offsets = store.load(wanted, parts=["right_hand", "pose"])
    assert coordinates.shape[1:] == (54, 4)
    for i, clip_id in enumerate(wanted):
        whole = store[clip_id].coordinates
        expected = np.concatenate([whole[:, 54:], whole[:, :33]], axis=1)
        assert np.array_equal(coordinates[offsets[i]:offsets[i + 1]], expected, equal_nan=True)
    assert store.load([])[0].shape == (0, 75, 4)


def test_what_the_store_says_of_itself(store):
    assert store.clip_ids == [clip.clip_id for clip in CLIPS] and len(store) == len(CLIPS)
    assert store.n_frames["longer"] == 50 and "walk" in store and "run" not in store
    assert store.skeleton is JOINTS
    assert store.metadata == {"skeleton": "holistic-75", "channels": list(CHANNELS), "extractor": {"name": "none"}}
    assert [clip.clip_id for clip in store] == store.clip_ids
    assert len(list(store._shards.folder.iterdir())) == 2


def test_a_store_travels_to_other_processes(store):
    again = pickle.loads(pickle.dumps(store))
    assert np.array_equal(again["walk"].coordinates, store["walk"].coordinates, equal_nan=True)


def test_the_same_clips_give_the_same_bytes_and_replace_what_was_there(store, tmp_path):
    write_store(tmp_path / "again", CLIPS[:2], JOINTS)
    write_store(tmp_path / "again", CLIPS, JOINTS, metadata={"extractor": {"name": "none"}}, clips_per_shard=4)
    for path in (tmp_path / "landmarks").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_other_channels_are_possible(tmp_path):
    hands = skeleton("hands-42")
    coordinates = np.random.default_rng(0).random((9, 42, 2), np.float32)
    write_store(tmp_path / "s", [ClipLandmarks("c", 30, 1, 1, coordinates)], hands, channels=("x", "y"))
    store = LandmarkStore(tmp_path / "s")
    assert np.abs(store["c"].coordinates - coordinates).max() <= 1e-4
    assert store.load()[0].shape == (9, 42, 2)


def test_mistakes_are_named(store, tmp_path):
    with pytest.raises(CorpusError, match="no clip 'run'"):
        store["run"]
    with pytest.raises(CorpusError, match="no clip 'run'"):
        store.load(["walk", "run"])
    with pytest.raises(CorpusError, match="no clips in"):
        LandmarkStore(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="not \\(T, 42, C\\)"):
        write_store(tmp_path / "s", CLIPS, skeleton("hands-42"))
    with pytest.raises(ValueError, match="'walk' occurs twice"):
        write_store(tmp_path / "s", [clip("walk"), clip("walk")], JOINTS)
    assert not (tmp_path / "s").exists()


def test_reading_needs_no_mediapipe_opencv_or_torch(store):
    code = ("import sys; from slr.dataset.landmark_store import LandmarkStore; "
            f"LandmarkStore({str(store._shards.folder)!r})"
            "['walk']; sys.exit(bool({'mediapipe', 'cv2', 'torch', 'av'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


OWN = {"name": "own-3", "space": "metric", "parts": {"body": ["nose", "left_wrist", "right_wrist"]}, "bones": []}


def test_a_skeleton_of_ones_own_travels_with_the_store(tmp_path):
    one = ClipLandmarks("c", 30, 1, 1, np.ones((2, 3, 3), np.float32))
    write_store(tmp_path / "landmarks", [one], define(OWN), channels=CHANNELS[:3])
    code = ("import sys; from slr.dataset.landmark_store import LandmarkStore; "
            "from slr.dataset.skeleton import skeleton; "
            "store = LandmarkStore(sys.argv[1]); own = skeleton('own-3'); "
            "print(own is store.skeleton, own.definition(), store['c'].mask.sum())")
    told = subprocess.run([sys.executable, "-c", code, str(tmp_path / "landmarks")], capture_output=True, text=True,
                          check=True).stdout
    assert told == f"True {define(OWN).definition()} 6\n"


def test_a_part_named_like_a_column_is_refused():
    joints = define({"name": "bad-part", "parts": {"fps": ["nose"]}, "bones": []})
    with pytest.raises(ParamsError, match="a part can't be called 'fps'"):
        encode(ClipLandmarks("c", 30, 1, 1, np.ones((2, 1, 3), np.float32)), joints)
