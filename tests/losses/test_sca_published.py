"""SCA-STGCN's losses as published, beyond their author's numbers: padding, mixed clips, unknown signers, few clips."""

from dataclasses import replace

import torch
from torch import nn

from slr.losses.sca_published import PublishedCriterion, information, mean_size, one_positive, partners
from slr.params.families.stgcn import ScaStgcnParams
from tests.helpers.batches import batch_of


def test_a_partner_is_the_next_clip_of_the_class():
    assert partners(torch.tensor([0, 1, 0, 2, 0, 1])).tolist() == [2, 5, 4, 3, 0, 1]


def test_no_clip_has_no_loss():
    nothing = torch.zeros(0, 4)
    assert one_positive(nothing, torch.zeros(0, dtype=torch.int64), 0.07) == 0
    assert information(nn.Linear(4, 1), nothing, nothing, torch.zeros(0, dtype=torch.int64)) == 0


def test_padding_has_no_size():
    values, frames = torch.tensor([[[1.0], [-3.0], [9.0]]]), torch.tensor([[True, True, False]])
    assert mean_size(values, frames) == 2


def test_clips_with_an_unknown_signer_have_no_part_in_the_information_about_signers(monkeypatch):
    monkeypatch.setattr(torch, "randperm", lambda count: torch.arange(count).flip(0))
    torch.manual_seed(0)
    params = ScaStgcnParams(published=True, losses={"mutual_information": 1, "mutual_information_with": "signers"})
    criterion = PublishedCriterion(params, 8, torch.ones(7), 3)
    outputs = {"logits": torch.zeros(5, 7), "features": torch.randn(5, 8)}
    batch = replace(batch_of(5, 2), signers=torch.tensor([0, -1, 2, 1, -1]))
    known = replace(batch_of(3, 2), signers=torch.tensor([0, 2, 1]))
    of_known = {"logits": torch.zeros(3, 7), "features": outputs["features"][[0, 2, 3]]}
    torch.testing.assert_close(criterion(outputs, batch)["mutual_information"],
                               criterion(of_known, known)["mutual_information"])


def test_a_mixed_clip_has_the_weights_of_both_classes():
    params = ScaStgcnParams(published=True, losses={"class_weights": "balanced"})
    criterion = PublishedCriterion(params, 8, torch.tensor([4, 1]), 0)
    logits = torch.tensor([[0.3, -0.2]])
    one, other = torch.nn.functional.cross_entropy(logits.repeat(2, 1), torch.tensor([0, 1]), reduction="none")
    batch = replace(batch_of(1, 2), mixed_targets=torch.tensor([1]), mixed_share=torch.tensor([0.25]))
    expected = (0.75 * 1 * one + 0.25 * 4 * other) / (0.75 * 1 + 0.25 * 4)
    torch.testing.assert_close(criterion.classification({"logits": logits}, batch), expected)
