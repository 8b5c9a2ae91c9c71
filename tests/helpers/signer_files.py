"""A made-up signer, whose landmarks are known, in files of each format; by the formats' own documentation."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from slr.corpora.imported.spoter_csv import silt_columns
from slr.dataset.skeleton import HAND, skeleton
from tests.helpers.landmark_files import SPOTER, spoter_cells, write_table

JOINTS = skeleton("holistic-75").joints
HANDS = slice(33, 75)
SIZE = (640, 480)
People = dict[str, np.ndarray]
"""By clip: x and y in fractions of the frame and z in widths (T, 75, 3) float32, NaN where missing."""
_BODY = {  # of the left side, which is on the right of the picture; the right side is its mirror image
    "eye_inner": (0.51, 0.21), "eye": (0.52, 0.2), "eye_outer": (0.53, 0.21), "ear": (0.55, 0.23),
    "shoulder": (0.6, 0.42), "elbow": (0.65, 0.62), "wrist": (0.6, 0.6), "pinky": (0.6, 0.57), "index": (0.58, 0.57),
    "thumb": (0.58, 0.59), "hip": (0.57, 0.85), "knee": (0.57, 1.2), "ankle": (0.57, 1.5), "heel": (0.56, 1.55),
    "foot_index": (0.58, 1.58)}


def signer(seed: int = 0, n_frames: int = 14) -> np.ndarray:
    """(T, 75, 3): the right hand draws a circle, the left one trembles, and is missing in the first frames."""
    rng = np.random.default_rng(seed)
    values = np.zeros((n_frames, 75, 3))
    turn = 2 * np.pi * np.arange(n_frames) / n_frames + seed
    circle = np.stack([np.cos(turn), np.sin(turn)], 1) * 0.06
    at = {"nose": (0.5, 0.25), "mouth_left": (0.52, 0.29), "mouth_right": (0.48, 0.29)}
    at |= {f"{side}_{name}": (x if side == "left" else 1 - x, y) for name, (x, y) in _BODY.items()
           for side in ("left", "right")}
    at |= {f"{side}_hand_{joint}": (at[f"{side}_wrist"][0] + 0.008 * (i % 4) - 0.004 * (i // 4),
                                    at[f"{side}_wrist"][1] - 0.01 * (i % 4)) for side in ("left", "right")
           for i, joint in enumerate(HAND)}
    moving = [joint.startswith("right_") and joint.split("_")[1] in ("wrist", "pinky", "index", "thumb", "hand")
              for joint in JOINTS]
    values[..., :2] = [at[joint] for joint in JOINTS]
    values[:, moving, :2] += circle[:, None]
    values += rng.normal(0, 0.002, values.shape)
    values[:n_frames // 3, 33:54] = np.nan
    return values.astype(np.float32)


def padded(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """With frames in which nothing is found."""
    return np.pad(values, ((before, after), (0, 0), (0, 0)), constant_values=np.nan)


def listed(write: Callable[[Path, np.ndarray], str], root: Path, people: People) -> None:
    """A file or folder for each clip, of its name and the suffix that `write` returns, and the CSV that lists them."""
    lines = [f"{name}{write(root / name, values)},{name.upper()},s1" for name, values in people.items()]
    (root / "clips.csv").write_text("\n".join(["path,gloss,signer", *lines]))


def pose(path: Path, values: np.ndarray, *, size: tuple[int, int] = SIZE, fps: float = 25, others: tuple = (),
         units: str = "pixel", factor: float = 1, zeros: bool = False) -> str:
    """A `.pose` file; `others` come before the signer; `zeros`: missing joints are at 0, with a confidence of 1."""
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderDimensions
    from pose_format.utils.holistic import holistic_components

    components = [part for part in holistic_components() if part.name.split("_")[0] in ("POSE", "LEFT", "RIGHT")
                  and "WORLD" not in part.name]
    data = np.stack([*others, values], 1)  # (T, people, J, 3)
    confidence = np.ones(data.shape[:3]) if zeros else (~np.isnan(data[..., 0])).astype(float)
    data = np.nan_to_num(data)
    if units != "fraction":
        data[..., :2] *= SIZE
    body = Pose(PoseHeader(0.2, PoseHeaderDimensions(*size), components),
                NumPyPoseBody(fps, np.ma.array(data, mask=np.repeat((confidence == 0)[..., None], 3, -1)), confidence))
    if units == "normalised":
        side = "POSE_LANDMARKS"
        body.normalize(body.header.normalization_info((side, "RIGHT_SHOULDER"), (side, "LEFT_SHOULDER")), factor)
    with open(path.with_suffix(".pose"), "wb") as file:
        body.write(file)
    return ".pose"


def normalised(values: np.ndarray) -> np.ndarray:
    """As pose-format's `normalize` says: around the shoulders' mean middle, by their mean distance in space."""
    pixels = values.astype(float) * (*SIZE, 1)
    left, right = pixels[:, JOINTS.index("left_shoulder")], pixels[:, JOINTS.index("right_shoulder")]
    return (pixels - ((left + right) / 2).mean(0)) / np.linalg.norm(left - right, axis=-1).mean()


FEET = [f"{side}_{name}" for side in ("left", "right") for name in ("big_toe", "small_toe", "heel")]
OPENPOSE = ["nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
            "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye",
            "left_eye", "right_ear", "left_ear", *FEET]
COCO = ["nose", *(f"{side}_{name}" for name in ["eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"]
                  for side in ("left", "right"))]


def _keypoints(frame: np.ndarray, names: list[str], scale: tuple[int, int], confidence: float) -> np.ndarray:
    """(N, 3) x, y, confidence of these joints, 0 where missing or unknown."""
    found = np.zeros((len(names), 3))
    for i, name in enumerate(names):
        if name in JOINTS and not np.isnan(frame[JOINTS.index(name), 0]):
            found[i] = [*(frame[JOINTS.index(name), :2] * scale), confidence]
    return found


def _hand_names(side: str) -> list[str]:
    return [f"{side}_hand_{joint}" for joint in HAND]


def openpose(path: Path, values: np.ndarray, *, scale: tuple[int, int] = SIZE, others: tuple = ()) -> str:
    """A folder of OpenPose's; `others` stand before the signer, with less confidence."""
    path.mkdir()
    for number in range(len(values)):
        people = []
        for who in (*others, values):
            frame, sure = who[number], 0.9 if who is values else 0.3
            if np.isnan(frame).all():
                continue
            body = _keypoints(frame, OPENPOSE, scale, sure)
            left, right = (_keypoints(frame, _hand_names(side), scale, sure) for side in ("left", "right"))
            people.append({"pose_keypoints_2d": body.ravel().tolist(), "face_keypoints_2d": [],
                           "hand_left_keypoints_2d": left.ravel().tolist(),
                           "hand_right_keypoints_2d": right.ravel().tolist()})
        (path / f"{path.name}_{number:012d}_keypoints.json").write_text(json.dumps({"people": people}))
    return ""


