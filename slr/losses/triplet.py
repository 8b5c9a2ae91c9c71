"""Triplet losses: over all triplets of a batch, with time and memory quadratic in its size, or over triplets drawn.

As in SPOTER embeddings (xmartlabs, 2023), which have three: without easy triplets, with them, and of random triplets.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Triplets(NamedTuple):
    """The loss of a batch, and its number of triplets.

    Attributes
    ----------
    loss : Tensor ()
    used, valid : Tensor () int64
        Number of triplets that the loss is a mean of, and of all triplets.
    """

    loss: Tensor
    used: Tensor
    valid: Tensor


def all_triplets(features: Tensor, targets: Tensor, margin: float, easy: bool = False) -> Triplets:
    """Mean of max(0, d(a, p) - d(a, n) + margin) over the hard triplets of a batch, for which it isn't zero.

    A triplet is an anchor a, another clip p of its class and a clip n of another class; d is Euclidean (Hermans, Beyer
    and Leibe, 2017: "batch all", non-zero mean). The mean is multiplied by min(1, 3 hard / B), so that a few remaining
    triplets don't dominate the batch.

    The published code forms every triplet. But the loss is a sum of distances, each weighted by the number of hard
    triplets that contain it; and the number of negatives nearer than d(a, p) + margin is an index into a sorted row.

    Parameters
    ----------
    features : Tensor (B, D)
    targets : Tensor (B,)
    margin : float
    easy : bool, default False
        Take the mean over all triplets instead, easy ones included, which count as 0.
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
        if easy:
            scale = 1 / valid.to(distances.dtype).clamp_min(1)
        else:
            scale = (3 * count / len(targets)).clamp_max(1) / count.clamp_min(1)
    total = (distances * (with_positive - with_negative)).sum() + margin * count
    return Triplets(total * scale, valid if easy else hard, valid)


def drawn_triplets(features: Tensor, margin: float) -> Triplets:
    """Mean of max(0, d(a, p) - d(a, n) + margin) over triplets of clips.

    Parameters
    ----------
    features : Tensor (3 B, D)
        B anchors, then a clip of the class of each, then one of another class
        (`slr.preprocessing.batch.with_triplets`).
    margin : float
    """
    anchors, same, other = features.chunk(3)
    each = F.triplet_margin_loss(anchors, same, other, margin=margin, reduction="none")
    return Triplets(each.mean(), (each > 0).sum(), torch.tensor(len(each)))


class TripletLoss(nn.Module):
    """The triplet loss of a batch, with statistics of the triplets used over an epoch.

    Parameters
    ----------
    margin : float
    which : {"hard", "all", "random"}
        `hard`, `all`: `all_triplets` without and with easy ones; `random`: `drawn_triplets`.
    """

    def __init__(self, margin: float, which: Literal["hard", "all", "random"] = "hard"):
        super().__init__()
        self.margin, self.which = margin, which
        self.used: list[tuple[int, int]] = []

    def forward(self, features: Tensor, targets: Tensor) -> Tensor:
        """(B, D), (B,) -> ()"""
        found = (drawn_triplets(features, self.margin) if self.which == "random" else
                 all_triplets(features, targets, self.margin, easy=self.which == "all"))
        if self.training and found.valid:
            self.used.append((int(found.used), int(found.valid)))
        return found.loss

    def report(self) -> dict[str, float | None]:
        """Mean number and share of used triplets, over the steps since the last report that had any triplet.

        None without any such step.
        """
        steps, self.used = self.used, []
        if not steps:
            return {"triplets_used": None, "triplets_share": None}
        return {"triplets_used": sum(hard for hard, _ in steps) / len(steps),
                "triplets_share": sum(hard / valid for hard, valid in steps) / len(steps)}
