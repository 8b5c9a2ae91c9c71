"""SCA-STGCN: its published sizes, what its answers depend on, and what they don't."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from slr.dataset.skeleton import skeleton
from slr.errors import ParamsError
from slr.losses.classification import Criterion
from slr.models import build
from slr.models.sca_stgcn import ClipGRU, SignerAttention, body, framing
from slr.params import parse
from slr.params.families.stgcn import ScaStgcnDetectionParams, ScaStgcnParams
from slr.preprocessing.batch import Batch
from tests.helpers.batches import CLASSES, batch_of, padded, reordered, with_rubbish

SMALL = {"widths": [16, 32, 32], "hidden": 24, "signer_width": 16}
VARIANTS = {
    "additive": ScaStgcnParams(**SMALL),
    "film": ScaStgcnParams(attention="film", **SMALL),
    "hierarchical": ScaStgcnParams(attention="hierarchical", read="ends", **SMALL),
    "none": ScaStgcnParams(attention="none", **SMALL),
    "learned, attention": ScaStgcnParams(signer_encoder="learned", **SMALL),
    "learned, mean": ScaStgcnParams(signer_encoder="learned", signer_pooling="mean", attention="film", **SMALL),
    "learned, max": ScaStgcnParams(signer_encoder="learned", signer_pooling="max", **SMALL),
    "published": ScaStgcnParams(published=True),
    "published film": ScaStgcnParams(published=True, attention="film"),
    "published hierarchical": ScaStgcnParams(published=True, attention="hierarchical", signer_encoder="hybrid"),
    "published learned, mean": ScaStgcnParams(published=True, signer_encoder="learned", signer_pooling="mean"),
    "published learned, max": ScaStgcnParams(published=True, signer_encoder="learned", signer_pooling="max"),
    "dilations": ScaStgcnParams(dilations=[1, 1, 4], **SMALL),
}
REPAIRED = [name for name in VARIANTS if "published" not in name]


@pytest.fixture(params=VARIANTS, scope="module")
def model(request):
    torch.manual_seed(0)
    return build(VARIANTS[request.param], CLASSES).eval()


@pytest.mark.parametrize(("classes", "attention", "pseudo_signers", "numbers"), [
    (10, "additive", 0, 1_089_749), (2, "additive", 0, 1_085_645), (10, "film", 0, 1_114_837),
    (10, "additive", 4, 1_223_129), (10, "film", 4, 1_248_217)])
def test_the_published_configuration_has_the_published_size(classes, attention, pseudo_signers, numbers):
    """Numbers of the state dict; what makes a signer's adversary ours keeps in the criterion."""
    params = ScaStgcnParams(published=True, joints="holistic-553", attention=attention,
                            losses={"adversary": 0.5 if pseudo_signers else 0})
    model = build(params, classes)
    criterion = Criterion(params, model.width, torch.ones(classes), pseudo_signers)
    assert sum(x.numel() for part in (model, criterion) for x in part.state_dict().values()) == numbers
    assert sum(buffer.numel() for name, buffer in model.named_buffers() if "norm" in name) == 643


def test_outputs_are_named_and_finite(model):
    outputs = model(batch_of(3, 9))
    assert outputs["logits"].shape == (3, CLASSES) and outputs["logits"].isfinite().all()
    torch.testing.assert_close(model.classify(outputs["features"]), outputs["logits"])
    assert outputs["features"].shape == (3, model.width)
    if "signer" in outputs:
        assert all(torch.allclose(weights.sum(-1), torch.ones(())) for weights in outputs["attention"])


def test_padding_never_changes_an_answer(model):
    batch = batch_of(3, 9)
    alone, beside = model(batch), model(padded(batch, 30))
    for name in ("logits", "features", *(["signer"] if "signer" in alone else [])):
        assert (alone[name] - beside[name]).abs().max() <= 1e-5
    for one, other in zip(alone.get("attention", []), beside.get("attention", []), strict=True):
        assert (F.pad(one, (0, 30, 0, 30)) - other).abs().max() <= 1e-5


