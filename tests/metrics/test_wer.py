"""Word error rate, against the definition of its alignment and by known numbers."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.errors import ScoringError
from slr.metrics.wer import (
    Cleanup,
    Counts,
    Pair,
    align_glosses,
    align_sentences,
    confusions,
    count,
    counts_by_gloss,
    counts_by_signer,
    wer_metrics,
)

glosses_of = st.lists(st.sampled_from("ABC"), max_size=7)
COST = {"C": 0, "S": 4, "D": 3, "I": 3}


def cheapest(reference, hypothesis):
    """The least cost of any alignment, by its recursive definition."""
    @functools.cache
    def cost(i, j):
        ways = [cost(i - 1, j) + 3] if i else []
        ways += [cost(i, j - 1) + 3] if j else []
        ways += [cost(i - 1, j - 1) + 4 * (reference[i - 1] != hypothesis[j - 1])] if i and j else []
        return min(ways, default=0)
    return cost(len(reference), len(hypothesis))


@given(glosses_of, glosses_of)
def test_an_alignment_is_of_both_sides_and_the_cheapest(reference, hypothesis):
    pairs = align_glosses(reference, hypothesis)
    assert [pair.reference for pair in pairs if pair.op != "I"] == reference
    assert [pair.hypothesis for pair in pairs if pair.op != "D"] == hypothesis
    for pair in pairs:
        assert (pair.op == "C") == (pair.reference == pair.hypothesis)
        assert (pair.op == "D") == (pair.hypothesis is None) and (pair.op == "I") == (pair.reference is None)
    assert sum(COST[pair.op] for pair in pairs) == cheapest(reference, hypothesis)


def test_both_sides_are_cleaned_and_each_sentence_has_its_partner():
    clean = Cleanup(lambda glosses: [gloss.upper() for gloss in glosses], lambda glosses: [*glosses][::-1])
    assert align_sentences(["aB", ["C"]], ["Ab", []], clean) == align_sentences(["AB", "C"], ["bA", ""])
    with pytest.raises(ScoringError, match="2 references but 1 hypotheses"):
        align_sentences(["A", "B"], ["A"], clean)


def test_six_gaps_are_cheaper_than_five_substitutions():
    assert count(align_glosses("XYZAB", "ABUVW")) == Counts(2, 0, 3, 3)
    assert count(align_glosses("XAB", "ABU")) == Counts(2, 0, 1, 1)
    assert count(align_glosses("AXB", "BYA")) == Counts(0, 3, 0, 0)
    assert count(align_glosses("AB", "CD")) == Counts(0, 2, 0, 0)


def test_what_was_not_recognised_is_deleted_and_what_was_not_signed_is_inserted():
    assert align_glosses(["A", "B"], []) == [Pair("A", None, "D"), Pair("B", None, "D")]
    assert align_glosses([], ["A"]) == [Pair(None, "A", "I")]
    with pytest.raises(ScoringError, match="2 references but 1"):
        align_sentences([["A"], ["B"]], [["A"]])


SENTENCES = align_sentences([["A", "B", "C"], ["A", "A"], ["B"], []],
                            [["A", "C"], ["A", "D"], ["B", "A"], []])


def test_metrics_are_sums_over_all_glosses():
    metrics = wer_metrics(SENTENCES, [None] * 4)
    assert {key: value for key, value in metrics.items() if "ci" not in key} == pytest.approx({
        "wer": 3 / 6, "wer_del": 1 / 6, "wer_ins": 1 / 6, "wer_sub": 1 / 6, "sentences": 4, "glosses": 6,
        "sentence_errors": 3 / 4})
    assert 0 <= metrics["wer_ci_low"] <= 0.5 <= metrics["wer_ci_high"]
    assert wer_metrics(SENTENCES, [None] * 4) == metrics


def test_the_worst_signer_is_one_of_enough_sentences():
    signers = ["one", "two", "two", None]
    assert "worst_signer_wer" not in wer_metrics(SENTENCES * 2, signers * 2)  # four sentences at most
    assert wer_metrics(SENTENCES * 3, signers * 3)["worst_signer_wer"] == pytest.approx(2 / 3)  # two: six sentences
    assert wer_metrics(SENTENCES * 5, signers * 5)["worst_signer_wer"] == pytest.approx(2 / 3)  # one: 1 / 3


def test_the_interval_narrows_with_more_sentences():
    few, many = (wer_metrics(SENTENCES * times, [None] * 4 * times) for times in (5, 100))
    assert few["wer"] == many["wer"]
    assert 3 * (many["wer_ci_high"] - many["wer_ci_low"]) < few["wer_ci_high"] - few["wer_ci_low"]


def test_without_glosses_there_is_no_rate():
    with pytest.raises(ScoringError, match="at least one gloss"):
        wer_metrics(align_sentences([[]], [["A"]]), [None])
    with pytest.raises(ScoringError, match="at least one gloss"):
        wer_metrics([], [])


def test_counts_of_signers_and_glosses():
    assert counts_by_signer(SENTENCES, ["one", "two", "two", None]) == {
        "one": Counts(2, 0, 1, 0), "two": Counts(2, 1, 0, 1)}
    assert counts_by_gloss(SENTENCES) == {
        "A": Counts(2, 1, 0, 1), "B": Counts(1, 0, 1, 0), "C": Counts(1, 0, 0, 0)}
    assert confusions(SENTENCES * 2) == {("A", "D"): 2}
    everything = sum(counts_by_gloss(SENTENCES).values(), Counts())
    assert everything == count(pair for alignment in SENTENCES for pair in alignment)
