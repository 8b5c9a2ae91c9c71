"""The whole of STF-Net, repaired: its outputs, switches, padding, checkpointing."""

from dataclasses import replace
from itertools import groupby

import pytest
import torch

from slr.losses.ctc import CtcCriterion
from slr.models.stfnet import Stfnet
from slr.params.families.stfnet import StfnetParams
from tests.helpers.rgb_batches import CLASSES, TINY, alone, batch_of, network

LENGTHS = (13, 4, 1)


def parts(model: Stfnet) -> dict[str, int]:
    return {name: sum(weight.numel() for weight in part.parameters()) for name, part in model.named_children()}


@pytest.mark.parametrize(("backbone", "of_backbone"), [("resnet18", 11_176_512), ("resnet34", 21_284_672)])
def test_sizes_of_each_part(backbone, of_backbone):
    """With 1,200 classes."""
    fusions = sum(3 * c + 5 * c + 2 + 2 * c * c // 8 + 98 + 6 * c + 18 * c + 1 for c in (128, 256, 512))
    heads = sum(512 * c + 2 * 512 + 2 * 512 * 128 * 3 // (128 // factor) + 128 + 512 + 512 * 512 + 512
                for c, factor in ((128, 1), (256, 2), (512, 4)))
    lift = 2 * (1024 * 3 + 1024 + 1024**2 + 1024) + 2 * (1024**2 * 5 + 1024 + 2 * 1024)
    lstm = 2 * 2 * (4 * 512 * (1024 + 512) + 2 * 4 * 512)
    assert parts(Stfnet(StfnetParams(backbone=backbone), None, 1199)) == {
        "backbone": of_backbone, "fusions": fusions, "alignments": heads,
        "temporal": 5 * 512 * 1024 + 5 * 1024**2 + 2 * (1024 + 4 * 2 * 1024) + 2 * lift,
        "lstm": lstm, "classifiers": 1200 * 1024}


def test_outputs_are_named_shaped_and_finite():
    outputs = network()(batch_of(*LENGTHS))
    assert outputs["lengths"].tolist() == [4, 1, 1]
    assert len(outputs["alignment_logits"]) == 3
    for logits in (outputs["sequence_logits"], outputs["conv_logits"], *outputs["alignment_logits"]):
        assert logits.shape == (3, 4, CLASSES) and logits.isfinite().all() and logits.dtype == torch.float32
    assert outputs["features"].shape == (3, 4, 32)
    assert outputs["lift_losses"].shape == (2,) and (outputs["lift_losses"] > 0).all()


def test_frames_are_told_apart_where_that_has_a_weight():
    batch = batch_of(*LENGTHS)
    assert "frame_logits" not in network()(batch)
    model = network(ctc={"frames": 1}).train()
    logits = model(batch)["frame_logits"]
    assert logits.shape == (3, 4, CLASSES)
    logits.logsumexp(2).sum().backward()
    assert model.classify_frames.weight.grad.any() and model.backbone.conv1.weight.grad.any()


def logits_of(outputs: dict) -> list[torch.Tensor]:
    return [outputs["sequence_logits"], outputs["conv_logits"], *outputs["alignment_logits"]]


def test_a_clip_answers_the_same_alone_and_beside_longer_ones():
    model, batch = network(), batch_of(*LENGTHS)
    together = model(batch)
    for clip in range(3):
        single = model(alone(batch, clip))
        own = int(single["lengths"])
        assert together["lengths"][clip] == own
        for one, other in zip(logits_of(together), logits_of(single), strict=True):
            assert (one[clip, :own] - other[0]).abs().max() <= 1e-5
    losses = torch.stack([model(alone(batch, clip))["lift_losses"] for clip in range(3)]).mean(0)
    torch.testing.assert_close(together["lift_losses"], losses)


@pytest.mark.parametrize("training", [True, False])
def test_padding_never_changes_an_answer(training):
    """In training too, where norms take statistics of all clips of the batch."""
    model, batch = network().train(training), batch_of(*LENGTHS)
    longer = replace(batch, images=torch.nn.functional.pad(batch.images, (0, 0, 0, 0, 0, 7), value=-1e3))
    for one, other in zip(logits_of(model(batch)), logits_of(model(longer)), strict=True):
        torch.testing.assert_close(one, other)


def test_the_backbone_reads_a_long_clip_in_parts_with_the_same_result():
    model, batch = network(), batch_of(21)
    whole = model(batch)
    model.FRAMES_AT_ONCE = 4
    for one, other in zip(logits_of(whole), logits_of(model(batch)), strict=True):
        assert (one - other).abs().max() <= 1e-5


def trained_step(checkpointing: bool) -> tuple[list[torch.Tensor], dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Logits, gradients and, after the step, all that the network holds."""
    model, batch = network(checkpointing=checkpointing).train(), batch_of(*LENGTHS, targets=[[1, 2], [3], []])
    outputs = model(batch)
    sum(CtcCriterion(StfnetParams().ctc)(outputs, batch).values()).backward()
    return logits_of(outputs), {name: weight.grad for name, weight in model.named_parameters()}, model.state_dict()


def test_checkpointing_changes_nothing_but_what_is_kept():
    kept, again = trained_step(False), trained_step(True)
    for one, other in zip(kept[0], again[0], strict=True):
        torch.testing.assert_close(one, other)
    for name, gradient in kept[1].items():
        torch.testing.assert_close(gradient, again[1][name], msg=name)
    for name, value in kept[2].items():  # norms' statistics count each batch once
        torch.testing.assert_close(value, again[2][name], msg=name)


def kept_for_the_gradient(checkpointing: bool) -> int:
    """Bytes of distinct tensors that a forward pass keeps, without the weights."""
    model, batch = network(checkpointing=checkpointing).train(), batch_of(8, side=64)
    own = {weight.untyped_storage().data_ptr() for weight in [*model.parameters(), *model.buffers()]}
    seen = {}

    def keep(x: torch.Tensor) -> torch.Tensor:
        seen[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        outputs = model(batch)
    assert outputs["sequence_logits"].requires_grad
    return sum(size for pointer, size in seen.items() if pointer not in own)


def test_checkpointing_keeps_less_than_half():
    assert kept_for_the_gradient(True) < 0.5 * kept_for_the_gradient(False)


def test_gradients_reach_every_weight():
    _, gradients, _ = trained_step(True)
    assert [name for name, gradient in gradients.items() if not gradient.abs().max() > 0] == []


def test_the_order_of_frames_counts_already_before_the_temporal_layers():
    """Fusion sees neighbours: with it, turning a clip around isn't turning its features around."""
    model, batch = network(), batch_of(12)
    turned = replace(batch, images=batch.images.flip(2))

    def difference() -> float:
        there, back = (model._read(each.images[0].transpose(0, 1), each.lengths)[0] for each in (batch, turned))
        return (there - back.flip(0)).abs().max().item()

    assert difference() > 1e-3
    for fusion in model.fusions:
        fusion.alpha.data.zero_()
    assert difference() < 1e-5


def test_switches_take_away_what_they_name():
    with_all = parts(network())
    without = parts(network(alignment=False))
    norms = 3 * 2 * 2 * 32  # of three heads, in two layers
    assert without == {**with_all, "alignments": 0, "temporal": with_all["temporal"] - norms}
    assert network(alignment=False)(batch_of(5))["alignment_logits"] == []
    assert not any(".excite." in name for name, _ in network(alignment_attention=False).named_parameters())
    assert any(".excite." in name for name, _ in network().named_parameters())
    pooled = network(pooling="max")
    lift = sum(weight.numel() for name, weight in network().temporal.named_parameters() if "weigh_" in name
               or "predict" in name or "update" in name)
    assert parts(pooled)["temporal"] == with_all["temporal"] - lift
    assert pooled(batch_of(5))["lift_losses"].tolist() == [0, 0]
    assert parts(network(share_classifier=False))["classifiers"] == 5 * with_all["classifiers"]
    assert parts(network(share_classifier=False, alignment=False))["classifiers"] == 2 * with_all["classifiers"]
    assert parts(network(normalise_classifier=False))["classifiers"] == with_all["classifiers"] + CLASSES
    assert network(temporal=["K3", "P2"])(batch_of(9))["lengths"].tolist() == [5]


@pytest.mark.parametrize("shared", [True, False])
def test_heads_share_a_classifier_or_have_one_each(shared):
    model, batch = network(share_classifier=shared), batch_of(9)
    before = logits_of(model(batch))
    model.classifiers[0].weight.data.normal_()
    changed = [not torch.equal(one, other) for one, other in zip(before, logits_of(model(batch)), strict=True)]
    assert changed == ([True] * 5 if shared else [True] + [False] * 4)


@pytest.mark.skipif(not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="a processor without bf16")
def test_mixed_precision_is_finite_and_near():
    model, batch = network().train(), batch_of(12, 8, targets=[[1, 2], [3]])
    exact = model(batch)["conv_logits"]
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(batch)
    assert outputs["sequence_logits"].dtype == outputs["conv_logits"].dtype == torch.float32
    assert (outputs["conv_logits"] - exact).abs().max() < 0.2 * exact.abs().max()
    sum(CtcCriterion(StfnetParams().ctc)(outputs, batch).values()).backward()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


def test_a_tiny_network_learns_to_read_movements_and_their_order():
    """Sentences of a bright square that goes down (1) or right (2), of one and of two glosses."""
    torch.manual_seed(0)
    model, targets = Stfnet(StfnetParams(**TINY | {"alignment": False}), None, 2).train(), [[1, 2], [2, 1], [1], [2]]
    images = torch.zeros(4, 3, 24, 32, 32)
    for clip, glosses in zip(images, targets, strict=True):
        for t in range(12 * len(glosses)):
            way, down = 4 + 20 * (t % 12) // 12, glosses[t // 12] == 1
            row, column = (way, 12) if down else (12, way)
            clip[:, t] = -1
            clip[:, t, row:row + 8, column:column + 8] = 1
    batch = replace(batch_of(24, 24, 12, 12, targets=targets), images=images)
    criterion, optimizer = CtcCriterion(StfnetParams().ctc), torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(30):
        optimizer.zero_grad()
        sum(criterion(model(batch), batch).values()).backward()
        optimizer.step()
    outputs = model(batch)
    paths = [logits[:length].argmax(1).tolist() for logits, length in zip(
        outputs["sequence_logits"], outputs["lengths"], strict=True)]
    assert [[gloss for gloss, _ in groupby(path) if gloss] for path in paths] == targets


@pytest.mark.parametrize(("settings", "problem"), [
    ({"temporal": ["P2", "K5"]}, "begin with a convolution"),
    ({"temporal": ["K4"]}, "4 frames of K4 have no middle"),
    ({"temporal": ["K5", "P3"]}, "lift pooling makes one frame of two"),
    ({"temporal": ["K5", "X2"]}, "String should match"),
    ({"hidden": 33}, "multiple of 2"),
    ({"images": {"crop": 300}}, "300 pixels can't be cut out of 256"),
    ({"weights": "https://example.org/resnet34.pth"}, "weights_sha256: weights from an address"),
])
def test_settings_that_do_not_fit_are_refused_at_once(settings, problem):
    with pytest.raises(ValueError, match=problem):
        StfnetParams(**settings)


def test_max_pooling_takes_three_frames_too():
    assert network(temporal=["K5", "P3"], pooling="max")(batch_of(7))["lengths"].tolist() == [3]
