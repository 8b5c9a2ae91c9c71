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
    assert one.joints[one.mirror[one.index("left_hand_wrist")]] == "right_hand_wrist"


def test_a_smaller_skeleton_is_picked_by_name_and_the_neck_is_the_middle_of_the_shoulders():
    source, target = skeleton("holistic-553"), skeleton("spoter-54")
    positions = np.arange(len(source), dtype=np.float32)
    picked = source.selector(target) @ positions
    assert picked[target.index("left_hand_index_tip")] == source.index("left_hand_index_tip")
    assert picked[target.index("neck")] == (source.index("left_shoulder") + source.index("right_shoulder")) / 2


def test_a_skeleton_that_lacks_a_joint_says_which():
    with pytest.raises(ParamsError, match="'hands-42' hasn't"):
        skeleton("hands-42").selector(skeleton("spoter-54"))
    with pytest.raises(ParamsError, match="not known; known: hands-42"):
        skeleton("holistic")
