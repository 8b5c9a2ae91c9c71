"""The ensemble of temporal convolutions: padding, missing joints, gradients, order, and members that stay apart."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from slr.dataset.skeleton import skeleton
from slr.errors import ParamsError
from slr.losses.classification import Criterion
from slr.models import build
from slr.params.families.multistream import MultistreamParams
from slr.preprocessing.augment.space import yaw
from tests.helpers.batches import CLASSES, batch_of, padded, reordered, with_rubbish

SMALL = {"widths": [8, 8, 12], "strides": [2, 1, 1], "seeds": 2}
ALL_VIEWS = [["joints", "joint_motions"], ["bones"], ["bone_motions"]]
VARIANTS = {
    "default": MultistreamParams(),
    "small": MultistreamParams(**SMALL, streams=ALL_VIEWS),
    "one network": MultistreamParams(widths=[8], strides=[1], kernel=3, streams=[["joints"]], seeds=1),
    "facing": MultistreamParams(**SMALL, smooth=True, streams=ALL_VIEWS, joints="kinect-20", channels=3, facing=True,
                                turn_degrees=10),
    "all views": MultistreamParams(**SMALL, joints="kinect-12", channels=3, facing=True, smooth=True, streams=[
        ["directions", "direction_motions"], ["reaches"], ["reach_motions", "joints"]]),
}


def made(params: MultistreamParams) -> torch.nn.Module:
    """A model whose norms have seen a few batches, so that running statistics aren't those of an untrained one."""
    torch.manual_seed(0)
    model = build(params, CLASSES)
    for seed in range(3):
        model(batch_of(4, 20, len(skeleton(params.joints)), channels=3, seed=seed))
    return model.eval()


@pytest.fixture(params=VARIANTS, scope="module")
def case(request):
    """(model in evaluation mode, number of its batches' joints)"""
    params = VARIANTS[request.param]
    return made(params), len(skeleton(params.joints))


def test_outputs_are_named_and_finite(case):
    model, joints = case
    outputs = model(batch_of(3, 9, joints, channels=4))  # of more channels than it wants, a model takes the first
    assert outputs["logits"].shape == (3, CLASSES) and outputs["logits"].isfinite().all()
    assert outputs["members"].shape == (3, model.members, CLASSES)
    assert outputs["features"].shape == (3, model.width)


def test_logits_are_of_the_mean_of_the_members_probabilities(case):
    model, joints = case
    outputs = model(batch_of(3, 9, joints, channels=3))
    torch.testing.assert_close(outputs["logits"].softmax(1), outputs["members"].softmax(2).mean(1))
    torch.testing.assert_close(outputs["logits"].exp().sum(1), torch.ones(3))


def test_padding_never_changes_an_answer(case):
    model, joints = case
    batch = batch_of(3, 9, joints, channels=3)
    alone = model(batch)["logits"]
    for frames in (1, 2, 31):
        assert (alone - model(padded(batch, frames))["logits"]).abs().max() <= 1e-5


def test_padding_never_changes_what_is_learned():
    torch.manual_seed(0)
    params = MultistreamParams(**SMALL, streams=ALL_VIEWS, dropout=0, head_dropout=0)
    model = build(params, CLASSES).train()
    batch = batch_of(3, 9, channels=3)
    alone, beside = model(batch)["members"], model(padded(batch, 6))["members"]
    torch.testing.assert_close(alone, beside, atol=1e-5, rtol=1e-4)


def test_what_stands_in_a_missing_joint_never_changes_an_answer(case):
    model, joints = case
    batch = batch_of(3, 9, joints, channels=3)
    assert torch.equal(model(batch)["logits"], model(with_rubbish(batch))["logits"])


def test_gradients_reach_every_parameter(case):
    model, joints = case
    model.zero_grad()
    batch = batch_of(4, 20, joints, channels=3)
    hidden = batch.mask.clone()
    hidden[1] = False  # every joint is missing somewhere
    outputs = model(batch.with_landmarks(batch.landmarks, hidden))
    torch.nn.functional.cross_entropy(outputs["members"].transpose(1, 2), batch.targets[:, None].expand(
        -1, model.members)).backward()
    dead = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.abs().sum() > 0]
    assert dead == []


def test_the_order_of_frames_counts(case):
    model, joints = case
    batch = batch_of(2, 12, joints, channels=3)
    shuffle = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    assert (model(batch)["members"] - model(reordered(batch, shuffle))["members"]).abs().max() > 1e-3


