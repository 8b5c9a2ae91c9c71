"""`python -m pipeline.run`: real DVC in a small project, whose stages take no time."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.run.estimate import Estimate, spoken
from pipeline.run.plan import Plan
from pipeline.run.watch import Watch
from tests.helpers import REPOSITORY

DVC_YAML = """
stages:
  corpus:
    cmd: cp raw corpus
    deps: [raw]
    outs: [corpus]
  train:
    matrix:
      model: [big, small]
    cmd: sh train.sh ${item.model}
    deps: [corpus, train.sh]
    params: ["models.${item.model}"]
    outs: ["${item.model}"]
  report:
    cmd: cat big small > report
    deps: [big, small]
    outs: [report]
"""
ZOO_YAML = """
vars: [../params.yaml]
stages:
  train:
    wdir: ..
    matrix:
      model: [rare]
    cmd: sh train.sh ${item.model}
    deps: [corpus, train.sh]
    params: ["models.${item.model}"]
    outs: ["${item.model}"]
"""
PARAMS = "corpus: {name: made-up}\nmodels: {big: 1, small: 1, rare: 1}\n"
TRAIN = 'grep -o "$1: [0-9]*" params.yaml > $1\n'
ALL = ["corpus", "train@big", "train@small", "report"]


class Small:
    """A project of four stages, and one more in zoo/."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "DVC_NO_ANALYTICS": "1"}

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name.replace("__", "/").replace("_", ".")).write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "pipeline.run", *arguments]

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        return subprocess.Popen(self.command(*arguments), cwd=self.folder, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)

    def run(self, *arguments: str, fails: bool = False) -> list[str]:
        """What the run said of itself, without times."""
        process = self.start(*arguments)
        out, _ = process.communicate()
        assert (process.returncode != 0) == fails, out
        self.out = out
        return [re.sub(r"in \d+ s$", "in a moment", line) for line in out.splitlines()
                if line.startswith(("stage ", "stages ", "everything ")) or "stages to run" in line]

    @property
    def durations(self) -> dict[str, dict[str, float]]:
        return json.loads((self.folder / "data/.work/durations.json").read_text())


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The project before its first run."""
    project = Small(tmp_path_factory.mktemp("begun"))
    (project.folder / "zoo").mkdir()
    project.write(dvc_yaml=DVC_YAML, zoo__dvc_yaml=ZOO_YAML, params_yaml=PARAMS, train_sh=TRAIN, raw="videos")
    for command in (["git", "init", "--quiet"], ["dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=project.folder, check=True)
    return project


@pytest.fixture(scope="module")
def finished(begun: Small, tmp_path_factory: pytest.TempPathFactory) -> tuple[Small, list[str]]:
    """The project after its first run, and what that said."""
    project = copied(begun, tmp_path_factory.mktemp("finished"))
    return project, project.run()


def copied(project: Small, folder: Path) -> Small:
    shutil.copytree(project.folder, folder, dirs_exist_ok=True)
    return Small(folder)


def test_the_first_run_counts_its_stages_and_tells_no_times(finished):
    project, said = finished
    assert said == ["4 of 4 stages to run", *(f"stage {i} of 4: {name}" for i, name in enumerate(ALL, 1)),
                    "stages run: 4, in a moment"]
    assert "> cp raw corpus" in project.out.splitlines()  # what DVC prints comes through
    assert list(project.durations) == ["made-up"] and set(project.durations["made-up"]) == set(ALL)


@pytest.mark.parametrize("corpus, about", [("made-up", ", about 10 min"), ("another", "")])
def test_a_first_run_goes_by_the_times_of_the_benchmarks_machine_if_the_corpus_is_that(begun, tmp_path, corpus, about):
    project = copied(begun, tmp_path)
    (project.folder / "benchmarks/results").mkdir(parents=True)
    times = {"corpus_s": 120, "train@big_s": 240, "train@small_s": 180, "report_s": 60}
    project.write(benchmarks__results__stages_json=json.dumps({"corpus": corpus, "machine_cores": 2, **times}))
    assert project.run()[0] == f"4 of 4 stages to run{about}"
    assert ("stage 1 of 4: corpus" + (", about 10 min left (of 10 min)" if about else "")) in project.out.splitlines()


def test_afterwards_everything_is_up_to_date(finished, tmp_path):
    project = copied(finished[0], tmp_path)
    assert project.run() == ["everything is up to date: none of 4 stages has to run"]
    assert "Data and pipelines are up to date." in project.out


def test_a_changed_setting_runs_what_it_reaches_and_a_change_back_restores_it(finished, tmp_path):
    project = copied(finished[0], tmp_path)
    project.write(params_yaml=PARAMS.replace("small: 1", "small: 2"))
    said = project.run()
    assert re.fullmatch(r"2 of 4 stages to run, about \d+ s", said[0])
    assert re.fullmatch(r"stage 1 of 2: train@small, about \d+ s left \(of \d+ s\)", said[1])
    assert re.fullmatch(r"stage 2 of 2: report, about \d+ s left \(of \d+ s\)", said[2]) and len(said) == 4
    before = project.durations
    project.write(params_yaml=PARAMS)
    assert project.run()[1:] == [
        "stage 1 of 2: train@small, restored from the run cache",
        "stage 2 of 2: report, restored from the run cache",
        "stages run: 0, 2 restored from the run cache, in a moment"]
    assert project.durations == before


def test_stages_whose_inputs_turn_out_the_same_are_told(finished, tmp_path):
    project = copied(finished[0], tmp_path)
    project.write(train_sh=TRAIN + "# as before\n")
    said = project.run()
    assert said[0].startswith("3 of 4 stages to run") and said[-1] == "stages run: 2, in a moment"
    assert said[-2] == "stage 3 of 3: report, has nothing to do: what it reads is as before"


def test_a_run_that_failed_goes_on_with_what_is_left(begun, tmp_path):
    project = copied(begun, tmp_path)
    project.write(train_sh=TRAIN + "test $1 = big\n")
    assert project.run(fails=True) == ["4 of 4 stages to run", *(
        f"stage {i} of 4: {name}" for i, name in enumerate(ALL[:3], 1))]
    assert set(project.durations["made-up"]) == {"corpus", "train@big"}  # not the one that failed
    project.write(train_sh=TRAIN)
    assert project.run()[0].startswith("3 of 4 stages to run")  # train.sh has changed


def test_stages_of_another_file_go_by_their_own_names(finished, tmp_path):
    project = copied(finished[0], tmp_path)
    said = project.run("zoo/dvc.yaml")
    assert re.fullmatch(r"1 of 2 stages to run, about \d+ s", said[0])  # as long as another model
    assert said[1].startswith("stage 1 of 1: train@rare, about ")
    assert "Running stage 'zoo/dvc.yaml:train@rare':" in project.out and "train@rare" in project.durations["made-up"]


def test_what_dvc_refuses_it_says_itself_and_its_exit_code_stays(begun, tmp_path):
    project = copied(begun, tmp_path)
    assert project.run("nonsense", fails=True) == [] and "'nonsense'" in project.out
    project.write(dvc_yaml="stages: 5")
    assert project.run(fails=True) == [] and "'./dvc.yaml' validation failed" in project.out
    plain = subprocess.run(["dvc", "repro"], cwd=project.folder, capture_output=True)
    assert project.start().wait() == plain.returncode


BAR = """
import time
from slr.io.progress import progress
with progress("clips", total=2) as advance:
    for _ in range(2):
        advance()
