"""What SPOTER embeddings are trained by: triplets, hard-batch grouping and its thresholds."""

import pytest
import torch

from slr.losses.triplet import TripletLoss, all_triplets
from slr.params import BatchingParams
from slr.training.grouping import MERGING, group_pairs, hard_pairs, scaled_distances, thresholds


@pytest.mark.parametrize("margin", [1, 0.5])
@pytest.mark.parametrize("batch", ["mixed", "few_hard", "no_positive"])
@pytest.mark.parametrize("which", ["hard", "all"])
def test_the_triplet_loss_of_a_batch_is_its_authors_without_easy_ones_and_with_them(which, batch, margin, theirs):
    features = theirs.given("triplet", f"{batch}_embeddings").requires_grad_()
    found = all_triplets(features, theirs.given("triplet", f"{batch}_labels"), margin, easy=which == "all")
    found.loss.backward()
    name = f"{batch}_{which}_margin{margin}"
    theirs.agree("triplet", **{f"{name}_loss": found.loss, f"{name}_valid": found.valid, f"{name}_used": found.used,
                               f"{name}_grad": features.grad})


def test_the_loss_of_random_triplets_is_its_authors(theirs):
    clips = [theirs.given("triplet", f"random_{of}").flatten(1) for of in ("anchor", "positive", "negative")]
    loss = TripletLoss(1, "random")(torch.cat(clips), torch.zeros(15))
    theirs.agree("triplet", random_loss=loss)


@pytest.mark.parametrize(("schedule", "settings"), [
    ("default", {}), ("threshold500", {"hard_min_triplets": 500}),
    ("short", {"hard_decay": 0.5, "hard_least": 0.3, "hard_min_triplets": 20, "hard_pause": 3})])
def test_thresholds_of_hard_batches_fall_as_their_authors(schedule, settings, theirs):
    counts = theirs.given("batching_scheduler", f"{schedule}_counts").tolist()
    after = [thresholds(counts[:epochs], BatchingParams(**settings)) for epochs in range(1, len(counts) + 1)]
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
    rows, columns = torch.tensor(hard_pairs(found, -1)).T
    files.agree("grouping", **{f"{group}_sorted_pairs": torch.stack([rows, columns, found[rows, columns]])})


@pytest.mark.parametrize(("merging", "group"), [
    *(("published", group) for group in "abcd"), *(("fitting", group) for group in "cd")])
def test_pairs_are_grouped_as_by_their_authors(merging, group, files):
    """In c and d no two groups merge into a full one, and ours is theirs without their way of merging, too."""
    items, size, _, least = files.given("grouping", f"{group}_settings").tolist()
    groups = group_pairs(pairs(files, group, least), int(items), int(size), MERGING[merging])
    files.agree("grouping", **{f"{group}_order": torch.tensor(sum(groups, [])),
                               f"{group}_groups": torch.tensor(list(map(len, groups)))})


def pairs(files, group: str, least: float) -> list[tuple[int, int]]:
    """The authors' pairs of at least this scaled distance."""
    ranked = files.given("grouping", f"{group}_sorted_pairs").T.tolist()
    return [(int(row), int(column)) for row, column, value in ranked if value >= least]
