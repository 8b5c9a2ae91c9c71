"""Importance of joints: gradients against finite differences, and what must be zero."""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from slr.dataset.skeleton import skeleton
from slr.decoding.readings import readings
from slr.inference.joint_importance import joint_importance, write_joint_importance
from slr.inference.model import TrainedModel
from slr.models import build
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.spoter import SpoterParams
from slr.preprocessing.clips import Clips

SMALL = {"width": 32, "heads": 2, "layers": 1, "normalise": "none"}
SENTENCES = {"lstm": PoseCtcParams(**SMALL), "graph": PoseCtcParams(**SMALL, front="graph", strides=[1]),
             "conformer": PoseCtcParams(**SMALL, sequence="conformer", strides=[2, 2])}


def clips_of(joints: int, frames: int = 18) -> Clips:
    """One clip of random landmarks in float64, joint 1 never found."""
    generator = torch.Generator().manual_seed(0)
    mask = torch.rand(frames, joints, generator=generator) > 0.1
    mask[:, 1] = False
    landmarks = torch.randn(frames, joints, 2, generator=generator, dtype=torch.float64) * mask[..., None]
    lengths = torch.tensor([frames])
    return Clips(("a",), landmarks, mask, torch.tensor([0]), lengths, torch.tensor([-1]), torch.tensor([-1]))


def trained_of(params, seed: int = 0) -> TrainedModel:
    """A random model in float64 that isn't given to blanks."""
    torch.manual_seed(seed)
    model = build(params, 3).double().eval()
    if params.task == "continuous":
        model.classify.weight.data.mul_(5)
        model.classify.bias.data[0] -= 1
    return TrainedModel(model, params, {"labels": ["A", "B", "C"]})


def difference(trained: TrainedModel, clips: Clips, scores, changed: np.ndarray) -> list[float]:
    """By how much each score grows, per unit, as the landmarks marked in (T, J) move away from the origin."""
    found = []
    for step in (1e-6, -1e-6):
        scale = torch.from_numpy(1 + step * changed)[..., None]
        with torch.no_grad():
            found.append(scores(trained.model(replace(clips, landmarks=clips.landmarks * scale).batch(
                                                      torch.tensor([0])))))
    return [(more - less) / 2e-6 for more, less in zip(*found, strict=True)]


def agrees(trained: TrainedModel, clips: Clips, scores) -> None:
    found = joint_importance(trained, clips)
    shape = found[0].values.shape
    assert shape == tuple(clips.landmarks.shape[:2])
    one_joint, one_frame = np.zeros(shape), np.zeros(shape)
    one_joint[:, 5], one_frame[7] = 1, 1
    for changed in (np.ones(shape), one_joint, one_frame):
        for of, expected in zip(found, difference(trained, clips, scores, changed), strict=True):
            assert (of.values * changed).sum() == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert all(np.abs(of.values).max() > 1e-3 for of in found)
    assert all(not of.values[~clips.mask.numpy()].any() for of in found)


@pytest.mark.parametrize("name", SENTENCES)
def test_of_sentences_it_is_how_fast_the_glosses_logits_grow(name):
    trained, clips = trained_of(SENTENCES[name]), clips_of(54)
    said = readings(trained.model(clips.batch(torch.tensor([0])))["sequence_logits"][0], trained.labels)
    assert len(said) > 1
    agrees(trained, clips, lambda answer: [of.score(answer["sequence_logits"][0]).item() for of in said])
    found = joint_importance(trained, clips)
    assert [of.gloss.label for of in found] == [of.gloss.label for of in said]
    assert all(0 <= of.gloss.start < of.gloss.end <= 18 for of in found)


def test_of_a_sign_it_is_how_fast_the_best_logit_grows():
    small = {"d_model": 16, "heads": 2, "feedforward": 16, "encoder_layers": 1, "decoder_layers": 1}
    trained, clips = trained_of(SpoterParams(**small, normalise="none")), clips_of(54)
    agrees(trained, clips, lambda answer: [answer["logits"].max().item()])
    (found,) = joint_importance(trained, clips)
    assert (found.gloss.start, found.gloss.end) == (0, 18)


def test_joints_that_the_network_does_not_see_have_none():
    trained = trained_of(PoseCtcParams(**SMALL, joints="holistic-553", streams=["bones"]))
    unseen = np.setdiff1d(np.arange(553), trained.skeleton.bone_indices)
    assert len(unseen) > 400
    for of in joint_importance(trained, clips_of(553)):
        assert not of.values[:, unseen].any() and of.values[:, trained.skeleton.index("left_wrist")].any()


@pytest.mark.parametrize("name", ["spoter-54", "holistic-553"])
def test_the_files_hold_every_joint_and_are_the_same_bytes_each_time(tmp_path, name):
    trained = trained_of(PoseCtcParams(**SMALL, joints=name))
    found = joint_importance(trained, clips_of(len(skeleton(name))))
    for folder in ("once", "again"):
        (tmp_path / folder).mkdir()
        write_joint_importance(tmp_path / folder, found, trained.skeleton, fps=15)
    table = pd.read_csv(tmp_path / "once/importance.csv")
    assert list(table)[:6] == ["number", "gloss", "start_s", "end_s", "frame", "time_s"]
    assert list(table)[6:] == list(trained.skeleton.joints) and len(table) == 18 * len(found)
    for number, of in enumerate(found, 1):
        rows = table[table.number == number]
        np.testing.assert_allclose(rows.iloc[:, 6:].to_numpy(), of.values, rtol=1e-5, atol=1e-12)
        assert set(rows.gloss) == {of.gloss.label} and rows.time_s.iloc[3] == pytest.approx(0.2)
        assert rows.start_s.iloc[0] == pytest.approx(of.gloss.start / 15, rel=1e-4)
    picture = cv2.imread(str(tmp_path / "once/importance.png"))
    assert picture.shape[0] > 200 * len(found) and picture.std() > 5
    for file in ("importance.csv", "importance.png"):
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_where_nothing_is_read_the_table_is_empty(tmp_path):
    write_joint_importance(tmp_path, [], skeleton("boston-3"), fps=15)
    assert list(pd.read_csv(tmp_path / "importance.csv"))[-3:] == ["nose", "left_hand", "right_hand"]
