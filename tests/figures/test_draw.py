from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from slr.dataset.skeleton import Skeleton, skeleton
from slr.figures.draw import COLOURS, View, draw_skeleton, draw_strip, key_frames, part_colours
from slr.figures.face import face_lines
from tests.helpers.waving import waving

JOINTS = skeleton("holistic-75")
WHITE = np.full((240, 320, 3), 255, np.uint8)


def near(image: np.ndarray, x: float, y: float, colour: tuple[int, ...], radius: int = 3) -> bool:
    """Whether a colour is found around a place of a picture, given in fractions of its size."""
    row, column = round(y * image.shape[0]), round(x * image.shape[1])
    patch = image[max(0, row - radius):row + radius + 1, max(0, column - radius):column + radius + 1, :3]
    return bool((np.abs(patch.astype(int) - colour).max(axis=-1) < 12).any())


def test_bones_lie_where_the_joints_are():
    coordinates = waving(1)[0]
    joint = coordinates[JOINTS.index("right_hand_index_dip")]
    coordinates[JOINTS.index("right_hand_index_tip"), :2] = (joint[0] - 0.2, joint[1])
    drawn = draw_skeleton(WHITE, coordinates, JOINTS)
    assert near(drawn, 0.5, 0.4, COLOURS["pose"])  # between the shoulders
    assert near(drawn, 0.69, 0.7, COLOURS["pose"])  # between left elbow and wrist
    assert near(drawn, joint[0] - 0.1, joint[1], COLOURS["right_hand"])
    assert not near(drawn, 0.1, 0.1, COLOURS["pose"], radius=20)


def test_missing_joints_are_left_out():
    assert (draw_skeleton(WHITE, np.full((75, 4), np.nan, np.float32), JOINTS) == WHITE).all()
    one = np.full((75, 4), np.nan, np.float32)
    one[JOINTS.index("nose")] = (0.5, 0.5, 0, 1)
    changed = np.argwhere((draw_skeleton(WHITE, one, JOINTS) != WHITE).any(axis=2))
    assert len(changed) and np.abs(changed - (120, 160)).max() < 6


def test_invisible_joints_are_left_out():
    coordinates = waving(1)[0]
    coordinates[:, 3] = 0.01
    assert (draw_skeleton(WHITE, coordinates, JOINTS) == WHITE).all()


def test_the_picture_given_is_not_changed():
    image = WHITE.copy()
    draw_skeleton(image, waving(1)[0], JOINTS)
    assert (image == 255).all()


@pytest.mark.parametrize("value", [1e9, -1e9, np.inf])
def test_absurd_coordinates_draw_nothing_wrong(value):
    coordinates = waving(1)[0]
    coordinates[JOINTS.index("left_wrist"), :2] = value
    assert draw_skeleton(WHITE, coordinates, JOINTS).shape == WHITE.shape


def test_face_points_are_dots():
    face = skeleton("holistic-553")
    coordinates = np.full((553, 4), np.nan, np.float32)
    coordinates[face.part_slices["face"].start + 7] = (0.25, 0.5, 0, 1)
    drawn = draw_skeleton(WHITE, coordinates, face)
    changed = np.argwhere((drawn != 255).any(axis=2))
    assert 1 <= len(changed) < 30
    assert np.abs(changed - (120, 80)).max() <= 3


def test_a_found_hand_replaces_the_poses_guess_of_it():
    coordinates = waving(1)[0]
    guess = (0.9, 0.1, 0, 1)
    coordinates[JOINTS.index("right_index")] = guess
    assert not near(draw_skeleton(WHITE, coordinates, JOINTS), *guess[:2], COLOURS["pose"])
    coordinates[JOINTS.part_slices["right_hand"]] = np.nan
    assert near(draw_skeleton(WHITE, coordinates, JOINTS), *guess[:2], COLOURS["pose"])


def test_a_view_fits_the_clip_into_the_tile_undistorted():
    coordinates = waving(20)
    view = View.around(coordinates, JOINTS, (200, 300), aspect=4 / 3, margin=0.1)
    pixels = view.pixels(coordinates.reshape(-1, 4))
    low, high = np.nanmin(pixels, axis=0), np.nanmax(pixels, axis=0)
    assert (low >= 0).all() and (high <= (200, 300)).all()
    assert (low + high) / 2 == pytest.approx((100, 150), abs=6)
    assert view.scale[0] / view.scale[1] == pytest.approx(4 / 3)


def test_joints_outside_the_frame_do_not_shrink_the_view():
    coordinates = waving(20)
    before = View.around(coordinates, JOINTS, (200, 300))
    coordinates[:, JOINTS.index("left_ankle")] = (0.6, 2.5, 0, 1)
    assert View.around(coordinates, JOINTS, (200, 300)) == before


def test_metres_point_up():
    metric = Skeleton("two", {"body": ("head", "foot")}, (("head", "foot"),), space="metric")
    coordinates = np.array([[[0.0, 1.7, 3.0], [0.0, 0.0, 3.0]]])
    head, foot = View.around(coordinates, metric, (100, 100)).pixels(coordinates[0])
    assert head[1] < foot[1]
    assert set(part_colours(metric)) == {"body"}
    assert draw_strip(coordinates, metric)[..., 3].any()


def test_key_frames_follow_the_hands():
    coordinates = np.concatenate([waving(1).repeat(40, axis=0), waving(20), waving(1).repeat(40, axis=0)])
    frames = key_frames(coordinates, JOINTS, 6)
    assert (np.diff(frames) > 0).all() and frames[0] >= 0 and frames[-1] < 100
    assert ((frames >= 40) & (frames < 60)).sum() >= 3  # a fifth of the time, all of the sign


@pytest.mark.parametrize("frames", [0, 1, 3, 6, 7])
def test_short_clips_have_fewer_key_frames(frames):
    assert len(key_frames(waving(frames), JOINTS, 6)) == min(frames, 6)
    assert draw_strip(waving(frames), JOINTS, tile=(40, 60)).shape == (60, 40 * max(1, min(frames, 6)), 4)


def test_a_still_or_empty_clip_has_evenly_spaced_frames():
    for coordinates in (waving(1).repeat(60, axis=0), np.full((60, 75, 4), np.nan, np.float32)):
        assert key_frames(coordinates, JOINTS, 6).tolist() == pytest.approx([5, 15, 25, 35, 45, 55], abs=1)


def test_a_strip_is_transparent_with_plain_colours():
    strip = draw_strip(waving(20), JOINTS, count=4, tile=(100, 130), aspect=4 / 3)
    assert strip.shape == (130, 400, 4)
    alpha = strip[..., 3]
    assert alpha[0, 0] == 0 and alpha.max() == 255
    # Half-covered pixels keep the colour of their line: no dark fringe on white paper.
    edge = (alpha > 60) & (alpha < 160)
    assert edge.any()
    assert strip[edge][:, :3].max(axis=1).min() > 100


def test_the_lines_of_a_face_are_mediapipes():
    folder = Path(find_spec("mediapipe").origin).parent / "python/solutions"
    theirs = run_path(str(folder / "face_mesh_connections.py"))["FACEMESH_CONTOURS"]
    ours = face_lines(skeleton("holistic-553"))
    assert {frozenset(pair) for pair in ours} == {frozenset((a + 75, b + 75)) for a, b in theirs}
    assert len(ours) == len(theirs) and face_lines(skeleton("holistic-75")) == []