def test_members_learn_apart():
    """The loss of one member moves no weight of another."""
    model = made(VARIANTS["small"])
    outputs = model(batch_of(3, 9, channels=3))
    outputs["members"][:, 0].sum().backward()
    assert model.classify.grad[0].abs().sum() > 0 and not model.classify.grad[1:].any()
    of_member = model.blocks[0].convolve.weight.grad.unflatten(0, (model.members, -1)).flatten(1).abs().sum(1)
    assert of_member[0] > 0 and not of_member[1:].any()


def test_members_of_one_stream_start_differently():
    model = made(VARIANTS["small"])
    members = model(batch_of(3, 9, channels=3))["members"]
    streams = len(ALL_VIEWS)
    assert model.members == 2 * streams
    assert all((members[:, i] - members[:, i + streams]).abs().max() > 1e-3 for i in range(streams))


def test_the_criterion_learns_from_members():
    params = VARIANTS["small"]
    model = made(params)
    batch = batch_of(3, 9, channels=3)
    outputs = model(batch)
    criterion = Criterion(params, model.width, torch.ones(CLASSES), 0)
    expected = torch.stack([torch.nn.functional.cross_entropy(member, batch.targets, label_smoothing=0.1)
                            for member in outputs["members"].unbind(1)]).mean()
    torch.testing.assert_close(criterion(outputs, batch)["cross_entropy"], expected)


def test_a_model_that_faces_the_camera_sees_no_turn():
    model = made(VARIANTS["facing"])
    batch = batch_of(3, 9, 20, channels=3)
    batch.landmarks[:, :, 2:4] = torch.tensor([[-0.5, 0, 0.1], [0.5, 0, -0.1]])  # the shoulders stay in their places
    batch = batch.with_landmarks(batch.landmarks)
    turned = batch.with_landmarks(yaw(batch.landmarks, torch.tensor([0.3, -0.2, 0.1])))
    torch.testing.assert_close(model(turned)["logits"], model(batch)["logits"], atol=1e-4, rtol=1e-4)


def test_turns_are_random_in_training_alone():
    model = made(VARIANTS["facing"])
    batch = batch_of(3, 9, 20, channels=3)
    assert torch.equal(model.views(batch)["joints"], model.views(batch)["joints"])
    model.train()
    assert not torch.equal(model.views(batch)["joints"], model.views(batch)["joints"])


def test_a_number_that_a_batch_lacks_keeps_its_statistics():
    model = build(VARIANTS["one network"], CLASSES).train()
    batch = batch_of(3, 9)
    mask = batch.mask.clone()
    mask[:, :, 5] = False
    standard = model.views.standard["joints"]
    model(batch.with_landmarks(batch.landmarks, mask))
    assert not standard.mean[10:12].any() and (standard.variance[10:12] == 1).all()
    assert standard.mean[8:10].all() and (standard.variance[8:10] != 1).all()


def test_a_clip_without_any_joint_has_an_answer():
    model = made(VARIANTS["small"]).train()
    batch = batch_of(2, 6)
    empty = replace(batch, mask=torch.zeros_like(batch.mask), landmarks=torch.zeros_like(batch.landmarks))
    assert model(empty)["logits"].isfinite().all()


def test_facing_needs_shoulders():
    with pytest.raises(ParamsError, match="right-hand-21.*no shoulders"):
        build(MultistreamParams(joints="right-hand-21", channels=3, facing=True), CLASSES)


def test_reaches_need_hands_and_a_body():
    with pytest.raises(ParamsError, match="right-hand-21.*no hands that reach"):
        build(MultistreamParams(joints="right-hand-21", streams=[["reaches"]]), CLASSES)


def test_directions_dont_tell_how_long_limbs_are():
    views = build(MultistreamParams(**SMALL, joints="kinect-12", streams=[["directions"]]), CLASSES).eval().views
    batch = batch_of(3, 9, 12)
    batch = batch.with_landmarks(batch.landmarks * 40)  # no bone is too short to tell
    longer = batch.with_landmarks(batch.landmarks * 1.3)
    torch.testing.assert_close(views(longer)["directions"], views(batch)["directions"])


@pytest.mark.parametrize("wrong, says", [
    ({"widths": [8, 8], "strides": [1]}, "strides: 1 for 2 blocks"),
    ({"kernel": 4}, "make it odd"),
    ({"facing": True}, "set channels: 3"),
    ({"turn_degrees": 5}, "set that"),
    ({"streams": [["elbows"]]}, "joints"),
    ({"streams": [[]]}, "at least 1"),
])
def test_settings_that_dont_fit_say_what_would(wrong, says):
    with pytest.raises(ValidationError, match=says):
        MultistreamParams(**wrong)
