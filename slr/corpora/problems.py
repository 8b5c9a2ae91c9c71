"""Problems of a corpus: all of them at once, each with its location and a remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from slr.errors import CorpusError


@dataclass(frozen=True)
class Problem:
    """One problem of a corpus.

    Attributes
    ----------
    clip : str
        The affected item: a clip id, a file below the corpus root, a line of the CSV, or a gloss; empty for the corpus.
    kind : str
        A short name shared by all problems of one kind (`unreadable`, `duplicate-id`, ...), for sorting and counting.
    severity : {"error", "warning"}
        `error`: the clip can't be used, or results would be wrong. `warning`: usable, but should be checked.
    reason : str
    way_out : str
    items : tuple of str
        If one problem covers many clips (missing videos): all their names.
    """

    clip: str
    kind: str
    severity: Literal["error", "warning"]
    reason: str
    way_out: str
    items: tuple[str, ...] = ()

    @classmethod
    def outside_root(cls, where: str, error: CorpusError) -> Self:
        """The problem of a path that leaves the corpus root, from the error raised by `slr.io.files.inside`."""
        reason, _, way_out = str(error).partition("; ")
        return cls(where, "outside-root", "error", reason, way_out)

    @property
    def count(self) -> int:
        """Number of affected clips."""
        return len(self.items) or 1

    def __str__(self) -> str:
        return f"{self.clip}: {self.reason}; {self.way_out}" if self.clip else f"{self.reason}; {self.way_out}"


def errors(problems: Sequence[Problem]) -> list[Problem]:
    """The problems that make a clip or the corpus unusable."""
    return [problem for problem in problems if problem.severity == "error"]


EXAMPLES = 3
"""Problems of one kind that are named where all would be too many to read."""


def by_kind(problems: Sequence[Problem]) -> list[list[Problem]]:
    """The problems of each severity and kind, the kinds in order of appearance."""
    found: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        found.setdefault((problem.severity, problem.kind), []).append(problem)
    return list(found.values())


def raise_errors(problems: Sequence[Problem], place: str) -> None:
    """Raise one CorpusError that counts the errors of each kind among `problems` and names some of them; return if
    there are none."""
    found = errors(problems)
    if not found:
        return
    lines = []
    for same in by_kind(found):
        lines += [f"  {problem}" for problem in same[:EXAMPLES]]
        if len(same) > EXAMPLES:
            lines.append(f"  ... {same[0].kind}: {len(same)} in all; `slr check --all` lists them")
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    raise CorpusError("\n".join([f"{place} has {count}:", *lines]))
