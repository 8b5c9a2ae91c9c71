"""Recognised sentences beside their references, as rows of a table in which each error has a colour."""

from collections.abc import Sequence
from typing import NamedTuple

from slr.evaluation.wer import Alignment, Counts, count

KINDS = {"C": "correct", "S": "substitution", "D": "deletion", "I": "insertion"}
"""Of each place, for the page's colours."""


class Cell(NamedTuple):
    """One place of an alignment; empty text where a side has nothing."""

    reference: str
    hypothesis: str
    kind: str


class AlignmentRow(NamedTuple):
    """One sentence: its name, who signed it (empty if unknown), how often what happened, and each place."""

    name: str
    signer: str
    counts: Counts
    cells: list[Cell]


def alignment_rows(names: Sequence[str], alignments: Sequence[Alignment], signers: Sequence[str | None],
                   most: int) -> list[AlignmentRow]:
    """Rows for at most so many sentences, those with the largest share of errors first, then by name.

    Parameters
    ----------
    names : sequence of str
        Clip id of each sentence.
    alignments : sequence of Alignment
        `slr.evaluation.wer.align_sentences`.
    signers : sequence of str or None
        None where unknown.
    most : int
    """
    rows = [AlignmentRow(name, signer or "", count(alignment),
                         [Cell(pair.reference or "", pair.hypothesis or "", KINDS[pair.op]) for pair in alignment])
            for name, alignment, signer in zip(names, alignments, signers, strict=True)]
    return sorted(rows, key=lambda row: (-row.counts.errors / max(1, len(row.cells)), row.name))[:most]
