"""Collapse: known by how far apart clips are, and in how many dimensions."""

import pytest
import torch

from slr.losses.collapse import advice, collapse_facts, collapsed
from slr.params import LossParams

TRIPLET, ANGLES = LossParams(triplet=1, triplet_margin=2), LossParams(proxy=1)


def vectors(dimensions: int = 8, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    return shift + scale * torch.randn(4000, dimensions, generator=torch.Generator().manual_seed(0))


def test_the_spread_is_the_distance_of_two_clips_in_margins():
    x = vectors()[:300]
    apart = torch.cdist(x, x).square().mean().sqrt() / 2
    assert collapse_facts(x, TRIPLET)["spread"] == pytest.approx(apart.item(), rel=1e-3)
    assert collapse_facts(x, ANGLES)["spread"] == pytest.approx(2 ** 0.5, rel=0.02)


@pytest.mark.parametrize("filled", [1, 3, 8])
def test_dimensions_are_those_that_are_filled(filled):
    x = vectors()
    x[:, filled:] = 0
    assert collapse_facts(x + 5, TRIPLET)["dimensions"] == pytest.approx(filled, rel=0.01)


@pytest.mark.parametrize(("x", "losses", "expected"), [
    (vectors(), TRIPLET, False),
    (vectors(shift=100), TRIPLET, False),  # far from zero is no nearer to each other
    (vectors(shift=1000), ANGLES, True),  # but all in one direction
    (vectors(scale=0.01), TRIPLET, True),
    (vectors(scale=0.01), ANGLES, False),
    (torch.ones(10, 8), TRIPLET, True),
    (vectors(1) * torch.ones(8), TRIPLET, True),
    (vectors(1), TRIPLET, False),  # asked for one dimension
])
def test_a_collapse_is_one_place_or_a_line(x, losses, expected):
    facts = collapse_facts(x, losses)
    assert collapsed(**facts, size=x.shape[1]) is collapsed(**facts, size=x.shape[1], top1=0.2) is expected
    assert not collapsed(**facts, size=x.shape[1], top1=0.9)


def test_the_warning_names_the_model_and_the_way_out():
    told = advice("hand", 0.001, 1.0)
    assert "'hand'" in told and "0.001 apart" in told and "models.hand.losses.classification: 1" in told
