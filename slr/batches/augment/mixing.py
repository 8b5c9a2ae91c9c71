"""Mixup: clips that are a little of another clip, and are to be recognised as such."""

from dataclasses import replace

import torch
from torch import Tensor

from slr.batches.batch import Batch


def mix(batch: Batch, partner: Tensor, share: Tensor) -> Batch:
    """Mix each clip with another of its batch.

    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.

    Parameters
    ----------
    batch : Batch
    partner : Tensor (B,) int64
        Which clip each is mixed with.
    share : Tensor (B,)
        How much of the partner, 0 to 1.

    Returns
    -------
    Batch
        With `mixed_targets` and `mixed_share`; as long as the longer of the two. A joint that only one of them shows is
        as that one shows it: the mean of a place and nothing is not a place.
    """
    own, other = batch.mask[..., None], batch.mask[partner][..., None]
    theirs = batch.landmarks[partner]
    mixed = torch.lerp(batch.landmarks, theirs, share[:, None, None, None])
    landmarks = torch.where(own & other, mixed, torch.where(own, batch.landmarks, theirs))
    lengths = torch.maximum(batch.lengths, batch.lengths[partner])
    result = replace(batch, lengths=lengths, mixed_targets=batch.targets[partner], mixed_share=share)
    return result.with_landmarks(landmarks, (own | other)[..., 0])
