"""Targets of sentences: the classes of their glosses and frames, and which clips are too short for theirs."""

import pandas as pd
import torch
from torch import Tensor

from slr.batches.batch import ClipSet
from slr.batches.inputs import Store
from slr.segments.labels import frame_labels

UNKNOWN = -2
"""The class of a gloss in a sentence that no training sentence has."""


def gloss_classes(rows: pd.DataFrame, labels: list[str]) -> list[list[int]]:
    """The classes of each sentence's glosses, from 1; one that isn't among `labels` has the class `UNKNOWN`."""
    classes = _classes(labels)
    return [[classes.get(gloss, UNKNOWN) for gloss in glosses] for glosses in rows.glosses]


def frame_classes(store: Store, rows: pd.DataFrame, labels: list[str]) -> list[Tensor] | None:
    """(T,) int64 of each clip: 0 between glosses and for unknown ones; None if a row has no segments."""
    if rows.empty or not rows.segments.str.len().all():
        return None
    classes = _classes(labels)
    return [torch.tensor([0 if label is None else classes.get(label, 0)
                          for label in frame_labels(row.segments, store.frame_numbers(row.clip_id))])
            for row in rows.itertuples()]


def too_short_clips(clips: ClipSet, temporal_stride: int) -> list[str]:
    """Ids of the sentences that have fewer output frames than glosses and repeats, as they are stored."""
    if not len(clips):
        return []
    targets = torch.nn.utils.rnn.pad_sequence(list(clips.targets), batch_first=True, padding_value=-1)
    short = too_short(-(-clips.lengths // temporal_stride), targets, (targets != -1).sum(1))
    return [clip_id for clip_id, is_short in zip(clips.clip_ids, short.tolist(), strict=True) if is_short]


def target_lengths(targets: Tensor) -> Tensor:
    """(B,) glosses of targets (B, L), which have -1 behind them."""
    return (targets >= 0).sum(1)


def too_short(lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Which clips have fewer frames than glosses and repeats of the gloss before, which need a blank between them.

    Parameters
    ----------
    lengths : Tensor (B,)
        Frames of the logits: after the temporal layers.
    targets : Tensor (B, L)
        -1 behind the glosses.
    target_lengths : Tensor (B,)

    Returns
    -------
    Tensor (B,) bool
    """
    repeats = ((targets[:, 1:] == targets[:, :-1]) & (targets[:, 1:] >= 0)).sum(1)
    return lengths < target_lengths + repeats


def _classes(labels: list[str]) -> dict[str, int]:
    return {label: i for i, label in enumerate(labels, 1)}
