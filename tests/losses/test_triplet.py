"""The triplet loss: against a plain loop over all triplets, and others' code."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from torch import Tensor

from benchmarks import published_triplet
from slr.losses.triplet import TripletLoss, all_triplets


def by_loop(features: Tensor, targets: Tensor, margin: float) -> tuple[Tensor, int, int]:
    """(loss, hard, valid), triplet by triplet."""
    clips, valid, hard, total = range(len(targets)), 0, 0, features.new_zeros(())
    for a in clips:
        for p in clips:
            for n in clips:
                if a != p and targets[a] == targets[p] and targets[a] != targets[n]:
                    valid += 1
                    loss = (features[a] - features[p]).norm() - (features[a] - features[n]).norm() + margin
                    if loss > 0:
                        hard += 1
                        total = total + loss
    return total / max(hard, 1) * min(1, 3 * hard / len(targets)), hard, valid


def made(targets: list[int], seed: int, scale: float) -> tuple[Tensor, Tensor]:
    features = torch.randn(len(targets), 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (scale * features).requires_grad_(), torch.tensor(targets)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.integers(0, 1000), st.floats(0.1, 4), st.floats(0.1, 2))
def test_value_counts_and_gradient_are_those_of_a_plain_loop(targets, seed, scale, margin):
    features, targets = made(targets, seed, scale)
    expected, hard, valid = by_loop(features, targets, margin)
    found = all_triplets(features, targets, margin)
    assert (found.used, found.valid) == (hard, valid)
    torch.testing.assert_close(found.loss, expected, rtol=1e-12, atol=1e-12)
    if hard:
        torch.testing.assert_close(*(torch.autograd.grad(loss, features)[0] for loss in (found.loss, expected)),
                                   rtol=1e-10, atol=1e-12)


def test_few_hard_triplets_count_little():
    features = torch.tensor([[0.0], [0.5], [1.4], [9.0], [9.1]], requires_grad=True)
    found = all_triplets(features, torch.tensor([0, 0, 1, 2, 2]), 1.0)
    assert found.used == 2  # 0-1 against the clip at 1.4: from 0 by .1, from .5 by .6
    assert found.loss.item() == pytest.approx((0.1 + 0.6) / 2)
    one = all_triplets(features, torch.tensor([0, 0, 1, 2, 2]), 0.85)
    assert one.used == 1 and one.loss.item() == pytest.approx(0.45 * 3 / 5)


def test_many_hard_triplets_are_the_mean_of_pytorch_metric_learning():
    features, targets = made([i % 8 for i in range(64)], 0, 1.0)
    theirs = TripletMarginLoss(margin=1, distance=LpDistance(normalize_embeddings=False))
    torch.testing.assert_close(all_triplets(features, targets, 1.0).loss, theirs(features, targets))


@pytest.mark.parametrize("targets", [[0], [0, 1, 2], [1, 1, 1]])
def test_without_a_triplet_there_is_no_loss_and_no_gradient(targets):
    features = torch.randn(len(targets), 4, requires_grad=True)
    found = all_triplets(features, torch.tensor(targets), 1.0)
    found.loss.backward()
    assert found.loss == 0 and found.valid == 0 and (features.grad == 0).all()


def test_clips_at_one_place_have_a_finite_gradient():
    features = torch.zeros(6, 4, requires_grad=True)
    found = all_triplets(features, torch.tensor([0, 0, 1, 1, 2, 2]), 1.0)
    found.loss.backward()
    assert found.loss == 1 and found.used == found.valid == 24 and features.grad.isfinite().all()


def test_a_distance_small_beside_the_vectors_lengths_is_kept():
    near = torch.tensor([[0.0, 0], [0.001, 0], [0.003, 0]])
    losses = [all_triplets(near + shift, torch.tensor([0, 0, 1]), 1.0).loss.item() for shift in (0, 100)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_a_loss_that_is_not_finite_says_so():
    features = torch.tensor([[0.0], [torch.nan], [1.0]])
    assert not all_triplets(features, torch.tensor([0, 0, 1]), 1.0).loss.isfinite()


def test_the_report_is_of_training_steps_with_triplets_since_the_last():
    loss = TripletLoss(margin=1)
    assert loss.report() == {"triplets_used": None, "triplets_share": None}
    features = torch.tensor([[0.0], [0.5], [1.4], [9.0], [9.1]])
    loss(features, torch.tensor([0, 0, 1, 2, 2]))  # 2 of 2 * 3 + 2 * 3
    loss(features, torch.tensor([0, 0, 2, 1, 2]))
    loss(features, torch.arange(5))
    loss.eval()(features, torch.tensor([0, 0, 1, 2, 2]))
    steps = [all_triplets(features, torch.tensor(targets), 1.0) for targets in ([0, 0, 1, 2, 2], [0, 0, 2, 1, 2])]
    report = loss.report()
    assert report["triplets_used"] == sum(step.used.item() for step in steps) / 2
    assert report["triplets_share"] == pytest.approx(sum((step.used / step.valid).item() for step in steps) / 2)
    assert loss.report()["triplets_used"] is None


def test_the_published_form_gives_the_same():
    features, targets = made([i % 4 for i in range(16)], 0, 1.0)
    expected = published_triplet.all_triplets(features, targets, 1.0)
    torch.testing.assert_close(all_triplets(features, targets, 1.0).loss, expected)
