"""OpenPose's and COCO-WholeBody's JSON, in the forms in which their programs write it."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slr.corpora.imported import coco_wholebody, openpose
from slr.corpora.scanning import prepare
from slr.corpora.use import use_published
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, ParamsError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams, load
from tests.helpers import REPOSITORY

PIXELS = ImportedParams(size=(640, 480), units="pixel", fps=30)


def person(seed: int, n_joints: int) -> np.ndarray:
    """(J, 3) pixels and confidences above .5."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(10, 470, (n_joints, 2)), rng.uniform(0.5, 1, n_joints)])


def as_openpose(values: np.ndarray, *, with_face: bool = True) -> dict[str, Any]:
    """A person of OpenPose's: 25 body joints, 70 of the face, 21 of each hand."""
    body, face, left, right = (part.ravel().tolist() for part in np.split(values, [25, 95, 116]))
    return {"person_id": [-1], "pose_keypoints_2d": body, "face_keypoints_2d": face if with_face else [],
            "hand_left_keypoints_2d": left, "hand_right_keypoints_2d": right, "pose_keypoints_3d": []}


def write_openpose(folder: Path, frames: list[list[dict[str, Any]]]) -> None:
    folder.mkdir(parents=True)
    for number, people in enumerate(frames):
        text = json.dumps({"version": 1.3, "people": people})
        (folder / f"{folder.name}_{number:012d}_keypoints.json").write_text(text)


def test_openpose_from_folders_to_the_store(tmp_path):
    root = tmp_path / "root"
    values = [person(seed, 137) for seed in range(12)]
    values[3][4, 2] = 0  # the right wrist isn't found
    write_openpose(root / "clips/a.b", [[as_openpose(of_frame)] for of_frame in values])
    (root / "clips.csv").write_text("path,gloss,signer\nclips/a.b,A,s1\nnowhere,B,s1\n")
    clips, problems = openpose.scan(root)
    assert (clips.clip_id.tolist(), clips.media.tolist(), clips.glosses.str[0].tolist()) == (
        ["clips/a.b"], ["clips/a.b"], ["A"])
    assert [problem.kind for problem in problems] == ["missing-file"]
    (root / "clips.csv").write_text("path,gloss,signer\nclips/a.b,A,s1\n")
    params = CorpusParams(name="openpose", root=str(root), imported=PIXELS)
    prepare(params, tmp_path / "manifest.parquet")
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    clip = LandmarkStore(tmp_path / "landmarks")["clips/a.b"]
    joints = skeleton("openpose-67")
    assert (clip.coordinates.shape, clip.fps, clip.width, clip.height) == ((12, 67, 2), 30, 640, 480)
    assert np.isnan(clip.coordinates[3, joints.index("right_wrist")]).all()
    for joint, place in (("nose", 0), ("neck", 1), ("left_wrist", 7), ("right_heel", 24), ("left_hand_wrist", 95),
                         ("right_hand_pinky_tip", 136)):
        found = clip.coordinates[:, joints.index(joint)] * (640, 480)
        assert np.abs(found - [of_frame[place, :2] for of_frame in values]).max() < 0.1


def test_openpose_without_people_or_parts_and_with_several_people(tmp_path):
    clear, unclear = person(0, 137), person(1, 137)
    unclear[:, 2] /= 4
    write_openpose(tmp_path / "a", [[], [as_openpose(unclear), as_openpose(clear)], [{"pose_keypoints_2d": []}]])
    clip = openpose.load(tmp_path, "a", PIXELS.model_copy(update={"skeleton": "openpose-137"}))
    assert np.isnan(clip.coordinates[[0, 2]]).all()
    face = skeleton("openpose-137").part_slices["face"]
    assert np.allclose(clip.coordinates[1, face] * (640, 480), clear[25:95, :2], atol=1e-3)
    sparing = openpose.load(tmp_path, "a", PIXELS.model_copy(update={"confidence": 0.75}))
    assert np.isnan(sparing.coordinates[1, 0]).all() == (clear[0, 2] <= 0.75)


