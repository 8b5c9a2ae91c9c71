"""What is wrong with a corpus, as a list: every problem at once, each with its place and the way out."""

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
        What it is about: a clip id, a file below the corpus root, a line of the CSV, or a gloss; empty for the corpus.
    kind : str
        A short name, the same for all problems of one sort (`unreadable`, `duplicate-id`, ...), to sort and count by.
    severity : {"error", "warning"}
        `error`: the clip can't be used, or results would be wrong. `warning`: it works, but look at it.
    reason : str
    way_out : str
    items : tuple of str
        Where one problem stands for many clips (videos that are missing): all their names.
    """

    clip: str
    kind: str
    severity: Literal["error", "warning"]
    reason: str
    way_out: str
    items: tuple[str, ...] = ()

    @classmethod
    def outside_root(cls, where: str, error: CorpusError) -> Self:
        """A path that leaves the corpus root, from what `slr.io.files.inside` raised."""
        reason, _, way_out = str(error).partition("; ")
        return cls(where, "outside-root", "error", reason, way_out)

    @property
    def count(self) -> int:
        """How many clips it is about."""
        return len(self.items) or 1

    def __str__(self) -> str:
        return f"{self.clip}: {self.reason}; {self.way_out}" if self.clip else f"{self.reason}; {self.way_out}"


def errors(problems: Sequence[Problem]) -> list[Problem]:
    """The problems that stop a clip, or the corpus, from being used."""
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
