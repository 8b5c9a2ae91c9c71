"""How long each stage took: in earlier runs here, and on the machine of the benchmark."""

from pathlib import Path

import yaml

from pipeline.run.estimate import Estimate
from slr.dataset.paths import WORK
from slr.io.files import read_json, write_json

DURATIONS = WORK / "durations.json"
REFERENCE = Path("benchmarks/results/stages.json")


def corpus() -> str:
    """What the durations are about: other videos take other times."""
    try:
        block = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["corpus"]
        return " ".join(str(block[name]) for name in ("name", "root", "subset") if block.get(name))
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return ""


def known_durations(of: str) -> Estimate:
    """What is known of this corpus, from earlier runs here and from the machine of the benchmark."""
    own = read_json(DURATIONS).get(of, {}) if DURATIONS.exists() else {}
    there = read_json(REFERENCE) if REFERENCE.exists() else {}
    about_it = there.get("corpus") == of
    return Estimate(own, {name.removesuffix("_s"): value for name, value in there.items()
                          if about_it and name.endswith("_s")})


def remember(of: str, durations: dict[str, float]) -> None:
    """Keep how long stages took, for the next run's estimate."""
    if durations:
        known = read_json(DURATIONS) if DURATIONS.exists() else {}
        rounded = {name: round(seconds, 1) for name, seconds in durations.items()}
        write_json(DURATIONS, known | {of: known.get(of, {}) | rounded})
