from pathlib import Path

import numpy as np
import pytest
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions
from pose_format.utils.holistic import holistic_components

from slr.corpora.imported.pose_files import joints, load, scan
from slr.corpora.imported.units import units_of
from slr.corpora.scanning import prepare
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, CorpusError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams

SETTINGS = ImportedParams()
WIDTH, HEIGHT = 640, 480
OTHER = [PoseHeaderComponent("body", ["Nose", "Neck"], [(0, 1)], [(0, 0, 0)], "XYC"),
         PoseHeaderComponent("hand_left", ["BASE", "TIP"], [(0, 1)], [(0, 0, 0)], "XYC"),
         PoseHeaderComponent("hand_right", ["BASE", "TIP"], [(0, 1)], [(0, 0, 0)], "XYC")]


def write(path: Path, components: list[PoseHeaderComponent], n_frames: int = 4, people: int = 1,
          size: tuple[int, int] = (WIDTH, HEIGHT), fps: float = 30, seed: int = 0) -> Pose:
    """Write a file of random points; its second point is missing in the first frame."""
    header = PoseHeader(0.2, PoseHeaderDimensions(*size), components)
    rng = np.random.default_rng(seed)
    data = rng.uniform(10, 400, (n_frames, people, header.total_points(), header.num_dims())).astype(np.float32)
    confidence = rng.uniform(0.1, 1, data.shape[:3]).astype(np.float32)
    if people:
        confidence[0, 0, 1] = 0
    pose = Pose(header, NumPyPoseBody(fps, data, confidence))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        pose.write(file)
    return pose


@pytest.mark.parametrize("extra, name", [(0, "holistic-75"), (10, "holistic-553")])
def test_holistic_files_have_our_joints(tmp_path, extra, name):
    pose = write(tmp_path / "a.pose", holistic_components(additional_face_points=extra))
    body = joints(tmp_path, SETTINGS)
    assert body is skeleton(name)
    clip = load(tmp_path, "a.pose", SETTINGS)
    assert (clip.fps, clip.width, clip.height) == (30, WIDTH, HEIGHT)
    data, confidence = pose.body.data.data[:, 0], pose.body.confidence[:, 0]
    n_face = 468 + extra
    for joint, point in {"right_wrist": 16, "left_hand_index_mcp": 33 + n_face + 5,
                         "right_hand_pinky_tip": 33 + n_face + 21 + 20, "nose": 0}.items():
        found = clip.coordinates[:, body.index(joint)]
        assert np.allclose(found[:, :2] * (WIDTH, HEIGHT), data[:, point, :2], atol=1e-3)
        assert np.array_equal(found[:, 2], data[:, point, 2])  # MediaPipe's z is in widths already
        assert np.array_equal(found[:, 3], confidence[:, point])
    assert np.isnan(clip.coordinates[0, body.index("left_eye_inner")]).all() and clip.mask.sum() == clip.mask.size - 1


def test_other_files_have_a_skeleton_of_their_own(tmp_path):
    pose = write(tmp_path / "a.pose", OTHER, people=2)
    body = joints(tmp_path, SETTINGS)
    assert body.parts == {"body": ("Nose", "Neck"), "hand_left": ("hand_left_BASE", "hand_left_TIP"),
                          "hand_right": ("hand_right_BASE", "hand_right_TIP")}
    assert body.bone_indices.tolist() == [[0, 1], [2, 3], [4, 5]] and body.mirror.tolist() == [0, 1, 4, 5, 2, 3]
    clip = load(tmp_path, "a.pose", SETTINGS)
    assert clip.coordinates.shape == (4, 6, 2)  # without z there is no place for a confidence
    whole = pose.body.data.data[:, 1]  # the first person lacks a point
    assert np.allclose(clip.coordinates * (WIDTH, HEIGHT), whole, atol=1e-3)
    write(tmp_path / "sub/b.pose", OTHER)
    assert joints(tmp_path / "sub", SETTINGS) is body  # the same joints, the same name


