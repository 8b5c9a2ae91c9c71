"""Are the metrics in git what the pipeline writes? The one module that calls git and DVC."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from slr.errors import SlrError

IGNORED = ("_seconds", "epochs", "best_epoch", "lm_bonus", "lm_weight")
"""Endings of names that may differ from machine to machine: how long it took, and the epochs and the language model's
part, which validation chose."""
COUNTED = ("clips", "glosses", "signers", "classes", "parameters", "clusters", "ways")
"""Endings of names that must be equal."""
TOLERANCE = 0.05
"""Least tolerance of a fraction (an accuracy, an interval's end, a clustering score). A fresh clone on another machine
of the same kind gave every fraction to the last digit; another kind of processor rounds otherwise, and training
amplifies it. Where half the committed interval of top-1 or of WER is wider, it is that: as far as chance goes. Of a
number above one (an embedding's dimensions) it is this share."""


@dataclass(frozen=True)
class Comparison:
    """One metric: as committed, as it came out now, and whether that is within tolerance."""

    file: str
    metric: str
    committed: float | None
    now: float | None
    within: bool


def verify_metrics(project: Path, scratch: bool = False) -> list[Comparison]:
    """Reproduce the pipeline in `project` and compare each metric below `metrics/` with the last commit's.

    Parameters
    ----------
    project : Path
        The repository's folder.
    scratch : bool, default False
        Run every stage, not only those that are out of date.

    Raises
    ------
    SlrError
        If the folder is no repository, no metrics are committed, or the pipeline fails.
    """
    committed = {name: json.loads(_git(project, "show", f"HEAD:{name}")) for name in _committed_metrics(project)}
    if not committed:
        raise SlrError("no metrics are committed; run `dvc repro`, then commit dvc.lock and metrics/")
    command = [sys.executable, "-m", "dvc", "repro", *(["--force"] if scratch else [])]
    if subprocess.run(command, cwd=project, stdout=sys.stderr).returncode:
        raise SlrError("the pipeline failed, so there is nothing to compare; its message stands above")
    now = {name: json.loads((project / name).read_text()) for name in committed if (project / name).exists()}
    return [row for name in committed for row in compare(name, committed[name], now.get(name, {}))]


def compare(file: str, committed: dict[str, float], now: dict[str, float]) -> list[Comparison]:
    """Compare two flat dictionaries of metrics. A metric that only one of them has is out of tolerance."""
    intervals = [committed.get(f"{name}_ci_high", 0) - committed.get(f"{name}_ci_low", 0) for name in ("top1", "wer")]
    tolerance = max(TOLERANCE, *(interval / 2 for interval in intervals))
    return [
        Comparison(file, metric, committed.get(metric), now.get(metric),
                   _within(metric, committed.get(metric), now.get(metric), tolerance))
        for metric in sorted(committed.keys() | now.keys())
        if not metric.endswith(IGNORED)
    ]


def _within(metric: str, committed: float | None, now: float | None, tolerance: float) -> bool:
    if committed is None or now is None:
        return False
    if metric.endswith(COUNTED):
        return committed == now
    return math.isclose(committed, now, rel_tol=0, abs_tol=tolerance * max(1, abs(committed)))


def print_comparison(comparison: list[Comparison]) -> None:
    """A table of what is out of tolerance, and one line that sums up."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    off = [row for row in comparison if not row.within]
    if off:
        table = Table("file", "metric", "committed", "now")
        for row in off:
            table.add_row(row.file, row.metric, str(row.committed), str(row.now))
        console.print(table)
    console.print(f"{len(comparison) - len(off)} of {len(comparison)} metrics within tolerance (fractions {TOLERANCE} "
                  "or half the interval of top-1 or WER, counts equal, times not compared)")


def _committed_metrics(project: Path) -> list[str]:
    return [name for name in _git(project, "ls-tree", "-r", "--name-only", "HEAD", "metrics").splitlines()
            if name.endswith(".json")]


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True)
    if done.returncode:
        raise SlrError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}; run this in the project's repository")
    return done.stdout
