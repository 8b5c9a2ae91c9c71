"""How long the pipeline takes: from a fresh clone, with nothing to do, and to select or train another model.

    git clone REPOSITORY fresh && cd fresh && make setup && .venv/bin/python -m benchmarks.pipeline
    python -m benchmarks.pipeline noop select      # some of its parts, in a project that has run

Writes `benchmarks/results/pipeline.json`, each part with its own commit and date:

- `run`: `run_s` (`make run`, the packages installed), and of each stage how long it took into `stages.json`, from which
  `make run` estimates how much is left on other machines; only in a clone without outputs;
- `stages`: that file alone, of all stages that ever ran here (after `make zoo`, the other models' too);
- `noop`: `noop_s` (`dvc repro`, nothing changed; the median of three);
- `select`: `select_s` (`dvc exp run -S train.model=spoter`), `select_other_s` (another model than the selected one, so
  that select and report run);
- `zoo`: `zoo_model_overhead_s` (`dvc exp run -S train.model=silt_sequence`, a model of the zoo, with settings that it
  has not been trained with, less what its `pipeline.train` and `pipeline.evaluate` take by themselves), `zoo_model_s`
  (all of it);
- `start`: `help_s` (`slr --help`, the best of five), `import_s` (`import slr`, likewise);
- `test`: `test_s` (`make test`, the packages installed);
- `ci`: `ci_s` (`.ci/run`); only when it is asked for, as it holds `make test` and `make run`.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.record import record
from pipeline.run.durations import DURATIONS, corpus
from slr.io.files import read_json

REPOSITORY = Path(__file__).parents[1]
ZOO_MODEL = "silt_sequence"


def seconds(*command: str) -> float:
    """Wall-clock time of a command that must succeed, in this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    begin = time.perf_counter()
    subprocess.run(command, cwd=REPOSITORY, check=True, env={**os.environ, "PATH": path})
    return time.perf_counter() - begin


def run() -> dict[str, float]:
    if (REPOSITORY / "data/manifest.parquet").exists():
        sys.exit("this project has outputs already, so a run of it shows nothing; clone it afresh (see the top)")
    took = {"run_s": seconds("make", "run")}
    stages()
    return took


def stages() -> dict[str, float]:
    os.chdir(REPOSITORY)
    of = corpus()
    record("stages", {"corpus": of, **{f"{name}_s": took for name, took in sorted(read_json(DURATIONS)[of].items())}})
    return {}


def noop() -> dict[str, float]:
    return {"noop_s": statistics.median(seconds("dvc", "repro") for _ in range(3))}


def select() -> dict[str, float]:
    return {"select_s": seconds("dvc", "exp", "run", "-S", "train.model=spoter"),
            "select_other_s": seconds("dvc", "exp", "run", "-S", "train.model=silt_query")}


def zoo() -> dict[str, float]:
    setting = f"zoo/params.yaml:models.{ZOO_MODEL}.lr={time.time() % 1e-3 + 1e-3:.9f}"  # that no cache knows
    whole = seconds("dvc", "exp", "run", "-S", f"train.model={ZOO_MODEL}", "-S", setting)
    own = sum(seconds("python", "-m", f"pipeline.{stage}", ZOO_MODEL) for stage in ("train", "evaluate"))
    return {"zoo_model_s": whole, "zoo_model_overhead_s": whole - own}


def start() -> dict[str, float]:
    return {"help_s": min(seconds("slr", "--help") for _ in range(5)),
            "import_s": min(seconds("python", "-c", "import slr") for _ in range(5))}


def test() -> dict[str, float]:
    return {"test_s": seconds("make", "test")}


def ci() -> dict[str, float]:
    return {"ci_s": seconds("bash", ".ci/run")}


PARTS: dict[str, Callable[[], dict[str, float]]] = {
    part.__name__: part for part in (run, stages, noop, select, zoo, start, test, ci)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", default=["run", "noop", "select", "zoo", "start", "test"])
    parts = parser.parse_args().parts
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if {"select", "zoo"} & set(parts) and subprocess.run(["git", "config", "user.email"],
                                                         stdout=subprocess.DEVNULL).returncode:
        sys.exit("`dvc exp` needs `git config user.name` and `git config user.email`; set them first")
    for part in parts:
        found = PARTS[part]()
        if found:
            record("pipeline", found, part)


if __name__ == "__main__":
    main()
