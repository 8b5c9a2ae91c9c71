"""Collapse of an embedding: all clips at one point or on a line, so that distances don't discriminate signs.

This is a stationary point of the triplet loss (all distances 0, every triplet hard, the loss equal to the margin), from
which training doesn't recover.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from slr.params import LossParams

FACTS = ("spread", "dimensions")
NEAR, LINE = 0.05, 1.5
"""Thresholds of collapse: a spread below this share of the margin, or fewer dimensions than this."""


def collapse_facts(vectors: Tensor, losses: LossParams) -> dict[str, float]:
    """Spread and effective dimensionality of a model's vectors.

    Parameters
    ----------
    vectors : Tensor (N, D)
        Vectors of the training clips.
    losses : LossParams
        Determines the unit of distances.

    Returns
    -------
    dict
        `spread`: root mean square distance of two clips, in margins of the triplet loss; without one, since the other
        losses use angles only, between vectors of length 1. `dimensions`: effective number of dimensions, the
        exponential of the entropy of the shares of variance (Roy and Vetterli, EUSIPCO 2007); 0 without variance.
    """
    vectors = vectors.double() / losses.triplet_margin if losses.triplet else F.normalize(vectors.double(), dim=1)
    centred = vectors - vectors.mean(0)
    variances = torch.linalg.svdvals(centred).square() / len(vectors)
    total = variances.sum()
    if total < 1e-20:
        return {"spread": 0.0, "dimensions": 0.0}
    share = variances / total
    return {"spread": (2 * total).sqrt().item(), "dimensions": (-torch.xlogy(share, share).sum()).exp().item()}


def collapsed(spread: float, dimensions: float, size: int, top1: float | None = None) -> bool:
    """Whether vectors of `size` dimensions with these facts have collapsed.

    Not if most validation clips have a nearest neighbour of their own sign (`top1`), however small the distances.
    """
    return (spread < NEAR or (size > 1 and dimensions < LINE)) and (top1 is None or top1 < 0.5)


def advice(name: str, spread: float, dimensions: float) -> str:
    """Message about the collapse of the model `name`, with remedies."""
    return (f"the embedding of '{name}' has collapsed: clips are {spread:.2g} apart, in {dimensions:.2g} dimensions; "
            f"set models.{name}.losses.classification: 1 or another of its losses (proxy) beside the triplets, a "
            "smaller triplet_margin, a lower lr, or a later batching.hard_from_epoch")
