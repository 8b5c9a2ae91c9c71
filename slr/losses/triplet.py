"""Triplet loss over all triplets of a batch, with time and memory quadratic in the batch size."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Triplets(NamedTuple):
    """The loss of a batch, and its number of triplets.

    Attributes
    ----------
    loss : Tensor ()
    hard, valid : Tensor () int64
        Number of hard triplets (not easy ones), and of all triplets.
    """

    loss: Tensor
    hard: Tensor
    valid: Tensor


def all_triplets(features: Tensor, targets: Tensor, margin: float) -> Triplets:
    """Mean of max(0, d(a, p) - d(a, n) + margin) over the hard triplets of a batch, for which it isn't zero.

    A triplet is an anchor a, another clip p of its class and a clip n of another class; d is Euclidean. As in SPOTER
    embeddings (xmartlabs, 2023; Hermans, Beyer and Leibe, 2017: "batch all", non-zero mean), times min(1, 3 hard / B),
    so that a few remaining triplets don't dominate the batch.

    The published code forms every triplet. But the loss is a sum of distances, each weighted by the number of hard
    triplets that contain it; and the number of negatives nearer than d(a, p) + margin is an index into a sorted row.

    Parameters
    ----------
    features : Tensor (B, D)
    targets : Tensor (B,)
    margin : float
    """
    # Not by matrix products, which are imprecise for distances that are small relative to the vectors' norms.
    distances = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")  # (B, B)
    with torch.no_grad():
        same = targets[:, None] == targets
        positive = same.clone().fill_diagonal_(False)
        reach = (distances + margin).masked_fill(~positive, -torch.inf)  # nearer negatives are hard
        away = distances.masked_fill(same, torch.inf)
        with_positive = torch.searchsorted(away.sort(1).values, reach)  # (B, B) hard triplets per (anchor, positive)
        with_negative = len(targets) - torch.searchsorted(reach.sort(1).values, away, right=True)  # and negative
        hard, valid = with_positive.sum(), (positive.sum(1) * (~same).sum(1)).sum()
        count = hard.to(distances.dtype)
        scale = (3 * count / len(targets)).clamp_max(1) / count.clamp_min(1)
    total = (distances * (with_positive - with_negative)).sum() + margin * count
    return Triplets(total * scale, hard, valid)


class TripletLoss(nn.Module):
    """`all_triplets`, with statistics of the triplets used over an epoch."""

    def __init__(self, margin: float):
        super().__init__()
        self.margin = margin
        self.used: list[tuple[int, int]] = []

    def forward(self, features: Tensor, targets: Tensor) -> Tensor:
        """(B, D), (B,) -> ()"""
        found = all_triplets(features, targets, self.margin)
        if self.training and found.valid:
            self.used.append((int(found.hard), int(found.valid)))
        return found.loss

    def report(self) -> dict[str, float | None]:
        """Mean number and share of hard triplets, over the steps since the last report that had any triplet.

        None without any such step.
        """
        steps, self.used = self.used, []
        if not steps:
            return {"triplets_used": None, "triplets_share": None}
        return {"triplets_used": sum(hard for hard, _ in steps) / len(steps),
                "triplets_share": sum(hard / valid for hard, valid in steps) / len(steps)}