def coco(path: Path, values: np.ndarray, *, form: str = "mmpose", n_joints: int = 133) -> str:
    """A JSON file of COCO-WholeBody's, as MMPose or as COCO's results."""
    names = COCO + FEET + [""] * 68 + _hand_names("left") + _hand_names("right")
    frames: list[dict[str, Any]] = []
    for number, frame in enumerate(values):
        found = _keypoints(frame, names, SIZE, 0.9)[:n_joints]
        frames.append({"frame_id": number, "instances": [
            {"keypoints": found[:, :2].tolist(), "keypoint_scores": found[:, 2].tolist()}]} if form == "mmpose" else
            {"image_id": f"{number}.jpg", "keypoints": found.ravel().tolist()})
    path.with_suffix(".json").write_text(json.dumps(frames))
    return ".json"


def npy(path: Path, values: np.ndarray, *, change: Callable[[np.ndarray], np.ndarray] = lambda values: values) -> str:
    """An array of what `change` makes of (T, 75, 3)."""
    np.save(path.with_suffix(".npy"), change(values.copy()))
    return ".npy"


def npz(path: Path, values: np.ndarray, *, parts: str = "pose left_hand right_hand", flat: bool = False) -> str:
    """An array for each part."""
    pieces = dict(zip(("pose", "left_hand", "right_hand"), np.split(values, [33, 54], axis=1), strict=True))
    np.savez(path.with_suffix(".npz"), **{part: pieces[part].reshape(len(values), -1) if flat else pieces[part]
                                          for part in parts.split()})
    return ".npz"


def sca(root: Path, people: People, *, flat: bool = False) -> None:
    """Videos of SCA-STGCN's, half of whose frames are signing."""
    lines = []
    for name, values in people.items():
        npz(root / name, values, flat=flat)
        lines += [f"{name} {frame} {'S' if frame < len(values) / 2 else 'n'}" for frame in range(len(values))]
    (root / "groundtruth.txt").write_text("\n".join(lines))


