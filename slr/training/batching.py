"""Batch composition of an epoch."""

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from slr.models.outputs import outputs
from slr.params import ModelParams
from slr.preprocessing.batch import ClipSet, by_sign, similar_lengths, with_triplets
from slr.preprocessing.clips import Clips
from slr.preprocessing.normalise import Normalise
from slr.training.grouping import hard_batches, steps, thresholds


def training_order(model: nn.Module, clips: ClipSet, normalise: Normalise, settings: ModelParams,
                   generator: torch.Generator, history: list[dict[str, Any]]) -> tuple[Iterable[Tensor], int]:
    """Clip indices of each batch of the next epoch, and the number of batches, following `settings.batching`.

    Batches of hard-batch grouping are formed lazily, with the model's current weights.
    """
    batching = settings.batching
    signs = cast(Clips, clips)  # `batching` applies to clips of landmarks with one class each
    if batching.clips_per_sign:
        batches = by_sign(signs, settings.batch_size, batching.clips_per_sign, batching.signers_per_sign, generator)
    else:
        batches = similar_lengths(clips, settings.batch_size, generator, batching.pool)
    if settings.losses.triplet and settings.losses.triplets == "random":
        batches = [with_triplets(indices, signs.targets, generator) for indices in batches]
    if not 0 < batching.hard_from_epoch <= len(history) + 1:
        return batches, len(batches)

    def embed(indices: Tensor) -> Tensor:
        return outputs(model, signs.pick(indices), normalise)["features"]

    @torch.no_grad()
    def embed_in_training(indices: Tensor) -> Tensor:
        device = next(model.parameters()).device
        return torch.cat([model(normalise(batch).to(device))["features"].float().cpu()
                          for batch in signs.batches(indices.split(settings.batch_size))])

    used = [row["triplets_used"] or 0 for row in history[batching.hard_from_epoch - 1:]]
    limits = thresholds(used, batching)
    hard = hard_batches(batches, signs.targets, embed_in_training if batching.hard_grouping == "published" else embed,
                        settings.batch_size, batching, limits)
    return hard, steps(batches, settings.batch_size, batching)