def test_a_clip_answers_the_same_in_a_batch_with_longer_ones(model):
    batch = replace(batch_of(3, 12), lengths=torch.tensor([12, 5, 1]))
    together = model(replace(batch, mask=batch.mask & batch.frames[..., None]))["logits"]
    for i, length in enumerate(batch.lengths.tolist()):
        one = Batch(batch.landmarks[i:i + 1, :length], batch.mask[i:i + 1, :length], batch.lengths[i:i + 1],
                    batch.targets[i:i + 1], batch.signers[i:i + 1], batch.clip_ids[i:i + 1])
        assert (model(one)["logits"][0] - together[i]).abs().max() <= 1e-5


def test_what_stands_in_a_missing_joint_never_changes_an_answer(model):
    batch = batch_of(3, 9)
    assert torch.equal(model(batch)["logits"], model(with_rubbish(batch))["logits"])


def test_the_order_of_frames_counts(model):
    batch = batch_of(2, 12)
    backwards = reordered(batch, torch.arange(12).flip(0))
    assert (model(batch)["logits"] - model(backwards)["logits"]).abs().max() > 1e-4


def gradients(name: str) -> dict[str, float]:
    """Size of the gradient of each parameter, in evaluation."""
    torch.manual_seed(0)
    model = build(VARIANTS[name], CLASSES).eval()
    F.cross_entropy(model(batch_of(8, 20))["logits"], torch.arange(8) % CLASSES).backward()
    return {name: 0 if weight.grad is None else weight.grad.abs().max().item()
            for name, weight in model.named_parameters()}


NONE = 1e-10
"""Rounding's gradients are smaller, the smallest of the others some times larger."""


@pytest.mark.parametrize("name", REPAIRED)
def test_gradients_reach_every_parameter(name):
    assert [weight for weight, size in gradients(name).items() if size < NONE] == []


def test_gradients_do_not_reach_the_published_signer_encoder_and_backward_gru():
    """Softmax doesn't see what is added to all scores alike; a GRU's first step has no state to multiply."""
    dead = {weight for weight, size in gradients("published").items() if size < NONE}
    assert dead == {weight for weight in gradients("published") if weight.startswith("signer_encoder.")} | {
        "gru.back.weight_hh_l0"}
    assert [weight for weight, size in gradients("published film").items() if size < NONE] == ["gru.back.weight_hh_l0"]
    hybrid = [weight for weight, size in gradients("published hierarchical").items() if size < NONE]
    assert hybrid == ["signer_encoder.features.score.2.bias", "gru.back.weight_hh_l0"]


@pytest.mark.parametrize(("kind", "bare", "counts"), [("additive", True, False), ("additive", False, True),
                                                      ("film", True, True), ("film", False, True)])
def test_the_signer_steers_attention_unless_it_is_additive_as_published(kind, bare, counts):
    torch.manual_seed(0)
    attend, x = SignerAttention(16, 4, 8, kind, bare), torch.randn(2, 6, 16)
    frames = torch.ones(2, 6, dtype=torch.bool)
    (_, one), (_, other) = (attend(x, None, signer, frames) for signer in torch.randn(2, 2, 8))
    assert (one - other).abs().max() > 1e-3 if counts else (one - other).abs().max() < 1e-6


def test_the_gru_is_torchs_bidirectional_one():
    torch.manual_seed(0)
    both, ours = torch.nn.GRU(5, 7, batch_first=True, bidirectional=True), ClipGRU(5, 7, "ends")
    for name, weight in both.named_parameters():
        part = ours.back if name.endswith("_reverse") else ours.there
        getattr(part, name.removesuffix("_reverse")).data.copy_(weight)
    x, lengths = torch.randn(3, 9, 5), torch.tensor([9, 4, 1])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
    steps, ends = both(packed)
    steps, _ = torch.nn.utils.rnn.pad_packed_sequence(steps, batch_first=True)
    close = {"atol": 1e-6, "rtol": 0}
    torch.testing.assert_close(ours(x, lengths), ends.transpose(0, 1).flatten(1), **close)
    ours.read = "last"
    torch.testing.assert_close(ours(x, lengths), steps[range(3), lengths - 1], **close)
    ours.read = "mean"
    torch.testing.assert_close(ours(x, lengths), steps.sum(1) / lengths[:, None], **close)


