"""How many lines of `slr/` the tests run: `make coverage`, which counts them first, also in worker processes.

`lines_percent` is of all lines with code, `lines_<package>_percent` of one package's; a module at the top of `slr/`
counts as a package.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

from coverage import Coverage

from benchmarks.record import record


def percentages(files: Iterable[tuple[str, int, int]]) -> dict[str, float]:
    """What is recorded.

    Parameters
    ----------
    files : iterable of (path, lines with code, lines among them that ran)
        Paths from the repository's root, such as `slr/io/files.py`.
    """
    lines: Counter[str] = Counter()
    covered: Counter[str] = Counter()
    for path, n_lines, n_covered in files:
        package = PurePath(path).with_suffix("").parts[1]
        for name in ["lines"] if package == "__init__" else ["lines", f"lines_{package}"]:
            lines[name] += n_lines
            covered[name] += n_covered
    return {f"{name}_percent": 100 * covered[name] / lines[name] for name in sorted(lines) if lines[name]}


def measured() -> Iterable[tuple[str, int, int]]:
    """Of each file of `slr/`, by the data that pytest left in `.coverage`."""
    coverage = Coverage()
    coverage.load()
    for file in sorted(coverage.get_data().measured_files()):
        _, statements, _, missing, _ = coverage.analysis2(file)
        yield file, len(statements), len(statements) - len(missing)


if __name__ == "__main__":
    record("coverage", percentages(measured()))
