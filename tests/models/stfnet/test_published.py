"""STF-Net as published: its settings, what padding does in it, and its authors' arrangement; tests/reference has the
numbers."""

from dataclasses import replace

import pytest
import torch

from benchmarks.published_stfnet import SolidStfnet
from slr.losses.ctc import CtcCriterion
from slr.models import build
from slr.models.stfnet import Stfnet
from slr.models.stfnet.published import PublishedStfnet
from slr.params.families.stfnet import StfnetParams
from tests.helpers.rgb_batches import alone, batch_of, network

LENGTHS = (13, 4, 1)


def logits_of(outputs: dict) -> list[torch.Tensor]:
    return [outputs["sequence_logits"], outputs["conv_logits"], *outputs["alignment_logits"]]


def trained_step(form: type[Stfnet], **settings) -> tuple[list[torch.Tensor], dict[str, torch.Tensor], Stfnet]:
    """Logits, gradients by name, and the network, in float64: in float32 rounding changes gradients visibly.

    With 32 pixels the last stage's maps are 1 x 1, and torch 2.13's batch norm can return wrong gradients for those.
    """
    model = network(form, **settings).double().train()
    batch = batch_of(5, 1, side=64, targets=[[1, 2], []])
    outputs = model(replace(batch, images=batch.images.double()))
    sum(CtcCriterion(StfnetParams().ctc)(outputs, batch).values()).backward()
    return logits_of(outputs), {name: weight.grad for name, weight in model.named_parameters()}, model


def test_published_replaces_the_whole_block_but_what_a_corpus_and_a_machine_need():
    params = StfnetParams(published=True, epochs=3, patience=2, backbone="resnet18", weights="resnet18.pth",
                          alignment_attention=False, min_glosses=2, checkpointing=False, lr=0.5, hidden=64,
                          images={"crop": 32, "resize": 32, "keep_mib": 7}, ctc={"frames": 1})
    assert (params.epochs, params.patience, params.backbone, params.weights) == (3, 2, "resnet18", "resnet18.pth")
    assert (params.alignment_attention, params.min_glosses, params.checkpointing) == (False, 2, False)
    assert (params.lr, params.hidden, params.gradient_clip, params.ctc.frames) == (1e-4, 1024, 0, 0)
    assert (params.images.crop, params.images.resize, params.images.keep_mib) == (224, 256, 7)
    assert StfnetParams(published=True).epochs == 100
    assert StfnetParams(**params.model_dump()) == params


@pytest.mark.parametrize(("published", "form"), [(True, PublishedStfnet), (False, Stfnet)])
def test_the_setting_chooses_the_form(published, form):
    with torch.device("meta"):
        assert type(build(StfnetParams(published=published, backbone="tiny"), 3)) is form


def test_padding_up_to_the_longest_clip_is_read_and_none_behind_it():
    model, batch = network(PublishedStfnet), batch_of(*LENGTHS)
    together = model(batch)
    assert together["lengths"].tolist() == [4, 1, 1]
    longest, short = model(alone(batch, 0)), model(alone(batch, 1))
    for one, other in zip(*map(logits_of, (together, longest)), strict=True):
        assert (one[0] - other[0]).abs().max() <= 1e-5
    assert (together["conv_logits"][1, :1] - short["conv_logits"][0]).abs().max() > 1e-3
    longer = replace(batch, images=torch.nn.functional.pad(batch.images, (0, 0, 0, 0, 0, 7), value=-1e3))
    for one, other in zip(*map(logits_of, (together, model(longer))), strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_reach_every_weight_but_the_projection_that_nothing_reads():
    _, gradients, _ = trained_step(PublishedStfnet)
    without = {name for name, gradient in gradients.items() if gradient is None or not gradient.any()}
    assert without == {f"alignment.unused.{name}" for name in ("0.weight", "0.bias", "1.weight", "1.bias")}


def test_fusion_starts_as_nothing_and_alpha_can_learn():
    torch.manual_seed(0)
    model = PublishedStfnet(StfnetParams(backbone="tiny", hidden=32), None, 4)
    assert not model.alpha.any()
    model(batch_of(5))["sequence_logits"].square().sum().backward()
    assert model.alpha.grad.all() and not any(weight.grad.any() for weight in model.fusions.parameters())


@pytest.mark.parametrize("other", [{"form": PublishedStfnet, "checkpointing": True}, {"form": SolidStfnet}])
def test_checkpointing_and_the_authors_arrangement_give_the_same(other):
    """The arrangement with 3-D convolutions, that the benchmark times."""
    settings = {"hidden": 32, "checkpointing": False}
    logits, gradients, model = trained_step(PublishedStfnet, **settings)
    others = trained_step(**settings | other)
    for one, another in zip(logits, others[0], strict=True):
        torch.testing.assert_close(one, another)
    for name, gradient in gradients.items():
        if gradient is not None:
            off = (gradient - others[1][name].view_as(gradient)).abs().max()
            assert off <= 1e-5 * gradient.abs().max() + 1e-9, name
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, others[2].state_dict()[name].view_as(value))