def test_published_statistics_are_means_and_deviations_of_x_and_y():
    batch = replace(batch_of(2, 6), lengths=torch.tensor([6, 4]))
    found = framing(with_rubbish(replace(batch, mask=batch.mask & batch.frames[..., None])))
    for i, length in enumerate((6, 4)):
        xy = batch.landmarks[i, :length].flatten(0, 1)
        expected = torch.stack([xy.mean(0), xy.std(0, correction=0)], 1).flatten()  # missing joints are zeros
        torch.testing.assert_close(found[i], expected)


def test_body_statistics_do_not_change_with_the_camera_and_do_with_the_body():
    joints = skeleton("spoter-54")
    bones, batch = torch.from_numpy(joints.bone_indices), batch_of(2, 8)
    moved = batch.with_landmarks(batch.landmarks * 1.7 + torch.tensor([0.2, -0.1]))
    torch.testing.assert_close(body(moved, bones), body(batch, bones), atol=1e-5, rtol=1e-4)
    longer = batch.landmarks.clone()
    longer[:, :, joints.index("left_ear")] += 3
    difference = (body(batch.with_landmarks(longer), bones) - body(batch, bones))[:, :len(bones)].abs()
    assert difference.argmax(1).tolist() == [joints.bones.index(("left_eye", "left_ear"))] * 2


def test_published_replaces_network_and_training_and_leaves_what_varies():
    params = ScaStgcnParams(published=True, attention="film", lr=0.5, hidden=3, joints="holistic-67", epochs=3,
                            losses={"contrastive": 0.1}, graph="bones", augment={"mirror": 0.5}, batch_size=4)
    assert (params.attention, params.joints, params.epochs, params.losses.contrastive) == ("film", "holistic-67", 3, .1)
    assert (params.graph, params.hidden, params.lr, params.read) == ("chain", 256, 0.001, "last")
    assert (params.units, params.normalise, params.batch_size, params.optimizer) == ("frame", "raw", 32, "adam")
    assert (params.augment.probability, params.augment.mirror, params.augment.noise_std) == (0, 0, 0)
    assert ScaStgcnParams(**params.model_dump()) == params
    assert ScaStgcnParams(published=True).epochs == ScaStgcnParams(published=True).patience == 50


def test_published_detection_weighs_two_classes_and_reads_every_window():
    two, three, plain = (ScaStgcnDetectionParams(published=True, **settings) for settings in (
        {}, {"windows": {"classes": 3, "frames": 9}}, {"losses": {"class_weights": "none"}}))
    assert [params.losses.class_weights for params in (two, three, plain)] == ["balanced", "none", "none"]
    assert {(params.windows.frames, params.windows.stride) for params in (two, three)} == {(25, 1)}
    assert (two.windows.classes, three.windows.classes, two.losses.published) == (2, 3, True)


def test_each_block_has_its_dilation():
    """1, 2, 3 unless they are given."""
    for settings, expected in (({}, [1, 2, 3]), ({"dilations": [1, 1, 4]}, [1, 1, 4])):
        network = build(ScaStgcnParams(**SMALL, **settings), CLASSES)
        assert [block.temporal.dilation for block in network.blocks] == [(step, 1) for step in expected]


@pytest.mark.parametrize(("settings", "problem"), [
    ({"kernel": 4}, "4 frames have no middle"),
    ({"heads": 7}, "7 heads don't divide the width of 128"),
    ({"dilations": [1, 2]}, "dilations: 2 for 3 blocks"),
    ({"published": True, "attention": "none"}, "wasn't published without"),
    ({"published": True, "losses": 3}, "losses"),
    ({"normalise": "raw"}, "raw coordinates are in widths and heights of the frame; set units: frame"),
    ({"signer_encoder": "hybrid"}, "hybrid is there as published alone"),
    ({"attention": "none", "losses": {"mutual_information": 0.1}}, "no embedding of the signer"),
    ({"attention": "none", "losses": {"attention_sparsity": 0.1}}, "no attention over time"),
    ({"augment": {"mixup": 0.2}, "losses": {"contrastive": 0.1}}, "mixup leaves no clip"),
])
def test_settings_that_do_not_fit_are_refused_at_once(settings, problem):
    with pytest.raises(ParamsError, match=problem):
        parse({"models": {"m": {"family": "sca_stgcn", **settings}}, "train": {"model": "m", "models": ["m"]}})
