"""Comparing metrics with the committed ones."""

import subprocess

import pytest

from slr.errors import SlrError
from slr.verify import compare, verify_metrics


def within(metric: str, committed, now) -> bool:
    [row] = compare("m.json", {metric: committed}, {metric: now})
    return row.within


def test_fractions_have_a_tolerance_counts_have_none():
    assert within("top1", 0.90, 0.94) and not within("top1", 0.90, 0.84)
    assert within("parameters", 5, 5) and not within("parameters", 5, 6)


def test_numbers_above_one_have_a_share_of_themselves():
    assert within("embedding_dimensions", 10.0, 10.4) and not within("embedding_dimensions", 10.0, 10.6)


@pytest.mark.parametrize("name", ["top1", "wer"])
def test_a_wide_interval_widens_the_tolerance(name):
    committed = {name: 0.40, f"{name}_ci_low": 0.25, f"{name}_ci_high": 0.57}
    rows = {row.metric: row.within for row in compare("m.json", committed, committed | {name: 0.54})}
    assert rows[name]
    rows = {row.metric: row.within for row in compare("m.json", committed, committed | {name: 0.58})}
    assert not rows[name]


def test_times_and_what_validation_chose_are_not_compared():
    committed = {"train_seconds": 1, "best_epoch": 3, "lm_weight": 0.25}
    assert compare("m.json", committed, {"train_seconds": 99, "best_epoch": 7, "lm_weight": 1.0}) == []


def test_a_metric_that_is_missing_on_one_side_is_out_of_tolerance():
    assert [row.within for row in compare("m.json", {"top1": 1.0}, {"top5": 1.0})] == [False, False]


def test_a_folder_without_a_repository_says_so(tmp_path):
    with pytest.raises(SlrError, match="run this in the project's repository"):
        verify_metrics(tmp_path)


def test_nothing_committed_is_no_success(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q",
                    "--allow-empty", "-m", "empty"], check=True)
    with pytest.raises(SlrError, match="no metrics are committed"):
        verify_metrics(tmp_path)
