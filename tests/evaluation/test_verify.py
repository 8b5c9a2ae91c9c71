"""Comparing metrics with the committed ones."""

import json
import subprocess

import pytest

from slr.errors import SlrError
from slr.evaluation.verify import (
    SAME_EVERYWHERE,
    clips_behind,
    compare,
    compare_data,
    models_in_turn,
    tolerance,
    verify_metrics,
)
from tests.helpers import REPOSITORY


def within(metric: str, committed: float, now: float, **counts: float) -> bool:
    rows = compare("m.json", {metric: committed, **counts}, {metric: now, **counts})
    return next(row.within for row in rows if row.metric == metric)


def test_counts_have_no_tolerance():
    assert within("parameters", 5, 5, clips=64) and not within("parameters", 5, 6, clips=64)
    assert not within("top1_pairs_clips", 60, 61, clips=64)


@pytest.mark.parametrize("clips, share, half", [
    (64, 1.0, 0.040), (64, 0.85, 0.0894), (1000, 0.85, 0.022), (4, 0.5, 0.346)])
def test_a_fractions_tolerance_is_half_its_interval_over_the_clips_behind_it(clips, share, half):
    assert tolerance("top1", {"top1": share, "clips": clips}) == pytest.approx(half, abs=1e-3)
    assert within("top1", share, share - half + 0.002, clips=clips)
    assert not within("top1", share, share - half - 0.002, clips=clips)


def test_numbers_above_one_have_the_widest_share_of_themselves():
    assert within("embedding_dimensions", 10.0, 11.1, clips=64)
    assert not within("embedding_dimensions", 10.0, 11.3, clips=64)


def test_where_no_model_was_tested_the_last_digits_alone_may_differ():
    assert within("silhouette", 0.63541469, 0.63541470) and not within("silhouette", 0.6354, 0.6355)


@pytest.mark.parametrize("metric, metrics, behind", [
    ("top1_ci_low", {"clips": 64}, 64), ("top1_pairs", {"clips": 64, "top1_pairs_clips": 60}, 60),
    ("worst_signer_top1", {"clips": 64, "signers": 2}, 32), ("val_top1", {"clips": 64, "signers": 2}, 32),
    ("wer_ci_high", {"sentences": 30, "glosses": 106, "signers": 2}, 106),
    ("worst_signer_wer", {"sentences": 30, "glosses": 106, "signers": 2}, 53),
    ("sentence_errors", {"sentences": 30, "glosses": 106}, 30),
    ("pr_auc", {"clips": 2, "windows": 125, "segments": 6}, 125),
    ("segment_f1", {"clips": 2, "windows": 125, "segments": 6}, 6)])
def test_what_a_metric_was_measured_on(metric, metrics, behind):
    assert clips_behind(metric, metrics) == behind


def test_every_committed_metric_of_a_model_is_of_some_clips():
    for path in sorted((REPOSITORY / "metrics/models").glob("*.json")):
        metrics = json.loads(path.read_text())
        assert all(clips_behind(metric, metrics) for metric in metrics), path


def test_data_has_to_be_equal_to_the_last_bit():
    same = {"data/frames": "a.dir", "data/splits.parquet": "b"}
    assert all(row.within for row in compare_data(same, {**same, "data/more": "c"}))
    assert [row.within for row in compare_data(same, {"data/frames": "x.dir"})] == [False, False]
    assert "signers" not in SAME_EVERYWHERE and "landmarks" in SAME_EVERYWHERE


def test_every_model_of_the_zoo_has_its_turn():
    models = ["a", "b", "c", "d", "e"]
    assert models_in_turn(models, 2, "4") == ["e", "a"] and models_in_turn(models, 9, "f0") == models
    assert models_in_turn([], 2, "4") == [] and models_in_turn(models, 0, "4") == []
    assert {name for commit in range(16) for name in models_in_turn(models, 2, f"{commit:x}")} == set(models)


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
