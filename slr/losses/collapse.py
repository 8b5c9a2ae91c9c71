"""Collapse: an embedding that maps all clips to one place, or onto a line, where no distance tells a sign.

The triplet loss has a resting place there (all distances 0, every triplet hard, the loss the margin), and a run that
falls into it doesn't come back.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from slr.params import LossParams

FACTS = ("spread", "dimensions")
NEAR, LINE = 0.05, 1.5
"""Collapsed: clips that are apart by less than so much of what the loss asks for, or in fewer dimensions than this."""


def collapse_facts(vectors: Tensor, losses: LossParams) -> dict[str, float]:
    """How far apart a model puts clips.

    Parameters
    ----------
    vectors : Tensor (N, D)
        Of the training clips.
    losses : LossParams
        What tells the unit of distances.

    Returns
    -------
    dict
        `spread`: root mean square distance of two clips, in margins of the triplet loss; without one, where the other
        losses see angles alone, between vectors of length 1. `dimensions`: how many dimensions the clips fill, the
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
    """Whether vectors of `size` numbers with these facts tell nothing apart.

    Where most validation clips have one of their own sign next to them (`top1`), they do, however near they are.
    """
    return (spread < NEAR or (size > 1 and dimensions < LINE)) and (top1 is None or top1 < 0.5)


def advice(name: str, spread: float, dimensions: float) -> str:
    """What happened to the model `name`, and the way out."""
    return (f"the embedding of '{name}' has collapsed: clips are {spread:.2g} apart, in {dimensions:.2g} dimensions; "
            f"set models.{name}.losses.classification: 1 or another of its losses (proxy) beside the triplets, a "
            "smaller triplet_margin, a lower lr, or a later batching.hard_from_epoch")
