"""Compares the metrics in git with a rerun of the pipeline. The only module that calls git and DVC."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slr.errors import SlrError
from slr.params import load

IGNORED = ("_seconds", "epochs", "best_epoch", "lm_bonus", "lm_weight")
"""Suffixes of names that may differ between machines: times, and the epochs and language-model settings selected on
validation."""
COUNTED = ("clips", "glosses", "sentences", "windows", "signers", "classes", "parameters", "clusters", "ways")
"""Suffixes of names that must be equal."""
SAME_EVERYWHERE = ("corpus", "frames", "landmarks", "splits")
"""Stages whose outputs are bit-identical on every x86-64 processor; anything trained is not."""
UNTRAINED = 1e-6
"""Tolerance of numbers in which no trained model is involved: the last digits of the arithmetic."""


@dataclass(frozen=True)
class Comparison:
    """One metric, or an output's hash: the committed value, the new one, and whether they agree within tolerance."""

    file: str
    metric: str
    committed: float | str | None
    now: float | str | None
    within: bool


def verify_metrics(project: Path, scratch: bool = False, zoo: bool = False, zoo_models: int = 0) -> list[Comparison]:
    """Reproduce the pipeline in `project` and compare its metrics, and the hashes of its data, with the last commit's.

    Parameters
    ----------
    project : Path
        The repository's folder.
    scratch : bool, default False
        Run every stage, not only those that are out of date.
    zoo : bool, default False
        Also every model of the zoo.
    zoo_models : int, default 0
        Additionally this many zoo models, in rotation: selected by the last commit's hash.

    Raises
    ------
    SlrError
        If the folder is no repository, no metrics are committed, or the pipeline fails.
    """
    committed = {name: json.loads(_git(project, "show", f"HEAD:{name}")) for name in _committed(project, "metrics")}
    if not committed:
        raise SlrError("no metrics are committed; run `dvc repro`, then commit dvc.lock and metrics/")
    params = load(project / "params.yaml")
    chosen = params.zoo.models if zoo else models_in_turn(
        params.zoo.models, zoo_models, _git(project, "rev-parse", "HEAD").strip())
    left_out = {f"metrics/models/{name}.json" for name in params.zoo.models} - {
        f"metrics/models/{name}.json" for name in chosen}
    force = ["--force"] if scratch else []
    _repro(project, force)
    if chosen:
        stages = [f"zoo/dvc.yaml:{stage}@{name}" for name in chosen for stage in ("train", "evaluate")]
        _repro(project, [*force, *(["--single-item"] if scratch else []), *stages])
    files = [name for name in committed if name not in left_out]
    now = {name: json.loads((project / name).read_text()) for name in files if (project / name).exists()}
    return [*compare_data(_lock(_git(project, "show", "HEAD:dvc.lock")) if _committed(project, "dvc.lock") else {},
                          _lock((project / "dvc.lock").read_text())),
            *(row for name in files for row in compare(name, committed[name], now.get(name, {})))]


def models_in_turn(models: Sequence[str], count: int, commit: str) -> list[str]:
    """A subset of the models, rotated by a commit's hash, so that over many commits all are covered."""
    start = int(commit, 16)
    return [models[(start + i) % len(models)] for i in range(min(count, len(models)))]


def compare_data(committed: dict[str, str], now: dict[str, str]) -> list[Comparison]:
    """Compare the output hashes of two dvc.lock files; all of `committed` must be present and equal."""
    return [Comparison("dvc.lock", path, md5, now.get(path), md5 == now.get(path)) for path, md5 in committed.items()]


def compare(file: str, committed: dict[str, float], now: dict[str, float]) -> list[Comparison]:
    """Compare two flat dictionaries of metrics. A metric that only one of them has is out of tolerance."""
    return [
        Comparison(file, metric, committed.get(metric), now.get(metric), _within(metric, committed, now))
        for metric in sorted(committed.keys() | now.keys())
        if not metric.endswith(IGNORED)
    ]


def _within(metric: str, committed: dict[str, float], now: dict[str, float]) -> bool:
    if metric not in committed or metric not in now:
        return False
    if metric.endswith(COUNTED):
        return committed[metric] == now[metric]
    return math.isclose(committed[metric], now[metric], rel_tol=0, abs_tol=tolerance(metric, committed))


def tolerance(metric: str, metrics: dict[str, float]) -> float:
    """Tolerance for a trained model's metric, on any processor.

    A different kind of processor rounds differently and training amplifies the difference, so that the result is
    another model of the same quality. A fraction measured on n clips then differs by chance: the tolerance is half of
    its 95 % interval over n clips (Agresti and Coull, 1998). For a number above one, which isn't a fraction, it is the
    widest such share of it.
    """
    clips = clips_behind(metric, metrics)
    if clips is None:
        return UNTRAINED
    value = abs(metrics[metric])
    share = (value * clips + 2) / (clips + 4) if value <= 1 else 0.5
    return 1.96 * math.sqrt(share * (1 - share) / (clips + 4)) * max(1, value)


def clips_behind(metric: str, metrics: dict[str, float]) -> float | None:
    """Number of clips, glosses (of word error rates), windows or segments (of streams) behind a metric.

    Metrics of the worst signer, or of validation, are over one signer's share. None if no model was tested.
    """
    name = metric.removesuffix("_ci_low").removesuffix("_ci_high")
    if f"{name}_clips" in metrics:
        return metrics[f"{name}_clips"]
    if "segments" in metrics:
        measured = metrics["segments" if name.startswith("segment_") else "windows"]
    elif "sentences" in metrics:
        measured = metrics["glosses" if "wer" in name else "sentences"]
    elif "clips" in metrics:
        measured = metrics["clips"]
    else:
        return None
    of_one_signer = name.startswith(("worst_signer", "val_")) or name == "signer_gap"
    return measured / metrics.get("signers", 1) if of_one_signer else measured


def print_comparison(comparison: list[Comparison]) -> None:
    """Print a table of the values out of tolerance, and a one-line summary."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    off = [row for row in comparison if not row.within]
    if off:
        table = Table("file", "metric", "committed", "now")
        for row in off:
            table.add_row(row.file, row.metric, str(row.committed), str(row.now))
        console.print(table)
    console.print(f"{len(comparison) - len(off)} of {len(comparison)} metrics within tolerance (data and counts equal, "
                  "fractions by half their 95 % interval over the clips behind them, times not compared)")


def _repro(project: Path, arguments: Sequence[str]) -> None:
    # so that the stages' `python` is this one, even if the environment isn't activated
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    if subprocess.run(command, cwd=project, env=env, stdout=sys.stderr).returncode:
        raise SlrError("the pipeline failed, so there is nothing to compare; its message stands above")


def _lock(text: str) -> dict[str, str]:
    """The hash of each output of the stages in `SAME_EVERYWHERE`, from a dvc.lock's text."""
    stages: dict[str, Any] = (yaml.load(text, yaml.CSafeLoader) or {}).get("stages", {})
    return {out["path"]: out["md5"] for name in SAME_EVERYWHERE for out in stages.get(name, {}).get("outs", [])}


def _committed(project: Path, path: str) -> list[str]:
    """The committed JSON files below a folder, or the file."""
    return [name for name in _git(project, "ls-tree", "-r", "--name-only", "HEAD", path).splitlines()
            if name.endswith(".json") or name == path]


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True)
    if done.returncode:
        raise SlrError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}; run this in the project's repository")
    return done.stdout