def test_models_of_other_joints_are_left_out(tmp_path, monkeypatch):
    for name in ("params.yaml", "zoo/params.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for name in "abcd":
        write_openpose(tmp_path / "root" / name, [[as_openpose(person(0, 137))]])
    (tmp_path / "root/clips.csv").write_text("path,gloss\na,A\nb,B\nc,A\nd,B\n")
    told = use_published("params.yaml", "openpose", "root", imported={"size": [640, 480], "units": "pixel"})
    assert "left out: silt_query, silt_sequence, " in told
    assert "(the corpus has the joints of openpose-67, not of holistic-75)" in told
    assert "spoter" in load("params.yaml").train.models and "silt_query" not in load("params.yaml").train.models


@pytest.mark.parametrize("text, message", [
    ("{", "can't be read as JSON"), ("[]", "no list 'people'"),
    (json.dumps({"people": [{"pose_keypoints_2d": [0.0] * 54}]}), "has 54 numbers, not 3 x 25; run OpenPose with"),
])
def test_other_files_are_refused(tmp_path, text, message):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/a_0.json").write_text(text)
    with pytest.raises(ClipError, match=message):
        openpose.load(tmp_path, "a", PIXELS)
    with pytest.raises(ClipError, match="need the size of the frames"):
        write_openpose(tmp_path / "b", [[as_openpose(person(0, 137))]])
        openpose.load(tmp_path, "b", ImportedParams(units="pixel"))
    with pytest.raises(ParamsError, match="has joint 'face_0', which is not in the files; use openpose-67"):
        openpose.joints(tmp_path, ImportedParams(skeleton="holistic-553"))


def as_mmpose(frames: list[list[np.ndarray]]) -> list[dict[str, Any]]:
    return [{"frame_id": number, "instances": [
        {"keypoints": values[:, :2].tolist(), "keypoint_scores": values[:, 2].tolist(), "bbox_score": 0.9}
        for values in people]} for number, people in enumerate(frames)]


def as_coco(frames: list[list[np.ndarray]], *, name: str = "{}", parts: bool = False) -> list[dict[str, Any]]:
    """An entry per person; with `parts`, feet, face and hands in fields of their own."""
    fields = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
    entries = []
    for number, people in enumerate(frames):
        for values in people:
            split = np.split(values, [17, 23, 91, 112]) if parts else [values]
            entries.append({"image_id": name.format(number) if "." in name else number, "category_id": 1,
                            **{field: part.ravel().tolist() for field, part in zip(fields, split, strict=False)}})
    return entries


@pytest.mark.parametrize("form", [
    as_mmpose, lambda frames: {"meta_info": {}, "instance_info": as_mmpose(frames)}, as_coco,
    lambda frames: as_coco(frames, name="frame{}.jpg"), lambda frames: {"annotations": as_coco(frames, parts=True)}],
    ids=["mmpose", "mmpose-demo", "coco-results", "alphapose", "coco-annotations"])
def test_the_same_keypoints_in_every_form(tmp_path, form):
    clear, unclear = [person(seed, 133) for seed in range(4)], person(9, 133)
    unclear[:, 2] /= 4
    clear[2][10, 2] = 0.2  # the right wrist
    (tmp_path / "a.json").write_text(json.dumps(form([[clear[0]], [], [unclear, clear[2]], [clear[3]]])))
    (tmp_path / "clips.csv").write_text("path,gloss\na.json,A\n")
    clips, problems = coco_wholebody.scan(tmp_path)
    assert clips.clip_id.tolist() == ["a"] and problems == []
    clip = coco_wholebody.load(tmp_path, "a.json", PIXELS.model_copy(update={"confidence": 0.3}))
    joints = skeleton("wholebody-65")
    assert clip.coordinates.shape == (4, 65, 2) and np.isnan(clip.coordinates[1]).all()
    assert np.isnan(clip.coordinates[:, joints.index("right_wrist"), 0]).tolist() == [False, True, True, False]
    for joint, place in (("nose", 0), ("left_eye", 1), ("left_wrist", 9), ("left_big_toe", 17), ("right_heel", 22),
                         ("left_hand_wrist", 91), ("right_hand_pinky_tip", 132)):
        found = clip.coordinates[[0, 2, 3], joints.index(joint)] * (640, 480)
        assert np.allclose(found, [values[place, :2] for values in (clear[0], *clear[2:])], atol=1e-3)


@pytest.mark.parametrize("content, message", [
    ([{"image_id": 0, "keypoints": [1.0] * 51}], "has 17 keypoints a person, not COCO-WholeBody's 133"),
    ([{"image_id": 785, "keypoints": [1.0] * 399}, {"image_id": 581615, "keypoints": [1.0] * 399}],
     "2 frames are numbered from 785 to 581615"),
    ([{"keypoints": [1.0] * 399}], "neither MMPose's JSON nor COCO's"), ({}, "neither MMPose's"), ([], "has no frames"),
])
def test_other_keypoints_are_refused(tmp_path, content, message):
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(ClipError, match=message):
        coco_wholebody.load(tmp_path, "a.json", PIXELS)


@pytest.mark.parametrize("name", ["openpose-137", "wholebody-133"])
def test_faces_are_mirrored_by_pairs(name):
    """The pairs of COCO-WholeBody's definition in MMPose: jaw, brows, eyes, mouth; the nose stays."""
    joints = skeleton(name)
    start = joints.part_slices["face"].start
    mirror = joints.mirror[joints.part_slices["face"]] - start
    pairs = {0: 16, 7: 9, 8: 8, 17: 26, 21: 22, 27: 27, 31: 35, 33: 33, 36: 45, 39: 42, 40: 47, 48: 54, 51: 51, 57: 57,
             58: 56, 59: 55, 60: 64, 66: 66, 67: 65}
    assert {point: int(mirror[point]) for point in pairs} == pairs
    assert (mirror[mirror] == np.arange(len(mirror))).all()


@pytest.mark.parametrize("name", ["openpose-67", "wholebody-65"])
@pytest.mark.parametrize("target", ["spoter-54", "hands-42"])
def test_models_of_other_skeletons_can_select_their_joints(name, target):
    assert skeleton(name).selector(skeleton(target)).sum(1).tolist() == [1] * len(skeleton(target))
