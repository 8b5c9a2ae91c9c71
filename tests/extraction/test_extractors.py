"""Extractors besides Holistic, by `landmarks.extractor`: of MediaPipe Tasks, of networks in ONNX, and of one's own."""

import hashlib
import json
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from slr.dataset import provenance
from slr.dataset.frames import read_frames
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.skeleton import skeleton
from slr.errors import ModelError, ParamsError
from slr.extraction import weights, wholebody_onnx
from slr.extraction.extractor import extractor_class, extractor_metadata
from slr.extraction.landmarks import extract_landmarks
from slr.extraction.tasks import TasksExtractor, sides_of
from slr.extraction.video import VideoReader
from slr.inference.model import TrainedModel
from slr.inference.video import video_reader
from slr.io.video import write_video
from slr.params import FramesParams, LandmarksParams, parse, parse_model
from tests.helpers import task_bundles
from tests.helpers.video_server import serve_videos

OWN = "tests.helpers.own_extractor:BrightestExtractor"
needs_onnx = pytest.mark.skipif(not all(map(find_spec, ("onnx", "rtmlib", "onnxruntime"))),
                                reason="needs the extras dev and extractors")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> LandmarksParams:
    """Settings of the Tasks extractor with bundles of Holistic's networks."""
    folder = tmp_path_factory.mktemp("bundles")
    return LandmarksParams(extractor="tasks", weights={
        "pose": str(task_bundles.write_pose(folder / "pose.task")),
        "hands": str(task_bundles.write_hands(folder / "hands.task"))})


def test_tasks_finds_what_holistic_finds_with_the_same_networks(bundles, tiny_frames, tiny_landmarks):
    store = LandmarkStore(tiny_landmarks)
    clip = store[store.clip_ids[0]]
    images = read_frames(tiny_frames, clip.clip_id)[1]
    with TasksExtractor(bundles) as extractor:
        found = extractor.extract(images)
        assert np.array_equal(extractor.extract(images[:3]), found[:3], equal_nan=True)  # nothing stays of a clip
        assert np.isnan(extractor.extract([np.zeros((128, 96, 3), np.uint8)])).all()
    assert found.shape == clip.coordinates.shape
    pose, *hands = (store.skeleton.part_slices[part] for part in ("pose", "left_hand", "right_hand"))
    distances = np.linalg.norm(found[..., :2] - clip.coordinates[..., :2], axis=2)
    assert not np.isnan(found[:, pose]).any() and np.median(distances[:, pose][:, :25]) < 0.01
    for hand in hands:
        assert np.isnan(distances[:, hand]).mean() < 0.5 and np.nanmedian(distances[:, hand]) < 0.02


def test_a_hand_belongs_to_the_nearer_wrist():
    pose = np.zeros((33, 4), np.float32)
    pose[15, :2], pose[16, :2] = (0.6, 0.5), (0.4, 0.5)
    left, right = (np.full((21, 4), x, np.float32) for x in (0.62, 0.41))
    assert sides_of([], pose, 1) == {}
    for given, expected in (([left], {"left_hand": left}), ([right], {"right_hand": right}),
                            ([right, left], {"left_hand": left, "right_hand": right})):
        found = sides_of(given, pose, 1)
        assert found.keys() == expected.keys() and all(found[side] is expected[side] for side in expected)
    pose[16, 1] = 0.72
    between = np.full((21, 4), 0.5, np.float32)
    between[0, :2] = (0.55, 0.62)  # in pixels nearer the left wrist, unless the frame is very narrow
    assert list(sides_of([between], pose, 1)) == ["left_hand"]
    assert list(sides_of([between], pose, 0.1)) == ["right_hand"]


def settings(**weights: Path) -> LandmarksParams:
    return LandmarksParams(extractor="wholebody_onnx", skeleton="wholebody-133",
                           weights={name: str(path) for name, path in weights.items()})


def lights(width: int, height: int, places: dict[int, tuple[float, float]]) -> np.ndarray:
    """An RGB frame with a round light in each of some channels, at x, y in pixels."""
    y, x = np.mgrid[:height, :width]
    image = np.zeros((height, width, 3), np.uint8)
    for channel, (at_x, at_y) in places.items():
        image[..., channel] = 250 * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / 200)
    return image


@needs_onnx
@pytest.mark.parametrize("width, height", [(320, 240), (150, 300)])
def test_keypoints_come_back_from_the_crop_to_their_pixels(width, height, tmp_path):
    """Within a pixel of the crop: the frame, enlarged by 1.25 and to the shape 192 x 256, on 192 columns."""
    from tests.helpers.onnx_networks import write_pose

    certain = np.where(np.arange(133) < 120, 0.3, 0.01)
    places = {0: (0.2 * width, 0.3 * height), 1: (0.7 * width, 0.9 * height), 2: (0.5 * width, 0.05 * height)}
    extractor = extractor_class(settings())(settings(pose=write_pose(tmp_path / "pose.onnx", certain)))
    found = extractor.extract([lights(width, height, places)])[0] * (width, height)
    pixel = 1.25 * max(width, height * 192 / 256) / 192
    order = [extractor.skeleton.joints.index(joint) for joint in wholebody_onnx.WHOLE.joints]
    for k, joint in enumerate(order):
        if k < 120:
            assert np.abs(found[joint] - places[k % 3]).max() < pixel, (k, found[joint], places[k % 3])
        else:
            assert np.isnan(found[joint]).all()


