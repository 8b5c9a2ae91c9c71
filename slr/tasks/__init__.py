"""Recognition tasks: one module per task, with everything in which it differs from the others.

A task is found by the name in a model's settings (`ModelParams.task`): one of `TASKS`, one that an installed package
registers (entry points of the group `slr.tasks`), or a dotted name.
"""

from slr.params import ModelParams
from slr.params.lookup import dotted, locate
from slr.tasks.base import Data, Score, Task, missing_clips

__all__ = ["TASKS", "Data", "Score", "Task", "missing_clips", "task_name", "task_named", "task_of"]

TASKS = {
    "isolated": "slr.tasks.isolated:Isolated",
    "detection": "slr.tasks.detection:Detection",
    "continuous": "slr.tasks.continuous:Continuous",
}
"""The dotted name of each task."""


def task_name(name: str) -> str:
    """The dotted name of a task.

    Raises
    ------
    ParamsError
        If there is no such task; the message suggests the nearest name.
    """
    return TASKS[name] if name in TASKS else dotted(name, "slr.tasks", TASKS)


def task_named(name: str) -> Task:
    """A task by its name; raises ParamsError if there is none."""
    return locate(task_name(name))()


def task_of(settings: ModelParams) -> Task:
    """The task of a model with these settings."""
    return task_named(settings.task)