open("started", "w").close()
time.sleep(%d)
"""


def on_terminal(project: Small) -> tuple[int, int]:
    """Start a run on a terminal of its own: its process id, and the terminal's other end."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project.folder)
        os.execvpe(sys.executable, project.command(), project.environment)
    return child, terminal


def read_all(terminal: int) -> str:
    out = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody has it open any more
            piece = b""
        if not piece:
            return out.decode()
        out += piece


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.1)
    raise TimeoutError(path)


def one_stage(begun: Small, folder: Path, sleep_s: int) -> Small:
    project = copied(begun, folder)
    project.write(bar_py=BAR % sleep_s, dvc_yaml=f"stages: {{clips: {{cmd: {sys.executable} bar.py}}}}")
    return project


def test_progress_bars_show_on_a_terminal(begun, tmp_path):
    project = one_stage(begun, tmp_path, sleep_s=0)
    child, terminal = on_terminal(project)
    out = read_all(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert "stage 1 of 1: clips" in out and "━" in out and "2/2" in out
    project.run("--force")
    assert "━" not in project.out


def test_ctrl_c_ends_the_stage_and_dvc(begun, tmp_path):
    project = one_stage(begun, tmp_path, sleep_s=600)
    child, terminal = on_terminal(project)
    wait_for(project.folder / "started")
    os.write(terminal, b"\x03")
    out = read_all(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) not in (0, 1)
    assert "KeyboardInterrupt" in out and "failed to reproduce 'clips'" in out and "stages run" not in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_dvc_and_the_stage(begun, tmp_path, number):
    project = one_stage(begun, tmp_path, sleep_s=600)
    process = project.start(start_new_session=True, stdin=subprocess.DEVNULL)
    wait_for(project.folder / "started")
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)  # the pipe is closed, so nobody is left who could write
    assert process.returncode not in (0, 1) and "stages run" not in out


