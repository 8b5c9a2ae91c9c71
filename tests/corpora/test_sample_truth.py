from pathlib import Path

import numpy as np
import pytest

from slr.corpora.sample.camera import Camera
from slr.corpora.sample.extraction_error import extraction_error
from slr.corpora.sample.kinematics import JOINTS
from slr.corpora.sample.truth import ClipTruth, read_truth, write_truth
from slr.dataset.landmarks import ClipLandmarks, write_store
from slr.dataset.skeleton import skeleton
from slr.errors import CorpusError

HOLISTIC = skeleton("holistic-75")
CAMERA = Camera(320, 300, (160, 130))


def truth_of(clip_id: str, frames: int = 10) -> ClipTruth:
    joints = np.random.default_rng(1).uniform(-0.3, 0.3, (frames, len(JOINTS), 3)).astype(np.float32)
    joints[:, JOINTS.index("left_shoulder")] = (0.2, 0, 0)
    joints[:, JOINTS.index("right_shoulder")] = (-0.2, 0, 0)
    return ClipTruth(clip_id, 15.0, joints, CAMERA)


def landmarks_of(truth: ClipTruth) -> ClipLandmarks:
    """What a perfect extractor would find; joints without a true place lie at 0."""
    coordinates = np.zeros((len(truth.joints), len(HOLISTIC), 4), np.float32)
    for joint, points in zip(JOINTS, truth.points.transpose(1, 0, 2), strict=True):
        coordinates[:, HOLISTIC.index(joint), :2] = points
    return ClipLandmarks(truth.clip_id, truth.fps, 320, 320, coordinates)


def corpus(tmp_path: Path, landmarks: ClipLandmarks, truth: ClipTruth) -> tuple[Path, Path]:
    write_truth(tmp_path / "truth/isolated.parquet", [truth])
    write_store(tmp_path / "landmarks", [landmarks], HOLISTIC, metadata={})
    return tmp_path, tmp_path / "landmarks"


def test_truth_is_read_as_it_was_written(tmp_path: Path):
    truth = truth_of("a")
    write_truth(tmp_path / "isolated.parquet", [truth, truth_of("b", 3)])
    again = read_truth(tmp_path / "isolated.parquet")
    assert list(again) == ["a", "b"]
    np.testing.assert_array_equal(again["a"].joints, truth.joints)
    assert again["a"].camera == CAMERA


def test_perfect_landmarks_have_no_error(tmp_path: Path):
    truth = truth_of("a")
    result = extraction_error(*corpus(tmp_path, landmarks_of(truth), truth))
    assert result["clips"] == 1 and result["frames"] == 10
    for part in ("pose", "left_hand", "right_hand"):
        assert result[f"error_{part}"] < 2e-4
        assert result[f"detected_{part}"] == 1


def test_a_shift_is_measured_in_shoulder_widths_and_misses_are_counted_apart(tmp_path: Path):
    truth = truth_of("a")
    landmarks = landmarks_of(truth)
    hand = HOLISTIC.part_slices["left_hand"]
    width = 0.4 * 300 / 320
    landmarks.coordinates[:, hand, 0] += 0.25 * width
    landmarks.coordinates[:4, hand] = np.nan
    result = extraction_error(*corpus(tmp_path, landmarks, truth))
    assert result["error_left_hand"] == pytest.approx(0.25, abs=1e-3)
    assert result["detected_left_hand"] == 0.6
    assert result["error_right_hand"] < 2e-4


def test_landmarks_of_fewer_frames_are_compared_with_their_own_frames(tmp_path: Path):
    truth = truth_of("a")
    every = landmarks_of(truth)
    numbers = np.array([1, 4, 7], np.int32)
    some = ClipLandmarks("a", 5.0, 320, 320, every.coordinates[numbers], frame_numbers=numbers)
    assert extraction_error(*corpus(tmp_path, some, truth))["error_right_hand"] < 2e-4


def test_what_does_not_belong_together_is_refused(tmp_path: Path):
    with pytest.raises(CorpusError, match="no true joints"):
        extraction_error(tmp_path, tmp_path)
    root, store = corpus(tmp_path, landmarks_of(truth_of("b")), truth_of("a"))
    with pytest.raises(CorpusError, match="no clip of"):
        extraction_error(root, store)
    root, store = corpus(tmp_path, landmarks_of(truth_of("a", 12)), truth_of("a", 10))
    with pytest.raises(CorpusError, match="frame 11"):
        extraction_error(root, store)


def test_mediapipe_finds_the_drawn_signer_where_it_is(tiny_corpus: Path, tiny_landmarks: Path):
    result = extraction_error(tiny_corpus, tiny_landmarks)
    assert result["detected_pose"] >= 0.99
    assert result["detected_left_hand"] >= 0.97 and result["detected_right_hand"] >= 0.97
    assert result["error_left_hand"] < 0.03 and result["error_right_hand"] < 0.03
    assert result["error_pose"] < 0.08