@needs_onnx
def test_the_detected_person_is_followed(tmp_path):
    """Of two boxes the larger at first, then the one that moves with it; nobody in a dark frame, and none forgotten."""
    from tests.helpers.onnx_networks import SIDE, write_detector, write_pose

    pose = write_pose(tmp_path / "pose.onnx", np.full(133, 0.3))
    scale = 320 / SIDE  # the frame's longer side fills the detector's input
    small = tuple(value / scale for value in (250, 10, 290, 50))
    params = settings(pose=pose, detector=write_detector(tmp_path / "detector.onnx", 40 / scale, small))
    extractor = extractor_class(params)(params)
    seen = []
    frames = [lights(320, 240, {channel: (60 + 30 * i, 100) for channel in range(3)}) for i in range(3)]
    for i, found in enumerate(extractor.stream([*frames, np.zeros_like(frames[0])])):
        seen.append(extractor._box.copy())
        if i < 3:
            assert found * (320, 240) == pytest.approx(np.tile([60 + 30 * i, 100], (133, 1)), abs=1.5)
    for i, box in enumerate(seen[:3]):
        assert box == pytest.approx([20 + 30 * i, 60, 100 + 30 * i, 140], abs=scale)
    assert np.array_equal(seen[3], seen[2]) and np.isnan(found).all()
    moved = np.array([[0, 0, 50, 50], [20, 60, 60, 100]], np.float32)
    assert wholebody_onnx.the_person(moved, None).tolist() == moved[0].tolist()
    assert wholebody_onnx.the_person(moved, moved[1] + 5).tolist() == moved[1].tolist()
    assert wholebody_onnx.the_person(moved, np.array([200, 200, 210, 210])).tolist() == moved[0].tolist()


@needs_onnx
def test_a_store_of_another_extractor_names_it_and_a_model_reads_videos_with_it(tiny_corpus, tiny_frames, tmp_path,
                                                                                  monkeypatch):
    from tests.helpers.onnx_networks import write_pose

    network = write_pose(tmp_path / "pose.onnx", np.full(133, 2.0))
    with zipfile.ZipFile(tmp_path / "pose.zip", "w") as archive:  # as rtmlib's are published
        archive.write(network, "20260101/rtmw/end2end.onnx")
    content = (tmp_path / "pose.zip").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(weights, "FETCHED", tmp_path / "fetched")
    monkeypatch.setattr(wholebody_onnx, "FETCHED", tmp_path / "fetched")
    with serve_videos() as server:
        server.content["/pose.zip"] = content
        server.types["/pose.zip"] = "application/zip"
        params = LandmarksParams(extractor="wholebody_onnx", weights={"pose": f"{server.address}/pose.zip"},
                                 weights_sha256={"pose": sha256})
        frames = tmp_path / "frames"
        frames.mkdir()
        first = sorted(tiny_frames.glob("*.parquet"))[0]
        (frames / first.name).symlink_to(first)
        extract_landmarks(frames, tmp_path / "landmarks", params, workers=1, work=tmp_path / "work")
        extractor_metadata(params)
        assert server.asked["/pose.zip"] == 1
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.skeleton.name == "wholebody-65" and store.metadata["channels"] == ["x", "y"]
    made = store.metadata["extractor"]
    assert made["name"] == "coco-wholebody-onnx" and made["settings"]["extractor"] == "wholebody_onnx"
    assert made["files"] == {"weights": params.weights, "weights_sha256": {"pose": sha256}}
    clip_id = store.clip_ids[0]
    model = TrainedModel(torch.nn.Linear(1, 1), parse_model({"family": "spoter"}, "spoter"),
                         {"preprocessing": store.metadata}, tmp_path)
    video = next(path for path in tiny_corpus.rglob("*.mp4") if path.stem in clip_id)
    read = video_reader(model).landmarks(video).coordinates
    assert np.isfinite(read).all() and np.array_equal(read, store[clip_id].coordinates)

    elsewhere = {**made, "files": {"weights": {"pose": str(tmp_path / "pose.zip")}, "weights_sha256": {"pose": sha256}}}
    for policy in (provenance.extractor, provenance.everything):
        assert not provenance.differences({"extractor": made}, {"extractor": elsewhere}, policy)
    another = {**made, "model_hash": "0" * 64}
    [difference] = provenance.differences({"extractor": made}, {"extractor": another}, provenance.extractor)
    assert difference.startswith("model_hash: ")


