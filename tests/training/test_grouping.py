"""Hard-batch grouping: every clip in one batch, the hardest pairs together, thresholds that follow from the history."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slr.params import BatchingParams
from slr.training.grouping import (
    Thresholds,
    group_pairs,
    hard_batches,
    hard_pairs,
    scaled_distances,
    steps,
    thresholds,
)


def test_distances_are_hard_far_within_a_sign_and_near_between_signs():
    vectors, targets = torch.tensor([[0.0], [1.0], [4.0], [10.0]]), torch.tensor([0, 0, 0, 1])
    expected = torch.tensor([[0, 0.25, 1, 0], [0.25, 0, 0.75, 0.1], [1, 0.75, 0, 0.4], [0, 0.1, 0.4, 0]])
    torch.testing.assert_close(scaled_distances(vectors, targets), expected)
    half = scaled_distances(vectors, targets, same_sign=0.5)
    torch.testing.assert_close(half[:3, :3], expected[:3, :3] / 2)
    torch.testing.assert_close(half[3], expected[3])
    assert hard_pairs(expected, 0.4) == [(2, 0), (2, 1), (3, 2)]


@given(st.integers(1, 40), st.integers(0, 1000), st.integers(1, 5))
def test_scaled_distances_are_shares(clips, seed, classes):
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(classes, (clips,), generator=generator)
    found = scaled_distances(torch.randn(clips, 3, generator=generator), targets)
    assert ((found >= 0) & (found <= 1)).all()


def test_clips_at_one_place_have_distances_too():
    found = scaled_distances(torch.zeros(4, 2), torch.tensor([0, 0, 1, 1]))
    assert torch.equal(found, torch.tensor([[0., 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]))


@st.composite
def pairs_of_items(draw) -> tuple[list[tuple[int, int]], int, int]:
    items = draw(st.integers(1, 40))
    item = st.integers(0, items - 1)
    pairs = draw(st.lists(st.tuples(item, item).filter(lambda pair: pair[0] != pair[1]), max_size=80)) \
        if items > 1 else []
    return pairs, items, draw(st.integers(1, 12))


@given(pairs_of_items())
def test_every_item_is_in_one_group_and_no_group_is_too_large(case):
    pairs, items, size = case
    groups = group_pairs(pairs, items, size)
    assert sorted(item for group in groups for item in group) == list(range(items))
    assert all(1 <= len(group) <= size for group in groups) and len(groups) == -(-items // size)


@given(pairs_of_items())
def test_the_hardest_pair_shares_a_group(case):
    pairs, items, size = case
    if pairs and size > 1:
        assert any(set(pairs[0]) <= set(group) for group in group_pairs(pairs, items, size))


def test_pairs_open_join_and_merge_groups():
    assert group_pairs([(0, 1), (2, 3), (4, 0), (3, 1)], 8, 4)[0] == [0, 1, 4, 5]  # 5 fills; 3 and 1 don't fit
    merged = group_pairs([(0, 1), (2, 3), (3, 1)], 12, 4)
    assert set(merged[0]) == {0, 1, 2, 3}
    full = group_pairs([(0, 1), (2, 3), (4, 5), (6, 7)], 8, 4)  # a pair without a group of its own joins the first
    assert [set(group) for group in full] == [{0, 1, 4, 5}, {2, 3, 6, 7}]


def test_when_most_items_have_a_place_the_rest_fill_the_gaps():
    pairs = [(0, 1), (2, 3), (4, 5), (6, 7), (8, 0)]  # nine of ten have one: the last pair comes too late
    assert group_pairs([*pairs, (9, 4)], 10, 3) == group_pairs(pairs, 10, 3)
    assert group_pairs([*pairs[:4], (9, 4)], 10, 3) != group_pairs(pairs[:4], 10, 3)


def test_thresholds_fall_while_few_triplets_are_used():
    assert thresholds([], BatchingParams()) == thresholds([10.0] * 50, BatchingParams()) == Thresholds(0.5, 1.0)
    assert thresholds([9], BatchingParams()) == pytest.approx((0.4, 0.9))
    assert thresholds([9] * 10, BatchingParams()) == pytest.approx((0.4, 0.9))  # ten epochs' rest
    assert thresholds([9] * 11, BatchingParams()) == pytest.approx((0.32, 0.81))
    assert thresholds([9] * 1000, BatchingParams()) == (0.2, 0.6)
    assert thresholds([100] * 4 + [0], BatchingParams()) == (0.5, 1.0)  # the mean of the last five
    assert thresholds([100] * 5 + [0] * 5, BatchingParams()) == pytest.approx((0.4, 0.9))


@given(st.lists(st.floats(0, 50), max_size=60))
def test_thresholds_never_rise(used):
    found = [thresholds(used[:n], BatchingParams()) for n in range(len(used) + 1)]
    assert all(later.distance <= earlier.distance and later.same_sign <= earlier.same_sign
               for earlier, later in zip(found, found[1:], strict=False))


@given(st.integers(1, 60), st.integers(1, 8), st.integers(2, 5), st.integers(1, 3), st.integers(0, 100),
       st.sampled_from(["fitting", "published"]))
def test_every_clip_is_in_as_many_batches_as_there_are_loops(clips, size, together, loops, seed, grouping):
    """As published, those of a last pool that isn't full are left as they are."""
    generator = torch.Generator().manual_seed(seed)
    batches = torch.randperm(clips, generator=generator).split(size)
    targets, vectors = torch.arange(clips) % 3, torch.randn(clips, 4, generator=generator)
    params = BatchingParams(hard_batches=together, hard_loops=loops, hard_grouping=grouping)
    found = list(hard_batches(batches, targets, vectors.__getitem__, size, params, Thresholds()))
    left = list(batches[len(batches) // together * together:]) if grouping == "published" else []
    if grouping == "published" and not left and clips % size:
        left = list(batches[-together:])
    assert len(found) == loops * (len(batches) - len(left)) + len(left) == steps(batches, size, params)
    times = torch.full((clips,), loops)
    times[torch.cat([torch.empty(0, dtype=torch.int64), *left])] = 1
    assert max(map(len, found)) <= size and torch.equal(torch.cat(found).bincount(), times)


def test_clips_of_two_signs_that_lie_together_meet_in_a_batch():
    """Two signs at each of four places: apart from them, all is easy."""
    targets = torch.arange(32) // 4
    vectors = 10 * (targets // 2)[:, None] * torch.ones(1, 2) + 0.01 * torch.randn(32, 2)
    batches = torch.randperm(32, generator=torch.Generator().manual_seed(0)).split(8)
    found = list(hard_batches(batches, targets, vectors.__getitem__, 8, BatchingParams(hard_loops=1), Thresholds(0.8)))
    signs = [set(targets[batch].tolist()) for batch in found]
    assert sum({sign, sign ^ 1} <= batch for batch in signs for sign in batch) >= 6


def test_each_group_is_made_by_the_vectors_of_its_time():
    asked = []

    def embed(clips):
        asked.append(len(clips))
        return torch.zeros(len(clips), 2)

    batches = torch.arange(20).split(4)
    found = hard_batches(batches, torch.arange(20) % 2, embed, 4, BatchingParams(hard_batches=2, hard_loops=3),
                         Thresholds())
    for _ in range(6):
        next(found)
    assert asked == [8]
    next(found)
    assert asked == [8, 8]
    assert len(list(found)) == 8 and asked == [8, 8, 4]
