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


def raise_errors(problems: Sequence[Problem], place: str, shown: int = 50) -> None:
    """Raise one CorpusError that lists all errors among `problems`; return if there are none."""
    found = errors(problems)
    if not found:
        return
    lines = [f"  {problem}" for problem in found[:shown]]
    if len(found) > shown:
        lines.append(f"  ... and {len(found) - shown} more; `slr check` lists all")
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    raise CorpusError("\n".join([f"{place} has {count}:", *lines]))
