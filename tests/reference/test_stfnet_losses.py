"""STF-Net's losses: CTC of every head, distillation, and their sum."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from slr.losses.ctc import CtcCriterion, ctc, distillation
from slr.params.families.ctc import CtcParams
from tests.helpers.reference import batch_of, given

STEPS, CLIPS, CLASSES = 6, 2, 9
TARGETS = torch.tensor([[3, 5, 5], [2, 8, -1]])


def logits(k: int) -> Tensor:
    """(clips, steps, classes), of the authors' (steps, clips, classes)."""
    return given(k, STEPS, CLIPS, CLASSES, scale=3).transpose(0, 1).detach().requires_grad_()


def test_losses_of_sentences_are_their_authors(theirs):
    conv, sequence, *heads = map(logits, range(4010, 4015))
    lengths = torch.tensor([6, 5])
    batch = replace(batch_of(torch.zeros(CLIPS, 1, 1, 2)), targets=TARGETS)
    terms = CtcCriterion(CtcParams(distillation_over="batch"))({
        "sequence_logits": sequence, "conv_logits": conv, "alignment_logits": heads, "lengths": lengths,
        "lift_losses": torch.tensor([40.25, 12.5])}, batch)
    total = sum(terms.values())
    total.backward()
    theirs.agree("stf_losses", term_ConvCTC=terms["conv_ctc"], total=total, term_Dist=terms["distillation"],
                 term_SeqCTC=terms["sequence_ctc"] + terms["alignment_ctc"],
                 grad_conv_logits=conv.grad.transpose(0, 1), grad_sequence_logits=sequence.grad.transpose(0, 1),
                 grad_alignment0=heads[0].grad.transpose(0, 1))
    assert math.isclose(terms["lift"], 0.0005 * (12.5 + 40.25), rel_tol=1e-6)


def test_each_regulariser_of_lift_pooling_weighs_as_their_authors(theirs):
    batch, nothing = replace(batch_of(torch.zeros(CLIPS, 1, 1, 2)), targets=TARGETS), logits(4010)
    predictor, updater = (CtcCriterion(CtcParams())({
        "sequence_logits": nothing, "conv_logits": nothing, "alignment_logits": [], "lengths": torch.tensor([6, 5]),
        "lift_losses": torch.tensor(one)}, batch)["lift"] for one in ([40.25, 0], [0, 12.5]))
    theirs.agree("stf_losses", term_Cp=predictor, term_Cu=updater)


def test_ctc_of_each_clip_is_its_authors(theirs):
    each = {name: torch.stack([ctc(x[i:i + 1], torch.tensor([length]), TARGETS[i:i + 1])
                               for i, length in enumerate([6, 5])])
            for name, x in (("conv", logits(4010)), ("sequence", logits(4011)))}
    theirs.agree("stf_losses", ctc_each_conv=each["conv"], ctc_each_sequence=each["sequence"])


@pytest.mark.parametrize("temperature", [1, 8])
def test_distillation_without_the_blank_is_its_authors(temperature, theirs):
    found = distillation(logits(4010), logits(4011), torch.tensor([6, 6]), temperature)
    theirs.agree("stf_losses", **{f"distillation_T{temperature}_no_blank": found})
