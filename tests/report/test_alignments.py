"""Rows of the table of recognised sentences."""

from slr.evaluation.wer import Counts, align_sentences
from slr.report.alignments import AlignmentRow, Cell, alignment_rows

ALIGNMENTS = align_sentences([["A", "B"], ["A"], ["A", "B"], []], [["A", "B"], ["C", "A"], ["B"], []])


def test_the_worst_sentences_come_first():
    rows = alignment_rows(["w", "x", "y", "z"], ALIGNMENTS, ["one", None, "two", "two"], most=3)
    assert rows == [
        AlignmentRow("x", "", Counts(1, 0, 0, 1), [Cell("", "C", "insertion"), Cell("A", "A", "correct")]),
        AlignmentRow("y", "two", Counts(1, 0, 1, 0), [Cell("A", "", "deletion"), Cell("B", "B", "correct")]),
        AlignmentRow("w", "one", Counts(2), [Cell("A", "A", "correct"), Cell("B", "B", "correct")]),
    ]


def test_a_substitution_has_both_sides():
    (row,) = alignment_rows(["w"], align_sentences([["A"]], [["B"]]), [None], most=9)
    assert row.cells == [Cell("A", "B", "substitution")]
