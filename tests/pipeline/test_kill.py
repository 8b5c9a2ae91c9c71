"""SIGKILL in the middle of each stage: the next `dvc repro` gives what an undisturbed one gave."""

import contextlib
import os
import signal
import subprocess
import time

import psutil
import pytest
from ruamel.yaml import YAML

from tests.helpers.project import EVERYTHING, Project


def outputs(project: Project) -> dict[str, str]:
    """The hash of every output in dvc.lock but those that hold times of day or durations."""
    lock = YAML(typ="safe").load(project.folder / "dvc.lock")
    return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]
            if out["path"].startswith("data/")}


def kill_in_the_middle(project: Project, stage: str, after_s: float) -> bool:
    """Kill DVC and its stage `after_s` into the stage's work; False if the stage was done by then.

    The stage's own process is frozen first, so that it can't finish between the look and the kill: DVC would then
    be writing its dvc.lock, which isn't atomic and isn't ours.
    """
    dvc = subprocess.Popen(["dvc", "repro", "--single-item", "--force", stage], cwd=project.folder,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    for line in dvc.stdout:
        if line.startswith("> python"):
            break
    time.sleep(after_s)
    at_work = False
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(dvc.pid).children(recursive=True):
            if f"pipeline.{stage.partition('@')[0]}" in child.cmdline():
                child.suspend()
                at_work = True
    if at_work:
        os.killpg(dvc.pid, signal.SIGKILL)
    dvc.communicate()
    return at_work


@pytest.mark.parametrize("stage", EVERYTHING)
def test_a_killed_stage_is_made_good_by_running_again(project: Project, stage: str):
    before = outputs(project)
    assert any(kill_in_the_middle(project, stage, after_s) for after_s in (1.5, 0.7, 0.3))
    project.dvc("repro")
    assert "up to date" in project.dvc("status")
    assert outputs(project) == before
