"""Skeletons: sizes, bones, mirroring, and getting one from another."""

import json

import numpy as np
import pytest
import yaml

from slr.dataset.skeleton import BUILT_IN, define, skeleton
from slr.errors import ParamsError


@pytest.mark.parametrize(("name", "joints"), [
    ("holistic-75", 75), ("holistic-67", 67), ("holistic-553", 553), ("hands-42", 42), ("spoter-54", 54)])
def test_the_name_says_how_many_joints(name, joints):
    assert len(skeleton(name)) == joints == len(set(skeleton(name).joints))


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"holistic-553", "hands-42"}))
def test_bones_form_one_connected_body(name):
    one = skeleton(name)
    reached, frontier = {one.bones[0][0]}, [one.bones[0][0]]
    while frontier:
        joint = frontier.pop()
        near = {b if a == joint else a for a, b in one.bones if joint in (a, b)} - reached
        reached |= near
        frontier += near
    assert reached | {"mouth_left", "mouth_right"} == set(one.joints) | {"mouth_left", "mouth_right"}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_mirroring_twice_changes_nothing_and_swaps_left_with_right(name):
    one = skeleton(name)
    assert (one.mirror[one.mirror] == np.arange(len(one))).all()
    for joint in one.joints:
        if "left" in joint:
            assert one.joints[one.mirror[one.index(joint)]] == joint.replace("left", "right")


def test_a_mirrored_face_has_its_eyes_lips_and_mesh_where_a_face_has_them():
    from mediapipe.python.solutions import face_mesh_connections as mediapipe

    joints = skeleton("holistic-553")
    start = joints.part_slices["face"].start
    mirror = joints.mirror[start:] - start

    def mirrored(bones: frozenset) -> set[frozenset]:
        return {frozenset((mirror[a], mirror[b])) for a, b in bones}

    def as_it_is(bones: frozenset) -> set[frozenset]:
        return {frozenset(bone) for bone in bones}

    for feature in ("EYE", "EYEBROW", "IRIS"):
        left, right = (getattr(mediapipe, f"FACEMESH_{side}_{feature}") for side in ("LEFT", "RIGHT"))
        assert mirrored(left) == as_it_is(right) and mirrored(right) == as_it_is(left)
    for feature in ("LIPS", "FACE_OVAL"):
        bones = getattr(mediapipe, f"FACEMESH_{feature}")
        assert mirrored(bones) == as_it_is(bones)
    mesh = mediapipe.FACEMESH_TESSELATION  # three of its squares are cut along other diagonals left and right
    assert len(mirrored(mesh) - as_it_is(mesh)) == 6


def test_a_smaller_skeleton_is_picked_by_name_and_the_neck_is_the_middle_of_the_shoulders():
    source, target = skeleton("holistic-553"), skeleton("spoter-54")
    positions = np.arange(len(source), dtype=np.float32)
    picked = source.selector(target) @ positions
    assert picked[target.index("left_hand_index_tip")] == source.index("left_hand_index_tip")
    assert picked[target.index("neck")] == (source.index("left_shoulder") + source.index("right_shoulder")) / 2


def test_a_skeleton_that_lacks_a_joint_says_which():
    with pytest.raises(ParamsError, match="'hands-42' hasn't"):
        skeleton("hands-42").selector(skeleton("spoter-54"))
    with pytest.raises(ParamsError, match="not known; known: .*boston-3, .*hands-42"):
        skeleton("holistic")


MINE = {"name": "mine", "space": "metric", "parts": {"body": ["nose", "left_wrist"], "other": ["right_wrist"]},
        "bones": [["nose", "left_wrist"], ["nose", "right_wrist"]]}


@pytest.mark.parametrize("suffix, write", [(".yaml", yaml.safe_dump), (".json", json.dumps)])
def test_a_skeleton_of_ones_own_comes_from_a_file_and_is_known_by_its_name(tmp_path, suffix, write):
    path = tmp_path / f"mine{suffix}"
    path.write_text(write(MINE))
    mine = skeleton(path)
    assert mine.joints == ("nose", "left_wrist", "right_wrist") and mine.space == "metric"
    assert mine.bone_indices.tolist() == [[0, 1], [0, 2]] and mine.mirror.tolist() == [0, 2, 1]
    assert skeleton("mine") is mine and define(mine.definition()) is mine


def test_an_edited_skeleton_needs_another_name():
    define(MINE | {"name": "edited"})
    with pytest.raises(ParamsError, match="'edited' is already the name of another"):
        define(MINE | {"name": "edited", "space": "image"})


@pytest.mark.parametrize("change, message", [
    ({"name": "kinect-20"}, "a built-in one"),
    ({"bones": [["nose", "ear"]]}, "a bone names joint 'ear', which is in no part"),
    ({"bones": [["nose"]]}, "bones.0.1: Field required"),
    ({"parts": {"a": ["nose"], "b": ["nose"]}}, "joint 'nose' occurs twice"),
    ({"parts": {}}, "it has no joints"),
    ({"parts": ["nose"]}, "parts: .* dict"),
    ({"space": "inches"}, "space: Input should be 'image' or 'metric'"),
    ({"colour": "red"}, "unknown name 'colour'"),
])
def test_a_skeleton_that_makes_no_sense_is_explained(tmp_path, change, message):
    path = tmp_path / "bad.yml"
    path.write_text(yaml.safe_dump(MINE | {"bones": []} | {"name": "bad"} | change))
    with pytest.raises(ParamsError, match=f"skeleton {path}: .*{message}"):
        skeleton(path)


@pytest.mark.parametrize("content", [None, b"parts: [", b"\xff\xfe\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ParamsError, match="bad.json can't be read"):
        skeleton(path)
