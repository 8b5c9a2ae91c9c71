"""Word error rate, with glosses aligned as by `sclite`.

The alignment minimises a cost of 4 for a substitution and 3 for a deletion or an insertion (NIST's SCTK, `sclite`), not
1 for each, as in published results. Plain edit distance gives other kinds of errors, and sometimes fewer: `X Y Z A B`
recognised as `A B U V W` has six errors here, as A and B are matched, and five there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

import numpy as np

from slr.errors import ScoringError
from slr.metrics.classification import FEWEST_OF_SIGNER

SUBSTITUTION, GAP = 4, 3
"""sclite's alignment costs of a substitution, and of a deletion or an insertion."""
_RESAMPLES = 1000
_SEED = 1

Op = Literal["C", "S", "D", "I"]


class Pair(NamedTuple):
    """One position of an alignment: correct, substituted, deleted (no hypothesis) or inserted (no reference)."""

    reference: str | None
    hypothesis: str | None
    op: Op


Alignment = list[Pair]
Clean = Callable[[Sequence[str]], list[str]]


class Cleanup(NamedTuple):
    """What is made of a sentence's glosses before they are aligned: of references, and of hypotheses."""

    reference: Clean
    hypothesis: Clean


@dataclass(frozen=True)
class Counts:
    """Counts of correct glosses and errors, and the resulting rates."""

    correct: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def glosses(self) -> int:
        """Number of reference glosses."""
        return self.correct + self.substituted + self.deleted

    @property
    def errors(self) -> int:
        return self.substituted + self.deleted + self.inserted

    @property
    def wer(self) -> float:
        """Errors per reference gloss; may exceed 1.

        Raises
        ------
        ScoringError
            If the references contain no gloss.
        """
        if self.glosses == 0:
            raise ScoringError("a word error rate needs references with at least one gloss; these have none")
        return self.errors / self.glosses


def align_glosses(reference: Sequence[str], hypothesis: Sequence[str]) -> Alignment:
    """The alignment of minimum cost; ties are resolved like sclite's.

    Backwards from the end, a match or substitution is preferred to a gap, and an insertion to a deletion.
    """
    costs = [[GAP * (i + j) for j in range(len(hypothesis) + 1)] for i in range(len(reference) + 1)]
    ways: list[list[Op]] = [["I" if i == 0 else "D" for _ in range(len(hypothesis) + 1)]
                            for i in range(len(reference) + 1)]
    for i, gloss in enumerate(reference, 1):
        for j, said in enumerate(hypothesis, 1):
            match = costs[i - 1][j - 1] + (0 if gloss == said else SUBSTITUTION)
            deletion, insertion = costs[i - 1][j] + GAP, costs[i][j - 1] + GAP
            if match <= deletion and match <= insertion:
                costs[i][j], ways[i][j] = match, ("C" if gloss == said else "S")
            elif deletion < insertion:
                costs[i][j], ways[i][j] = deletion, "D"
            else:
                costs[i][j], ways[i][j] = insertion, "I"

    pairs: Alignment = []
    i, j = len(reference), len(hypothesis)
    while i or j:
        op = ways[i][j]
        i, j = i - (op != "I"), j - (op != "D")
        pairs.append(Pair(None if op == "I" else reference[i], None if op == "D" else hypothesis[j], op))
    return pairs[::-1]


def align_sentences(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]],
                    clean: Cleanup | None = None) -> list[Alignment]:
    """The alignment of each sentence.

    Parameters
    ----------
    references, hypotheses : sequence of sequence of str
        Glosses of each sentence.
    clean : Cleanup, optional
        Clean-up of references and hypotheses first (`slr.metrics.phoenix`).

    Raises
    ------
    ScoringError
        If the numbers of hypotheses and references differ; a sentence in which nothing was recognised has an empty one.
    """
    if len(references) != len(hypotheses):
        raise ScoringError(f"{len(references)} references but {len(hypotheses)} hypotheses; one is needed for each "
                           "sentence, empty where nothing was recognised")
    if clean is not None:
        references, hypotheses = [*map(clean.reference, references)], [*map(clean.hypothesis, hypotheses)]
    return [align_glosses(*pair) for pair in zip(references, hypotheses, strict=True)]


