"""SIGKILL in the middle of every stage: the next `dvc repro` gives what an undisturbed one gave."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
from ruamel.yaml import YAML

from tests.helpers.project import EVERYTHING, Project, stages_run


def outputs(project: Project) -> dict[str, str]:
    """The hash of every output in dvc.lock but those that hold times of day or durations."""
    lock = YAML(typ="safe").load(project.folder / "dvc.lock")
    return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]
            if out["path"].startswith("data/")}


def kill_in_the_middle(project: Project, stage: str) -> None:
    """Kill DVC and its stage while the stage writes to the project.

    The stage's own process is frozen first, so that it can't finish between the look and the kill: DVC would then
    be writing its dvc.lock, which isn't atomic and isn't ours. A stage that has written everything before it is seen
    to write is run again, and killed some time after its start.
    """
    for after_s in (None, 0.5, 0.2, 0):
        dvc = subprocess.Popen(["dvc", "repro", "--single-item", "--force", stage], cwd=project.folder,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            process = process_of(dvc, stage)
            if after_s is None:
                while not writes(process.pid, project.folder):
                    time.sleep(0.001)
            else:
                time.sleep(after_s)
            process.suspend()
            if process.status() != psutil.STATUS_ZOMBIE:
                os.killpg(dvc.pid, signal.SIGKILL)
                dvc.communicate()
                return
        dvc.communicate()
    raise AssertionError(f"{stage} was done before it could be killed, each time")


def process_of(dvc: subprocess.Popen, stage: str) -> psutil.Process:
    """The process that DVC runs the stage in; NoSuchProcess if DVC ends without one."""
    while dvc.poll() is None:
        for child in psutil.Process(dvc.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if f"pipeline.{stage.partition('@')[0]}" in child.cmdline():
                    return child
        time.sleep(0.01)
    raise psutil.NoSuchProcess(dvc.pid)


def writes(pid: int, folder: Path) -> bool:
    """Whether the process has a file below the folder open for writing (but for Python's own)."""
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed by now
            path = Path(os.readlink(f"/proc/{pid}/fd/{number}"))
            flags = int(Path(f"/proc/{pid}/fdinfo/{number}").read_text().split()[3], 8)
            if path.is_relative_to(folder) and "__pycache__" not in path.parts and flags & (os.O_WRONLY | os.O_RDWR):
                return True
    return False


def test_stages_that_were_killed_are_made_good_by_running_again(project: Project):
    before = outputs(project)
    of_each_kind = {stage.partition("@")[0]: stage for stage in EVERYTHING}
    for stage in reversed(of_each_kind.values()):  # a killed stage leaves no outputs for those after it
        kill_in_the_middle(project, stage)
    shutil.rmtree(project.folder / ".dvc/cache")  # else DVC brings the outputs back instead of running the stages
    assert sorted(stages_run(project.dvc("repro"))) == sorted(EVERYTHING)
    assert "up to date" in project.dvc("status", "dvc.yaml")
    assert outputs(project) == before
