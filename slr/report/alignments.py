"""Recognised sentences aligned with their references, as table rows with coloured errors."""

from collections.abc import Sequence
from typing import NamedTuple

from slr.metrics.wer import Alignment, Counts, count

KINDS = {"C": "correct", "S": "substitution", "D": "deletion", "I": "insertion"}
"""Kinds of positions, for the page's colours."""


class Cell(NamedTuple):
    """One position of an alignment; empty text if a side has no gloss."""

    reference: str
    hypothesis: str
    kind: str


class AlignmentRow(NamedTuple):
    """One sentence: its name, signer (empty if unknown), counts, and each position."""

    name: str
    signer: str
    counts: Counts
    cells: list[Cell]


def alignment_rows(names: Sequence[str], alignments: Sequence[Alignment], signers: Sequence[str | None],
                   most: int) -> list[AlignmentRow]:
    """Rows for at most so many sentences, highest error rate first, then by name.

    Parameters
    ----------
    names : sequence of str
        Clip id of each sentence.
    alignments : sequence of Alignment
        `slr.metrics.wer.align_sentences`.
    signers : sequence of str or None
        None if unknown.
    most : int
    """
    rows = [AlignmentRow(name, signer or "", count(alignment),
                         [Cell(pair.reference or "", pair.hypothesis or "", KINDS[pair.op]) for pair in alignment])
            for name, alignment, signer in zip(names, alignments, signers, strict=True)]
    return sorted(rows, key=lambda row: (-row.counts.errors / max(1, len(row.cells)), row.name))[:most]
