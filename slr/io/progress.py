"""Progress bars on terminals, no output otherwise; and warnings."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Rate(ProgressColumn):
    def __init__(self, unit: str):
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {self.unit}/s", style="progress.data.speed")


class Advance(Protocol):
    """Advances a progress bar; a `note` is shown behind it until the next one."""

    def __call__(self, amount: float = 1, note: str | None = None) -> None: ...


@contextmanager
def progress(description: str, total: float | None, unit: str = "clip", shown: bool = True) -> Iterator[Advance]:
    """A progress bar with count, rate and time left (unless the total is unknown), on a terminal if `shown`; yields a
    function that advances it.

    >>> with progress("landmarks", total=3) as advance:
    ...     for _ in range(3):
    ...         advance()
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        _Rate(unit), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(description, total=total, note="")

        def advance(amount: float = 1, note: str | None = None) -> None:
            fields: dict[str, Any] = {} if note is None else {"note": note}
            bar.update(task, advance=amount, **fields)

        yield advance


def warn(message: str) -> None:
    """Print a warning on standard error."""
    print(f"warning: {message}", file=sys.stderr)
