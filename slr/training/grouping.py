"""Hard-batch grouping: clips that are easily confused are put into the same batch.

As in SPOTER embeddings (xmartlabs, 2023): several batches at a time are embedded, their pairs of clips sorted by
hardness and greedily put into new batches, each of which is trained on several times.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from slr.params import BatchingParams

FULL = 0.8
"""Share of the clips that are placed by pairs; the rest fill the gaps."""


class Thresholds(NamedTuple):
    """Thresholds of hardness.

    Attributes
    ----------
    distance : float
        Minimum scaled distance (hardness) of a pair to be put into one batch.
    same_sign : float
        Weight of distances within a sign relative to those between signs.
    """

    distance: float = 0.5
    same_sign: float = 1.0


def thresholds(used: Sequence[float], params: BatchingParams) -> Thresholds:
    """Thresholds after epochs with `used` triplets per step: relaxed if the last five used fewer than
    `params.hard_min_triplets`.

    The distance is multiplied by `hard_decay`, down to `hard_least`, and the same-sign weight falls by a tenth, to .6;
    both then stay for `hard_pause` epochs. They are derived from the history alone, so an interrupted run has no other
    state to save.
    """
    distance, same_sign = Thresholds()
    changed = -params.hard_pause
    for epoch in range(1, len(used) + 1):
        last = used[max(0, epoch - 5):epoch]
        if sum(last) / len(last) < params.hard_min_triplets and epoch >= changed + params.hard_pause:
            distance, same_sign = max(params.hard_least, distance * params.hard_decay), max(0.6, same_sign * 0.9)
            changed = epoch
    return Thresholds(distance, same_sign)


def hard_batches(batches: Sequence[Tensor], targets: Tensor, embed: Callable[[Tensor], Tensor], batch_size: int,
                 params: BatchingParams, limits: Thresholds) -> Iterator[Tensor]:
    """Regroup batches, `params.hard_batches` at a time, each time with the current model's vectors.

    Parameters
    ----------
    batches : sequence of Tensor (B,)
        Clip indices.
    targets : Tensor (clips,)
        Class of every clip.
    embed : callable
        Clip indices (N,) -> their vectors (N, D).
    batch_size : int

    Yields
    ------
    Tensor (B,)
        As many batches as given, repeated `params.hard_loops` times if regrouped: `steps` in all.
    """
    for pool, regrouped in _pools(batches, batch_size, params):
        if not regrouped:
            yield from pool
            continue
        clips = torch.cat(list(pool))
        pairs = hard_pairs(scaled_distances(embed(clips), targets[clips], limits.same_sign), limits.distance)
        groups = [clips[group] for group in group_pairs(pairs, len(clips), batch_size, MERGING[params.hard_grouping])]
        for _ in range(params.hard_loops):
            yield from groups


def steps(batches: Sequence[Tensor], batch_size: int, params: BatchingParams) -> int:
    """Number of batches that `hard_batches` yields."""
    return sum(len(pool) * (params.hard_loops if regrouped else 1)
               for pool, regrouped in _pools(batches, batch_size, params))


def _pools(batches: Sequence[Tensor], batch_size: int,
           params: BatchingParams) -> Iterator[tuple[Sequence[Tensor], bool]]:
    """`params.hard_batches` batches at a time, and whether they are regrouped: as published, only if all are full."""
    for start in range(0, len(batches), params.hard_batches):
        pool = batches[start:start + params.hard_batches]
        full = sum(map(len, pool)) == params.hard_batches * batch_size
        yield pool, full or params.hard_grouping == "fitting"


def scaled_distances(vectors: Tensor, targets: Tensor, same_sign: float = 1.0) -> Tensor:
    """Hardness of each pair of clips, 0 to 1: (B, D), (B,) -> (B, B).

    Within a sign: the distance divided by the largest within a sign, times `same_sign`; between signs: one minus the
    distance divided by the largest between signs.
    """
    distances = torch.cdist(vectors, vectors)
    same = targets[:, None] == targets
    within, between = (distances.masked_fill(~pairs, 0) for pairs in (same, ~same))
    within, between = (part / part.max().clamp_min(1e-12) for part in (within, between))
    return torch.where(same, same_sign * within, 1 - between)


def hard_pairs(distances: Tensor, least: float) -> list[tuple[int, int]]:
    """Pairs (a, b), a > b, with a scaled distance (B, B) of at least `least`, hardest first."""
    rows, columns = torch.tril_indices(len(distances), distances.shape[1], offset=-1)
    found = distances[rows, columns]
    order = found.argsort(descending=True, stable=True)
    order = order[found[order] >= least]
    return list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


Merge = Callable[[list[list[int]], list[int], list[int], int], list[int]]


def merge_fitting(groups: list[list[int]], first: list[int], second: list[int], size: int) -> list[int]:
    """Append the second of two groups that fit into one of `size` to the first; returns the first."""
    first.extend(second)
    groups.remove(second)
    return first


def merge_as_published(groups: list[list[int]], first: list[int], second: list[int], size: int) -> list[int]:
    """Append the later group to the earlier one, unless both fill one of `size`; returns the group of the first.

    The last group takes the place of the emptied one (SPOTER embeddings, xmartlabs, 2023).
    """
    if len(first) + len(second) == size:
        return first
    earlier, later = sorted((first, second), key=groups.index)
    earlier.extend(later)
    last = groups.pop()
    if last is not later:
        groups[groups.index(later)] = last
    return earlier


MERGING: dict[str, Merge] = {"fitting": merge_fitting, "published": merge_as_published}
"""By `BatchingParams.hard_grouping`."""


def group_pairs(pairs: Sequence[tuple[int, int]], items: int, size: int,
                merge: Merge = merge_fitting) -> list[list[int]]:
    """Items 0 ... `items` - 1 in groups of at most `size`, using no more groups than necessary.

    Pair by pair, both items are put into the same group: the group of either, a new one while another is allowed, or
    one with room for two; or their groups are merged, by one of `MERGING`. Once most items are placed, the others fill
    the remaining gaps.
    """
    most = -(-items // size)
    groups: list[list[int]] = []
    group_of: dict[int, list[int]] = {}

    def put(item: int, group: list[int]) -> None:
        group.append(item)
        group_of[item] = group

    def group_with(room: int) -> list[int] | None:
        """A new group while another is allowed, else the first with enough room."""
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
            joint = merge(groups, of_a, of_b, size)
            group_of.update(dict.fromkeys(joint, joint))
    for item in range(items):
        if item not in group_of:
            group = next((group for group in groups if len(group) < size), None) or group_with(1)
            assert group is not None
            put(item, group)
    return [group for group in groups if group]
