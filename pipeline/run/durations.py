"""Durations of the stages: in earlier runs on this machine, and on the benchmark machine."""

from pathlib import Path

import yaml

from pipeline.run.estimate import Estimate
from slr.dataset.paths import WORK
from slr.io.files import read_json, write_json

DURATIONS = WORK / "durations.json"
REFERENCE = Path("benchmarks/results/stages.json")


def corpus() -> str:
    """The corpus that durations belong to: other videos take other times."""
    try:
        block = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["corpus"]
        return " ".join(str(block[name]) for name in ("name", "root", "subset") if block.get(name))
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return ""


def known_durations(of: str) -> Estimate:
    """Known durations for this corpus, from earlier runs on this machine and from the benchmark machine."""
    own = read_json(DURATIONS).get(of, {}) if DURATIONS.exists() else {}
    there = read_json(REFERENCE) if REFERENCE.exists() else {}
    about_it = there.get("corpus") == of
    return Estimate(own, {name.removesuffix("_s"): value for name, value in there.items()
                          if about_it and name.endswith("_s")})


def remember(of: str, durations: dict[str, float]) -> None:
    """Save durations of stages, for the next run's estimate."""
    if durations:
        known = read_json(DURATIONS) if DURATIONS.exists() else {}
        rounded = {name: round(seconds, 1) for name, seconds in durations.items()}
        write_json(DURATIONS, known | {of: known.get(of, {}) | rounded})
