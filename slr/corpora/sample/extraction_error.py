"""Error of extracted landmarks against the synthetic signer's ground truth."""

from pathlib import Path

import numpy as np

from slr.corpora.sample.kinematics import JOINTS
from slr.corpora.sample.truth import ClipTruth, read_truth
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import Skeleton
from slr.errors import CorpusError

_PARTS = {
    "pose": tuple(joint for joint in JOINTS if "_hand_" not in joint),
    "left_hand": tuple(joint for joint in JOINTS if joint.startswith("left_hand_")),
    "right_hand": tuple(joint for joint in JOINTS if joint.startswith("right_hand_")),
}


def extraction_error(root: str | Path, landmarks: str | Path) -> dict[str, float]:
    """Landmark error against ground truth, and detection rates.

    Parameters
    ----------
    root : path
        The corpus, with its `truth/`.
    landmarks : path
        A landmark store with the joints of MediaPipe's pose and hands.

    Returns
    -------
    dict of str to float
        `error_<part>`: mean distance in the image over detected joints, in shoulder widths (the true ones, in the
        image); `detected_<part>`: share of frames where the part was found; for pose, left_hand, right_hand, and
        `detected_face` if the landmarks have a face; `clips`, `frames`.

    Raises
    ------
    CorpusError
        If there is no ground truth, no clip in common, or a clip has landmarks of frames that don't exist.
    """
    truths: dict[str, ClipTruth] = {}
    for path in sorted(Path(root).glob("truth/*.parquet")):
        truths |= read_truth(path)
    if not truths:
        raise CorpusError(f"there are no true joints in {root}/truth; render the built-in corpus first")
    store = LandmarkStore(landmarks)
    common = [clip_id for clip_id in store.clip_ids if clip_id in truths]
    if not common:
        raise CorpusError(f"no clip of {landmarks} is in {root}; extract the landmarks of the built-in corpus")
    distances: dict[str, list[np.ndarray]] = {part: [] for part in _PARTS}
    detected: dict[str, list[np.ndarray]] = {part: [] for part in store.skeleton.parts}
    for clip_id in common:
        clip = store[clip_id]
        for part, joints in store.skeleton.part_slices.items():
            detected[part].append(clip.mask[:, joints].any(1))
        for part, values in distances.items():
            values.append(_distances(clip, store.skeleton, truths[clip_id], part))
    found = {part: np.concatenate(values) for part, values in detected.items()}
    result = {f"error_{part}": float(np.nanmean(np.concatenate(values))) for part, values in distances.items()
              if found[part].any()}
    result |= {f"detected_{part}": float(frames.mean()) for part, frames in found.items()}
    return result | {"clips": len(common), "frames": len(found["pose"])}


def _distances(clip: ClipLandmarks, joints: Skeleton, truth: ClipTruth, part: str) -> np.ndarray:
    """(T, joints of the part) distances in shoulder widths; NaN if not detected."""
    if clip.frame_numbers[-1] >= len(truth.joints):
        raise CorpusError(f"clip '{clip.clip_id}' has landmarks of frame {clip.frame_numbers[-1]} and true joints of "
                          f"{len(truth.joints)} frames; extract the landmarks of this very corpus")
    points = truth.points[clip.frame_numbers]
    shoulders = points[:, [JOINTS.index("left_shoulder"), JOINTS.index("right_shoulder")]]
    width = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1)
    extracted = clip.coordinates[:, [joints.index(joint) for joint in _PARTS[part]], :2]
    true = points[:, [JOINTS.index(joint) for joint in _PARTS[part]]]
    return np.linalg.norm(extracted - true, axis=-1) / width[:, None]
