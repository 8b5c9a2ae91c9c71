"""Mixup: convex combinations of pairs of clips and their targets."""

from dataclasses import replace

import torch
from torch import Tensor

from slr.preprocessing.batch import Batch


def mix(batch: Batch, partner: Tensor, share: Tensor) -> Batch:
    """Mix each clip with another one of its batch.

    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.

    Parameters
    ----------
    batch : Batch
    partner : Tensor (B,) int64
        Index of the clip that each is mixed with.
    share : Tensor (B,)
        Weight of the partner, 0 to 1.

    Returns
    -------
    Batch
        With `mixed_targets` and `mixed_share`; as long as the longer of the two. A joint that is present in only one of
        them is copied from that one rather than averaged.
    """
    own, other = batch.mask[..., None], batch.mask[partner][..., None]
    theirs = batch.landmarks[partner]
    mixed = torch.lerp(batch.landmarks, theirs, share[:, None, None, None])
    landmarks = torch.where(own & other, mixed, torch.where(own, batch.landmarks, theirs))
    lengths = torch.maximum(batch.lengths, batch.lengths[partner])
    result = replace(batch, lengths=lengths, mixed_targets=batch.targets[partner], mixed_share=share)
    return result.with_landmarks(landmarks, (own | other)[..., 0])
