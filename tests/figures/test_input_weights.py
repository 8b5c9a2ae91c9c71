"""Learned weights as a table and a picture."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from slr.dataset.skeleton import skeleton
from slr.figures.input_weights import importance, panels_of, typical_pose, write_importance
from slr.inference.model import TrainedModel
from slr.models import build
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.preprocessing.clips import Clips

SMALL = {"d_model": 16, "heads": 2, "feedforward": 16, "encoder_layers": 1, "decoder_layers": 1}


def clips_of(joints: int, frames: int = 30, missing: float = 0.1) -> Clips:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([frames // 3, frames - frames // 3])
    return Clips(("a", "b"), torch.randn(frames, joints, 2, generator=generator),
                 torch.rand(frames, joints, generator=generator) > missing, lengths.cumsum(0) - lengths, lengths,
                 torch.tensor([0, 1]), torch.tensor([-1, -1]))


def write(folder: Path, trained: TrainedModel, clips: Clips) -> None:
    write_importance(folder, trained.input_weights(), trained.skeleton, clips.landmarks.numpy(), clips.mask.numpy())


def typical(clips: Clips) -> np.ndarray:
    return typical_pose(clips.landmarks.numpy(), clips.mask.numpy())


def test_a_row_for_each_joint_with_its_own_weights():
    joints = skeleton("holistic-75")
    flat = np.arange(150.0) - 75
    table = importance({"encoder": flat, "decoder": flat * 2}, joints)
    assert list(table) == ["before", "joint", "part", "x", "y", "mean"] and len(table) == 150
    wrist = table[(table.before == "decoder") & (table.joint == "left_hand_wrist")].iloc[0]
    at = joints.index("left_hand_wrist")
    assert (wrist.part, wrist.x, wrist.y) == ("left_hand", 2 * flat[2 * at], 2 * flat[2 * at + 1])
    assert wrist["mean"] == (abs(wrist.x) + abs(wrist.y)) / 2


@pytest.mark.parametrize("name", ["holistic-75", "spoter-54", "right-hand-21", "kinect-20", "boston-3", "holistic-553"])
def test_each_joint_is_drawn_once_whatever_the_skeleton(name):
    joints = skeleton(name)
    drawn = np.concatenate(list(panels_of(joints).values()))
    assert sorted(drawn) == list(range(len(joints)))


@pytest.mark.parametrize(("name", "weights"), [("holistic-75", "query"), ("right-hand-21", "sequence")])
def test_the_files_are_the_models_weights_and_the_same_bytes_each_time(tmp_path, name, weights):
    torch.manual_seed(0)
    params = SiltParams(**SMALL, joints=name, weights=weights, normalise="none")
    model = build(params, 3)
    with torch.no_grad():
        model.embed.weights.copy_(torch.rand(len(model.embed.weights)) - 0.2)
    for folder in ("once", "again"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, TrainedModel(model, params, {}), clips_of(len(skeleton(name))))
    table = pd.read_csv(tmp_path / "once/importance.csv")
    read = table[table.before == "encoder"][["x", "y"]].to_numpy().ravel()
    np.testing.assert_allclose(read, model.embed.weights.detach(), atol=1e-6)
    assert set(table.before) == ({"encoder"} if weights == "query" else {"encoder", "decoder"})
    for file in ("importance.png", "importance_lines.png"):
        picture = cv2.imread(str(tmp_path / "once" / file))
        assert picture.shape[0] > 200 and picture.std() > 5
    for file in ("importance.csv", "importance.png", "importance_lines.png"):
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_an_embedding_has_the_weights_of_its_network(tmp_path):
    params = SiltParams(**SMALL, embedding={}, losses={"triplet": 1})
    trained = TrainedModel(build(params, 3), params, {})
    write(tmp_path, trained, clips_of(75))
    assert len(pd.read_csv(tmp_path / "importance.csv")) == 75


def test_a_model_without_weights_has_none():
    params = SpoterParams(**SMALL)
    assert TrainedModel(build(params, 3), params, {}).input_weights() is None


def test_the_typical_pose_is_a_frame_near_the_median_wherever_it_stands_and_however_large():
    clips = clips_of(4, missing=0)
    shape = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    clips.landmarks[:] = shape * torch.linspace(1, 3, 30)[:, None, None] + torch.linspace(-5, 5, 30)[:, None, None]
    clips.landmarks[4] = torch.randn(4, 2)  # an odd one
    expected = (shape - 0.5) / (2 * 0.25) ** 0.5 * 2**0.5
    np.testing.assert_allclose(typical(clips), expected, atol=1e-4)


def test_joints_that_are_never_found_have_no_place():
    clips = clips_of(6)
    clips.mask[:, 2] = False
    pose = typical(clips)
    assert np.isnan(pose[2]).all() and np.isfinite(pose[[0, 1]]).all()
    clips.mask[:] = False
    assert np.isnan(typical(clips)).all()
