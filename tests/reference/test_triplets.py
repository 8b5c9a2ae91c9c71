"""What SPOTER embeddings are trained by: triplets, hard-batch grouping and its thresholds."""

import pytest
import torch

from slr.losses.triplet import all_triplets
from slr.training.grouping import group_pairs, hard_pairs, scaled_distances, thresholds


@pytest.mark.parametrize("margin", [1, 0.5])
@pytest.mark.parametrize("batch", ["mixed", "few_hard", "no_positive"])
def test_the_triplet_loss_without_easy_ones_is_its_authors(batch, margin, theirs):
    features = theirs.given("triplet", f"{batch}_embeddings").requires_grad_()
    found = all_triplets(features, theirs.given("triplet", f"{batch}_labels"), margin)
    found.loss.backward()
    name = f"{batch}_hard_margin{margin}"
    theirs.agree("triplet", **{f"{name}_loss": found.loss, f"{name}_valid": found.valid, f"{name}_used": found.hard,
                               f"{name}_grad": features.grad})


@pytest.mark.parametrize(("schedule", "fewest"), [("default", 10), ("threshold500", 500)])
def test_thresholds_of_hard_batches_fall_as_their_authors(schedule, fewest, theirs):
    counts = theirs.given("batching_scheduler", f"{schedule}_counts").tolist()
    after = [thresholds(counts[:epochs], fewest) for epochs in range(1, len(counts) + 1)]
    theirs.agree("batching_scheduler", **{f"{schedule}_threshold": torch.tensor([each.distance for each in after]),
                                          f"{schedule}_factor": torch.tensor([each.same_sign for each in after])})


@pytest.mark.parametrize("group", "abcd")
def test_pairs_of_clips_are_as_hard_as_their_authors_say(group, files):
    """Off the diagonal, which isn't used and where torch's distances aren't quite zero."""
    _, _, same_sign, _ = files.given("grouping", f"{group}_settings").tolist()
    vectors, labels = (files.given("grouping", f"{group}_{name}") for name in ("embeddings", "labels"))
    found = scaled_distances(vectors, labels, same_sign)
    files.agree("grouping", **{f"{group}_scaled": torch.where(
        torch.eye(len(labels), dtype=torch.bool), files.given("grouping", f"{group}_scaled"), found)})


@pytest.mark.parametrize("group", "abcd")
def test_the_hardest_pairs_come_in_their_authors_order(group, files):
    _, _, same_sign, least = files.given("grouping", f"{group}_settings").tolist()
    found = scaled_distances(files.given("grouping", f"{group}_embeddings"), files.given("grouping", f"{group}_labels"),
                             same_sign)
    assert hard_pairs(found, least) == pairs(files, group, least)


@pytest.mark.parametrize("group", "cd")
def test_pairs_are_grouped_as_by_their_authors_where_no_two_groups_merge_into_a_full_one(group, files):
    items, size, _, least = files.given("grouping", f"{group}_settings").tolist()
    groups = group_pairs(pairs(files, group, least), int(items), int(size))
    files.agree("grouping", **{f"{group}_order": torch.tensor(sum(groups, [])),
                               f"{group}_groups": torch.tensor(list(map(len, groups)))})


def pairs(files, group: str, least: float) -> list[tuple[int, int]]:
    """The authors' pairs of at least this scaled distance."""
    ranked = files.given("grouping", f"{group}_sorted_pairs").T.tolist()
    return [(int(row), int(column)) for row, column, value in ranked if value >= least]
