"""What keeps `slr/` readable: few rooms, short functions, and tasks that nobody else names."""

import ast
import re

from slr.tasks import TASKS
from tests.helpers import REPOSITORY

MODULES = sorted((REPOSITORY / "slr").rglob("*.py"))


def test_the_top_level_reads_as_a_table_of_contents():
    entries = [path for path in (REPOSITORY / "slr").iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 22
    assert {path.name for path in entries if path.suffix == ".py"} == {"__init__.py", "errors.py"}


def test_no_function_is_longer_than_a_screen():
    long = [(path.relative_to(REPOSITORY).as_posix(), node.name) for path in MODULES
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 70]
    assert long == []


def test_nobody_but_tasks_and_settings_decides_by_a_task_or_by_what_a_model_reads():
    """`load_model(folder, "isolated")` asks for a task, and decides nothing."""
    names = "|".join(TASKS)
    decides = re.compile(rf"""(==|!=|\bin\b|\bcase\b)\s*\(?["']({names}|landmarks|frames)["']"""
                         r"|isinstance\([^)]*(Rgb)?Clips")
    found = [(path.relative_to(REPOSITORY).as_posix(), line.strip()) for path in MODULES
             if path.relative_to(REPOSITORY).parts[1] not in ("tasks", "params")
             for line in path.read_text().splitlines() if decides.search(line)]
    assert [(file, line) for file, line in found if not file.startswith("slr/corpora/sample/")] == []  # parts drawn
