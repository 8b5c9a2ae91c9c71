"""How long the pipeline takes: from a fresh clone, with nothing to do, and to select another model.

    git clone REPOSITORY fresh && cd fresh && make setup && .venv/bin/python -m benchmarks.pipeline

Writes `benchmarks/results/pipeline.json`: `run_s` (`make run`, the packages installed), `noop_s` (`dvc repro` again,
nothing changed), `select_s` (`dvc exp run -S train.model=spoter`), `select_other_s` (another model than the selected
one, so that select and report run), `help_s` (`slr --help`, the best of five) and `import_s` (`import slr`, likewise).
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.record import record

REPOSITORY = Path(__file__).parents[1]


def seconds(*command: str) -> float:
    """Wall-clock time of a command that must succeed, in this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    begin = time.perf_counter()
    subprocess.run(command, cwd=REPOSITORY, check=True, env={**os.environ, "PATH": path})
    return time.perf_counter() - begin


def main() -> None:
    if (REPOSITORY / "data/manifest.parquet").exists():
        sys.exit("this project has outputs already, so a run of it shows nothing; clone it afresh (see the top)")
    if subprocess.run(["git", "config", "user.email"], stdout=subprocess.DEVNULL).returncode:
        sys.exit("`dvc exp` needs `git config user.name` and `git config user.email`; set them first")
    record("pipeline", {
        "run_s": seconds("make", "run"),
        "noop_s": seconds("dvc", "repro"),
        "select_s": seconds("dvc", "exp", "run", "-S", "train.model=spoter"),
        "select_other_s": seconds("dvc", "exp", "run", "-S", "train.model=spoter_published"),
        "help_s": min(seconds("slr", "--help") for _ in range(5)),
        "import_s": min(seconds("python", "-c", "import slr") for _ in range(5)),
    })


if __name__ == "__main__":
    main()
