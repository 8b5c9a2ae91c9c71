"""Writes a benchmark's results, with what they were measured on: `benchmarks/results/NAME.json`, flat scalars."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from slr.io.files import read_json, write_json
from slr.io.workers import cores

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("av", "dvc", "mediapipe", "numpy", "opencv-python", "pandas", "pyarrow", "torch")


def record(name: str, results: dict[str, float | int | str], part: str | None = None) -> None:
    """Write the results, rounded to four digits, and print them.

    A benchmark that is one `part` of a file leaves the others' results there, and its commit and date are
    `<part>_commit` and `<part>_date`.
    """
    path = RESULTS / f"{name}.json"
    kept = read_json(path) if part and path.exists() else {}
    rounded = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in results.items()}
    facts = {f"{part}_{key}" if part and key in ("commit", "date") else key: value
             for key, value in surroundings().items()}
    write_json(path, {**kept, **rounded, **facts})
    for key, value in rounded.items():
        print(f"{key:>20}  {value}")


def peak_mib() -> float:
    """Most memory that this process has held, by Linux' own account."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def surroundings() -> dict[str, str | int]:
    """Machine, versions, commit (`+` where files differ from it) and date."""
    return {
        "machine_cpu": _cpu(),
        "machine_cores": cores(),
        "machine_system": f"{platform.system()} {platform.release()}",
        "version_python": platform.python_version(),
        **{f"version_{package}": version(package) for package in PACKAGES},
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain", "--", "slr") else ""),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _cpu() -> str:
    """The processor's name; Linux keeps it in a file."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=RESULTS.parents[1], capture_output=True, text=True, check=True)
    return done.stdout.strip()
