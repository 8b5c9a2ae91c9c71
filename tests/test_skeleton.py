"""Skeletons: sizes, bones, mirroring, and getting one from another."""

import numpy as np
import pytest

from slr.errors import ParamsError
from slr.skeleton import SKELETONS, skeleton


@pytest.mark.parametrize(("name", "joints"), [
    ("holistic-75", 75), ("holistic-67", 67), ("holistic-553", 553), ("hands-42", 42), ("spoter-54", 54)])
def test_the_name_says_how_many_joints(name, joints):
    assert len(skeleton(name)) == joints == len(set(skeleton(name).joints))


@pytest.mark.parametrize("name", sorted(set(SKELETONS) - {"holistic-553", "hands-42"}))
def test_bones_form_one_connected_body(name):
    one = skeleton(name)
    reached, frontier = {one.bones[0][0]}, [one.bones[0][0]]
    while frontier:
        joint = frontier.pop()
        near = {b if a == joint else a for a, b in one.bones if joint in (a, b)} - reached
        reached |= near
        frontier += near
    assert reached | {"mouth_left", "mouth_right"} == set(one.joints) | {"mouth_left", "mouth_right"}


@pytest.mark.parametrize("name", sorted(SKELETONS))
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
    with pytest.raises(ParamsError, match="not known; known: boston-3"):
        skeleton("holistic")