def count(alignment: Iterable[Pair]) -> Counts:
    """Counts of one alignment, or of several concatenated."""
    ops = Counter(pair.op for pair in alignment)
    return Counts(ops["C"], ops["S"], ops["D"], ops["I"])


def counts_by_signer(alignments: Sequence[Alignment], signers: Sequence[str | None]) -> dict[str, Counts]:
    """Counts of each signer's sentences, ordered by name; sentences of unknown signers are left out."""
    counts: dict[str, Counts] = {}
    for alignment, signer in zip(alignments, signers, strict=True):
        if signer is not None:
            counts[signer] = counts.get(signer, Counts()) + count(alignment)
    return dict(sorted(counts.items()))


def counts_by_gloss(alignments: Iterable[Alignment]) -> dict[str, Counts]:
    """Counts of each gloss, ordered by name.

    Correct, substituted and deleted are counted by reference gloss; inserted by recognised gloss.
    """
    counts: dict[str, Counts] = {}
    for alignment in alignments:
        for pair in alignment:
            gloss = pair.hypothesis if pair.op == "I" else pair.reference
            assert gloss is not None
            counts[gloss] = counts.get(gloss, Counts()) + count([pair])
    return dict(sorted(counts.items()))


def confusions(alignments: Iterable[Alignment]) -> dict[tuple[str, str], int]:
    """How often each gloss (first) was recognised as another one (second), most frequent first."""
    pairs = (pair for alignment in alignments for pair in alignment)
    found = Counter((pair.reference, pair.hypothesis) for pair in pairs
                    if pair.op == "S" and pair.reference is not None and pair.hypothesis is not None)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def wer_metrics(alignments: Sequence[Alignment], signers: Sequence[str | None]) -> dict[str, float]:
    """Flat metrics of a set of sentences.

    Parameters
    ----------
    alignments : sequence of Alignment
        One for each sentence.
    signers : sequence of str or None
        None if unknown.

    Returns
    -------
    dict
        `wer` and its parts `wer_del`, `wer_ins`, `wer_sub`; `wer_ci_low` and `wer_ci_high`, the 95 % interval by
        bootstrap over sentences (Bisani and Ney, ICASSP 2004); `worst_signer_wer` where signers of enough sentences are
        known (`slr.metrics.classification.FEWEST_OF_SIGNER`);
        `sentences`, `glosses`, and `sentence_errors`, the share of sentences with any error.

    Raises
    ------
    ScoringError
        If the references contain no gloss.
    """
    each = [count(alignment) for alignment in alignments]
    total = sum(each, Counts())
    metrics = {
        "wer": total.wer, "wer_del": total.deleted / total.glosses, "wer_ins": total.inserted / total.glosses,
        "wer_sub": total.substituted / total.glosses, "sentences": len(each), "glosses": total.glosses,
        "sentence_errors": float(np.mean([counts.errors > 0 for counts in each])),
    }
    metrics["wer_ci_low"], metrics["wer_ci_high"] = _interval(each)
    sentences = Counter(signers)
    by_signer = [counts.wer for signer, counts in counts_by_signer(alignments, signers).items()
                 if counts.glosses and sentences[signer] >= FEWEST_OF_SIGNER]
    return metrics | ({"worst_signer_wer": max(by_signer)} if by_signer else {})


def _interval(each: list[Counts]) -> tuple[float, float]:
    """The central 95 % of the error rates of bootstrap samples of the sentences."""
    drawn = np.random.default_rng(_SEED).integers(0, len(each), (_RESAMPLES, len(each)))
    errors = np.array([counts.errors for counts in each])[drawn].sum(1)
    glosses = np.array([counts.glosses for counts in each])[drawn].sum(1)
    low, high = np.percentile(errors[glosses > 0] / glosses[glosses > 0], [2.5, 97.5])
    return float(low), float(high)
