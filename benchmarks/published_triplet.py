"""The published triplet loss, written anew from its description: every triplet of a batch is formed.

A re-creation for timing, of what xmartlabs' SPOTER embeddings (2023) do: B x B x B losses and as many masks, of which
the valid and hard ones are averaged.
"""

import torch
from torch import Tensor


def all_triplets(features: Tensor, targets: Tensor, margin: float) -> Tensor:
    """(B, D), (B,) -> ()"""
    distances = torch.cdist(features, features)
    others = ~torch.eye(len(targets), dtype=torch.bool)
    distinct = others[:, :, None] & others[:, None, :] & others[None]
    same = targets[:, None] == targets
    valid = distinct & same[:, :, None] & ~same[:, None, :]
    losses = ((distances[:, :, None] - distances[:, None, :] + margin) * valid).relu()
    hard = (losses > 1e-8).float().sum()
    return losses.sum() / (hard + 1e-8) * (3 * hard / len(targets)).clamp_max(1)