def test_fewer_joints_may_be_chosen(tmp_path):
    write(tmp_path / "a.pose", holistic_components())
    hands = load(tmp_path, "a.pose", ImportedParams(skeleton="hands-42"))
    assert np.array_equal(hands.coordinates, load(tmp_path, "a.pose", SETTINGS).coordinates[:, 33:])


def test_from_a_csv_to_the_store(tmp_path):
    root = tmp_path / "root"
    for i, name in enumerate(("x/a", "x/b")):
        write(root / f"{name}.pose", holistic_components(), n_frames=4 + i, fps=29.97, seed=i)
    (root / "list.csv").write_text("path,gloss,signer\nx/a.pose,HOUSE,Ana\nx/b.pose,TREE,Bo\n")
    clips, problems = scan(root)
    assert problems == [] and clips.clip_id.tolist() == ["x/a", "x/b"] and clips.signer.tolist() == ["Ana", "Bo"]
    params = CorpusParams(name="pose", root=str(root))
    prepare(params, tmp_path / "manifest.parquet")
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.skeleton.name == "holistic-75" and len(store["x/b"]) == 5
    assert round(store["x/a"].fps, 2) == 29.97


@pytest.mark.parametrize("change, message", [
    (lambda path: path.write_bytes(b"no"), r"x.pose can't be read as \.pose"),
    (lambda path: path.write_bytes(path.read_bytes()[:-100]), "x.pose can't be read"),
    (lambda path: write(path, OTHER), "has no joint 'nose' of 'holistic-75' .*components: body, hand_left"),
    (lambda path: write(path, holistic_components(), people=0), "x.pose (holds an array|can't be read)"),
    (lambda path: write(path, holistic_components(), size=(0, 0)), "has no frame size"),
    (lambda path: path.unlink(), "there is no file"),
])
def test_files_that_cannot_be_used_say_why(tmp_path, change, message):
    write(tmp_path / "a.pose", holistic_components())
    write(tmp_path / "x.pose", holistic_components())
    change(tmp_path / "x.pose")
    with pytest.raises(ClipError, match=message):
        load(tmp_path, "x.pose", SETTINGS)


@pytest.mark.parametrize("places, shoulders, expected", [
    ([(0.4, 0.3), (0.6, 2.9)], [], "fraction"),
    ([(300, 200), (350, 240)], [], "pixel"),
    ([(-1.2, -0.6), (1.1, 2)], [], "normalised"),
    ([(-1.2, -0.6), (1.1, 2)], [[(0.5, 0.01), (-0.5, 0)]], "normalised"),
    ([(-40, -30), (-20, 60), (90, 200)], [[(70, 90), (-20, 90)]], "pixel"),  # partly out of the frame, in its corner
    ([(-0.1, -0.1), (0.3, 0.6)], [[(0.3, 0.4), (0.0, 0.4)]], "fraction"),
    ([], [], "pixel"),
])
def test_units_are_told_from_values_and_shoulders(places, shoulders, expected):
    assert units_of(np.reshape(places, (-1, 2)), np.reshape(shoulders, (-1, 2, 2))) == expected


def test_the_joints_are_those_of_the_first_listed_file_that_can_be_read(tmp_path):
    write(tmp_path / "a_raw.pose", OTHER)
    (tmp_path / "._x.pose").write_bytes(b"Mac OS X        ")
    (tmp_path / "v").mkdir()
    (tmp_path / "v/1.pose").write_bytes(b"no")
    write(tmp_path / "v/2.pose", holistic_components())
    assert joints(tmp_path, SETTINGS).name.startswith("pose-")
    (tmp_path / "clips.csv").write_text("path,gloss\nv/0.pose,A\nv/1.pose,A\nv/2.pose,B\n")
    assert joints(tmp_path, SETTINGS) is skeleton("holistic-75")


def test_a_corpus_whose_joints_cannot_be_known(tmp_path):
    with pytest.raises(CorpusError, match="holds no .pose files"):
        joints(tmp_path, SETTINGS)
    (tmp_path / "a.pose").write_bytes(b"no")
    with pytest.raises(CorpusError, match="set corpus.imported.skeleton"):
        joints(tmp_path, SETTINGS)