def spoter(root: Path, people: People, *, up: bool = False, cut: bool = False, missing: float = 0) -> None:
    """SPOTER's CSV; `up`: y points up, `cut`: one list is shorter."""
    rows = []
    for name, values in people.items():
        wanted = np.stack([_spoter_joint(values, joint) for joint in SPOTER.joints], 1)
        if up:
            wanted[..., 1] = 1 - wanted[..., 1]
        rows.append(spoter_cells(np.nan_to_num(wanted, nan=missing), clip_id=name, labels=name, video_fps=25,
                                 video_size_width=SIZE[0], video_size_height=SIZE[1]))
        if cut:
            rows[-1]["nose_X"] = "[0.5, 0.5]"
    write_table(root / "own_train.csv", rows)


def _spoter_joint(values: np.ndarray, joint: str) -> np.ndarray:
    """(T, 2) of a joint, the neck between the shoulders."""
    of = ["left_shoulder", "right_shoulder"] if joint == "neck" else [joint]
    return values[:, [JOINTS.index(name) for name in of], :2].mean(1)


def silt(root: Path, people: People) -> None:
    """SiLT's CSV of 75 joints, -2 where missing."""
    rows = []
    for number, values in enumerate(people.values()):
        cells = {"labels": json.dumps([float(number)] * len(values))}
        for joint, names in silt_columns("holistic-75").items():
            for axis, name in enumerate(names):
                track = np.nan_to_num(values[:, JOINTS.index(joint), axis].astype(float), nan=-2)
                cells[name] = json.dumps(track.tolist())
        rows.append(cells)
    write_table(root / "own_train.csv", rows)


def asl_signs(root: Path, people: People) -> None:
    """Google's Parquet files, without positions of the face."""
    kinds = [("face", i) for i in range(468)] + [("left_hand", i) for i in range(21)] + [
        ("pose", i) for i in range(33)] + [("right_hand", i) for i in range(21)]
    lines = ["path,participant_id,sequence_id,sign"]
    for number, (name, values) in enumerate(people.items()):
        whole = np.full((len(values), 543, 3), np.nan, np.float32)
        whole[:, 489:522], whole[:, 468:489], whole[:, 522:] = np.split(values, [33, 54], axis=1)
        table = pd.DataFrame({"frame": np.repeat(np.arange(len(values)), 543),
                              "type": [kind for kind, _ in kinds] * len(values),
                              "landmark_index": [i for _, i in kinds] * len(values),
                              **{axis: whole[..., i].ravel() for i, axis in enumerate("xyz")}})
        table.to_parquet(root / f"{name}.parquet")
        lines.append(f"{name}.parquet,s{number},{name},{name}")
    (root / "train.csv").write_text("\n".join(lines))


def metres(values: np.ndarray) -> np.ndarray:
    """Two metres a picture, y up."""
    return (values - (0.5, 0.5, 0)) * (2, -2, 2)


def kinect(root: Path, people: People, *, down: bool = False) -> None:
    """The ISL Kinect corpus; the hands' joints are their roots, spine and hips in the middle; `down`: y points down."""
    at = {"head": "nose", "neck": "mouth_left", "left_hand": "left_hand_wrist", "right_hand": "right_hand_wrist",
          "spine": "left_hip", "hip_centre": "left_hip", "left_foot": "left_heel", "right_foot": "right_heel"}
    order = [at.get(joint, joint) for joint in skeleton("kinect-20").joints]
    rows = []
    for name, values in people.items():
        xyz = metres(np.nan_to_num(values))[:, [JOINTS.index(joint) for joint in order]]
        xyz[:, 8] = metres(values)[:, JOINTS.index("left_wrist")]  # a Kinect loses no hand
        rows.append({"sign": name, "label": 0, "signer_id": 1, "rep": 1, "n_frames": len(values),
                     "xyz": (xyz * (1, -1 if down else 1, 1)).astype(np.float32).ravel()})
    pd.DataFrame(rows).to_parquet(root / "clips.parquet")


def boston(root: Path, people: People) -> None:
    """RWTH-BOSTON-104's tracks, whole pixels of 320 x 256."""
    tracks = ["video,frame,left-x,left-y,right-x,right-y,nose-x,nose-y"]
    speakers, words = ["video,speaker"], ["video,speaker,word,startframe,endframe"]
    for number, values in enumerate(people.values()):
        places = np.rint(values[:, [JOINTS.index(f"{joint}") for joint in ("left_wrist", "right_wrist", "nose")], :2]
                         * (320, 256)).astype(int)
        tracks += [",".join(map(str, [number, frame, *places[frame].ravel()])) for frame in range(len(values))]
        speakers.append(f"{number},ana")
        words += [f"{number},ana,GO,1,5", f"{number},ana,HOME,6,9"]
    for name, lines in (("hands_condensed", tracks), ("speaker", speakers), ("train_words", words),
                        ("test_words", words[:1])):
        (root / f"{name}.csv").write_text("\n".join(lines) + "\n")