def test_an_extractor_by_its_dotted_name(tmp_path):
    params = parse({"landmarks": {"extractor": OWN}}).landmarks
    assert params.skeleton == "brightest-2"
    dark = np.zeros((64, 128, 3), np.uint8)
    dark[8:16, 16:24] = dark[40:48, 96:104] = 255
    write_video(tmp_path / "video.mp4", [dark] * 6, fps=12)
    reader = VideoReader(FramesParams(), params)
    found = reader.landmarks(tmp_path / "video.mp4")
    assert reader.source is skeleton("brightest-2") and found.coordinates.shape == (6, 2, 2)
    assert np.abs(found.coordinates * (128, 64) - [[20, 12], [100, 44]]).max() < 8
    assert reader.extractor.metadata["settings"] == {"extractor": OWN}


@pytest.mark.parametrize("content, message", [
    ({"extractor": "task"}, "landmarks.extractor: 'task' is not one of .*did you mean 'tasks'"),
    ({"extractor": "nowhere:Extractor"}, "landmarks.extractor: 'nowhere:Extractor' can't be imported.*install"),
    ({"extractor": "json:dumps"}, "landmarks.extractor: 'json:dumps' is no extractor"),
    ({"extractor": "wholebody_onnx", "skeleton": "holistic-75"},
     "landmarks.skeleton: extractor wholebody_onnx doesn't find 'holistic-75'.*wholebody-65"),
    ({"weights": {"pose": "a.task"}}, "landmarks.weights: extractor holistic has no 'pose'"),
    ({"extractor": "tasks", "weights_sha256": {"hand": "0" * 64}}, "weights_sha256: .*'hand'; its files: pose, hands"),
])
def test_settings_that_lead_nowhere_are_refused_at_once(content, message):
    with pytest.raises(ParamsError, match=message):
        parse({"landmarks": content})


def test_missing_and_wrong_files_are_refused_with_the_way_out(bundles, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "FETCHED", tmp_path / "fetched")

    def refused(message: str, **changes) -> None:
        given = {**bundles.model_dump(), **changes}
        with pytest.raises(ModelError, match=message):
            TasksExtractor.prepare(LandmarksParams.model_validate(given))

    pose, hands = bundles.weights["pose"], bundles.weights["hands"]
    refused(r"needs the weights 'hands'; give landmarks\.weights\.hands a file, or a URL such as https://storage",
            weights={"pose": pose})
    refused("needs the weights 'face'", skeleton="holistic-553")
    refused(r"landmarks\.weights\.pose: there are no weights at .*none\.task",
            weights={"pose": "none.task", "hands": hands})
    refused("sha256 .*, not 0000.*correct the hash", weights_sha256={"pose": "0" * 64})
    refused(f"landmarks.weights.hands: {pose} is no bundle that MediaPipe's HandLandmarker",
            weights={"pose": pose, "hands": pose})
    (tmp_path / "text.task").write_text("no bundle")
    refused("text.task is no bundle that MediaPipe's PoseLandmarker",
            weights={"pose": str(tmp_path / "text.task"), "hands": hands})
    with serve_videos() as server:
        server.content["/pose.task"] = Path(pose).read_bytes()
        refused("need the file's sha256", weights={"pose": f"{server.address}/pose.task", "hands": hands})
        refused("gives a file with the sha256", weights={"pose": f"{server.address}/pose.task", "hands": hands},
                weights_sha256={"pose": "0" * 64})
        refused("HTTP 404", weights={"pose": f"{server.address}/other.task", "hands": hands},
                weights_sha256={"pose": "0" * 64})


@needs_onnx
def test_networks_of_another_kind_are_refused(tmp_path, monkeypatch):
    from tests.helpers.onnx_networks import write_pose

    def refused(message: str, **files: Path) -> None:
        with pytest.raises(ModelError, match=message):
            wholebody_onnx.WholeBodyExtractor.prepare(settings(**files))

    refused(r"needs the weights 'pose'; .*such as https://download\.openmmlab")
    refused("answers with arrays.*17.*not with SimCC's", pose=write_pose(tmp_path / "body.onnx", np.ones(17)))
    (tmp_path / "text.onnx").write_text("no network")
    refused("text.onnx is no network in ONNX", pose=tmp_path / "text.onnx")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    refused(r"the archive has 0 files \*\.onnx", pose=tmp_path / "empty.zip")
    monkeypatch.setattr(wholebody_onnx, "find_spec", lambda name: None)
    refused(r"needs rtmlib and onnxruntime; pip install 'slr\[extractors\]'", pose=tmp_path / "body.onnx")


def test_holistics_provenance_is_what_it_was():
    made = extractor_metadata(LandmarksParams())
    assert list(made) == ["name", "version", "model_hash", "settings"] and "extractor" not in made["settings"]
    assert json.dumps(made)  # JSON-ready