def test_times_are_scaled_by_this_run_and_by_this_machine():
    estimate = Estimate({}, {"frames": 60, "train@a": 100, "train@b": 200, "report": 10})
    assert estimate.seconds(["train@a", "report"]) == 110
    assert estimate.seconds(["train@new"]) == 150 and estimate.seconds(["report", "never seen"]) is None
    estimate.finished("frames", 240)
    assert estimate.seconds(["train@a"]) == pytest.approx(100 * (240 + 30) / (60 + 30))
    slower = Estimate({"frames": 120}, {"frames": 60, "train@a": 100})
    assert slower.seconds(["frames", "train@a"]) == 120 + 200


def test_what_is_left_shrinks_as_the_run_goes_on():
    said, now = [], [0.0]
    watch = Watch(Plan(("a", "b", "zoo/dvc.yaml:c@d"), ("a", "zoo/dvc.yaml:c@d")),
                  Estimate({"a": 60, "c@d": 600}, {}), said.append, clock=lambda: now[0])
    watch.line("Running stage 'a':")
    watch.line("Running stage 'of somebody else':")
    now[0] = 60
    watch.line("Stage 'b' didn't change, skipping")
    watch.line("Running stage 'zoo/dvc.yaml:c@d':")
    now[0] = 700
    watch.end(succeeded=True)
    assert said == ["2 of 3 stages to run, about 11 min", "stage 1 of 2: a, about 11 min left (of 11 min)",
                    "stage 2 of 2: c@d, about 10 min left (of 11 min)", "stages run: 2, in 12 min"]
    assert watch.durations == {"a": 60, "c@d": 640}


def test_a_stage_that_nobody_expected_counts_too():
    said = []
    watch = Watch(Plan(("a", "b"), ()), Estimate({}, {}), said.append)
    watch.line("Running stage 'b':")
    assert said == ["everything is up to date: none of 2 stages has to run", "stage 1 of 1: b"]


@pytest.mark.parametrize("seconds, words", [
    (0, "5 s"), (62, "60 s"), (89, "90 s"), (90, "2 min"), (3600, "60 min"), (5400, "1 h 30 min"),
    (86400, "24 h 0 min")])
def test_times_as_one_says_them(seconds, words):
    assert spoken(seconds) == words
