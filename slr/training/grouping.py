"""Hard-batch grouping: clips that are hard to tell apart meet in one batch.

As SPOTER embeddings (xmartlabs, 2023): some batches at a time are embedded, their pairs of clips sorted by how hard
they are, and put into new batches greedily, each of which is trained on several times.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from slr.params import BatchingParams

FULL = 0.8
"""Share of the clips that pairs may place; the rest fill the gaps."""


class Thresholds(NamedTuple):
    """What counts as hard.

    Attributes
    ----------
    distance : float
        Least scaled distance of a pair that is put into one batch.
    same_sign : float
        How much the distances within a sign count beside those between signs.
    """

    distance: float = 0.5
    same_sign: float = 1.0


def thresholds(used: Sequence[float], fewest: float) -> Thresholds:
    """The thresholds after epochs with `used` triplets a step: lower when the last five had fewer than `fewest`.

    The distance goes down by a fifth, to .2 at the least, the factor of the same sign by a tenth, to .6, and then both
    stay for ten epochs. They follow from the history alone, so an interrupted run has no other state to save.
    """
    distance, same_sign = Thresholds()
    changed = -10
    for epoch in range(1, len(used) + 1):
        last = used[max(0, epoch - 5):epoch]
        if sum(last) / len(last) < fewest and epoch >= changed + 10:
            distance, same_sign, changed = max(0.2, distance * 0.8), max(0.6, same_sign * 0.9), epoch
    return Thresholds(distance, same_sign)


def hard_batches(batches: Sequence[Tensor], targets: Tensor, embed: Callable[[Tensor], Tensor], batch_size: int,
                 params: BatchingParams, limits: Thresholds) -> Iterator[Tensor]:
    """Group batches anew, `params.hard_batches` at a time, each time by the vectors that the model gives by then.

    Parameters
    ----------
    batches : sequence of Tensor (B,)
        Clips' numbers.
    targets : Tensor (clips,)
        Class of every clip.
    embed : callable
        Numbers (N,) of clips -> their vectors (N, D).
    batch_size : int

    Yields
    ------
    Tensor (B,)
        As many batches as there were, `params.hard_loops` times over.
    """
    for start in range(0, len(batches), params.hard_batches):
        clips = torch.cat(list(batches[start:start + params.hard_batches]))
        pairs = hard_pairs(scaled_distances(embed(clips), targets[clips], limits.same_sign), limits.distance)
        groups = [clips[group] for group in group_pairs(pairs, len(clips), batch_size)]
        for _ in range(params.hard_loops):
            yield from groups


def scaled_distances(vectors: Tensor, targets: Tensor, same_sign: float = 1.0) -> Tensor:
    """How hard each pair of clips is, 0 to 1: (B, D), (B,) -> (B, B).

    Of one sign, their distance as a share of the largest within a sign, times `same_sign`; of two, one minus their
    distance as a share of the largest between signs.
    """
    distances = torch.cdist(vectors, vectors)
    same = targets[:, None] == targets
    within, between = (distances.masked_fill(~pairs, 0) for pairs in (same, ~same))
    within, between = (part / part.max().clamp_min(1e-12) for part in (within, between))
    return torch.where(same, same_sign * within, 1 - between)


def hard_pairs(distances: Tensor, least: float) -> list[tuple[int, int]]:
    """Pairs (a, b), a > b, at a scaled distance (B, B) of `least` or more, the hardest first."""
    rows, columns = torch.tril_indices(len(distances), distances.shape[1], offset=-1)
    found = distances[rows, columns]
    order = found.argsort(descending=True, stable=True)
    order = order[found[order] >= least]
    return list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


def group_pairs(pairs: Sequence[tuple[int, int]], items: int, size: int) -> list[list[int]]:
    """Items 0 ... `items` - 1 in groups of at most `size`, no more groups than that takes.

    Pair by pair, both items come into one group: into that of either, into a new one while there may be one more, into
    one that has room for two; or their groups become one where they fit. When most items have a place, the others fill
    the groups that have room.
    """
    most = -(-items // size)
    groups: list[list[int]] = []
    group_of: dict[int, list[int]] = {}

    def put(item: int, group: list[int]) -> None:
        group.append(item)
        group_of[item] = group

    def group_with(room: int) -> list[int] | None:
        """A new group while there may be one more, else the first with so much room."""
        if len(groups) < most:
            groups.append([])
            return groups[-1]
        return next((group for group in groups if len(group) + room <= size), None)

    for a, b in pairs if size > 1 else []:
        if len(group_of) > FULL * items:
            break
        of_a, of_b = group_of.get(a), group_of.get(b)
        if of_a is None and of_b is None:
            group = group_with(2)
            if group is not None:
                put(a, group)
                put(b, group)
        elif of_a is None or of_b is None:
            item, group = (a, of_b) if of_a is None else (b, of_a)
            assert group is not None
            if len(group) < size:
                put(item, group)
        elif of_a is not of_b and len(of_a) + len(of_b) <= size:
            for item in of_b:
                put(item, of_a)
            groups = [group for group in groups if group is not of_b]
    for item in range(items):
        if item not in group_of:
            group = next((group for group in groups if len(group) < size), None) or group_with(1)
            assert group is not None
            put(item, group)
    return [group for group in groups if group]
