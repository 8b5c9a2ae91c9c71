"""Targets of sentences: gloss classes, frame labels, and clips that are too short for their glosses."""

import pandas as pd
import torch
from torch import Tensor

from slr.preprocessing.batch import ClipSet
from slr.preprocessing.inputs import Store
from slr.segments.labels import frame_labels

UNKNOWN = -2
"""Class of a gloss that occurs in no training sentence."""


def gloss_classes(rows: pd.DataFrame, labels: list[str]) -> list[list[int]]:
    """Gloss classes of each sentence, from 1; a gloss that isn't among `labels` has the class `UNKNOWN`."""
    classes = _classes(labels)
    return [[classes.get(gloss, UNKNOWN) for gloss in glosses] for glosses in rows.glosses]


def frame_classes(store: Store, rows: pd.DataFrame, labels: list[str]) -> list[Tensor] | None:
    """(T,) int64 per clip: 0 between glosses and for unknown ones; None if a row has no segments."""
    if rows.empty or not rows.segments.str.len().all():
        return None
    classes = _classes(labels)
    return [torch.tensor([0 if label is None else classes.get(label, 0)
                          for label in frame_labels(row.segments, store.frame_numbers(row.clip_id))])
            for row in rows.itertuples()]


def too_short_clips(clips: ClipSet, temporal_stride: int) -> list[str]:
    """Ids of the stored sentences that have fewer output frames than glosses plus adjacent repeats."""
    if not len(clips):
        return []
    targets = torch.nn.utils.rnn.pad_sequence(list(clips.targets), batch_first=True, padding_value=-1)
    short = too_short(-(-clips.lengths // temporal_stride), targets, (targets != -1).sum(1))
    return [clip_id for clip_id, is_short in zip(clips.clip_ids, short.tolist(), strict=True) if is_short]


def target_lengths(targets: Tensor) -> Tensor:
    """(B,) number of glosses of targets (B, L), padded with -1."""
    return (targets >= 0).sum(1)


def too_short(lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Which clips have fewer output frames than glosses plus adjacent repeats, which need a blank between them.

    Parameters
    ----------
    lengths : Tensor (B,)
        Output frames: after the temporal layers.
    targets : Tensor (B, L)
        Padded with -1.
    target_lengths : Tensor (B,)

    Returns
    -------
    Tensor (B,) bool
    """
    repeats = ((targets[:, 1:] == targets[:, :-1]) & (targets[:, 1:] >= 0)).sum(1)
    return lengths < target_lengths + repeats


def _classes(labels: list[str]) -> dict[str, int]:
    return {label: i for i, label in enumerate(labels, 1)}
