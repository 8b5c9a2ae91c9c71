"""`dvc repro`, saying how far it is: python -m pipeline.run [what `dvc repro` takes].

What DVC and the stages print comes through as it is. Each stage that runs adds a line, as in "stage 3 of 19: landmarks,
about 4 min left (of 9 min)". The times are those of the last run here (`data/.work/durations.json`), or else those of
the machine of `benchmarks/results/stages.json`; where nothing is known there are none. Interrupts reach DVC, and its
exit code is this one's.
"""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import yaml

from pipeline.estimate import Estimate, spoken
from pipeline.plan import DvcException, Plan, plan
from slr.dataset.paths import WORK
from slr.files import read_json, write_json

DURATIONS = WORK / "durations.json"
REFERENCE = Path("benchmarks/results/stages.json")

RUNS = re.compile(r"Running stage '(.+)':$")
SKIPPED = re.compile(r"Stage '(.+)' didn't change, skipping$")
RESTORED = re.compile(r"Stage '(.+)' is cached - skipping run, checking out outputs$")


class Watch:
    """Follows the lines that DVC prints."""

    def __init__(self, planned: Plan, estimate: Estimate, say: Callable[[str], None],
                 clock: Callable[[], float] = time.monotonic):
        self.stages, self.left, self.total = planned.stages, list(planned.to_run), len(planned.to_run)
        self.estimate, self.say, self.clock = estimate, say, clock
        self.begin = clock()
        self.running: tuple[str, float] | None = None
        self.durations: dict[str, float] = {}
        self.restored = 0
        if self.left:
            seconds = estimate.seconds(map(short, self.left))
            about = "" if seconds is None else f", about {spoken(seconds)}"
            say(f"{self.total} of {len(self.stages)} stages to run{about}")
        else:
            say(f"everything is up to date: none of {len(self.stages)} stages has to run")

    def line(self, text: str) -> None:
        """Take note of a line; one that isn't DVC's about a stage of this run is none of ours."""
        for pattern in (RUNS, SKIPPED, RESTORED):
            found = pattern.match(text)
            if found and found[1] in self.stages:
                self._finish()
                self._next(found[1], pattern)

    def end(self, succeeded: bool) -> None:
        """DVC has ended."""
        if not succeeded:
            return
        self._finish()
        if self.total:
            restored = f", {self.restored} restored from the run cache" if self.restored else ""
            self.say(f"stages run: {len(self.durations)}{restored}, in {spoken(self.clock() - self.begin)}")

    def _next(self, name: str, pattern: re.Pattern[str]) -> None:
        if name in self.left:
            self.left.remove(name)
        elif pattern is SKIPPED:
            return
        else:  # what was planned by looking is less than what DVC found
            self.total += 1
        place = f"stage {self.total - len(self.left)} of {self.total}: {short(name)}"
        if pattern is RUNS:
            self.running = name, self.clock()
            self.say(place + self._time_left(name))
        elif pattern is RESTORED:
            self.restored += 1
            self.say(f"{place}, restored from the run cache")
        else:
            self.say(f"{place}, has nothing to do: what it reads is as before")

    def _finish(self) -> None:
        if self.running:
            name, since = self.running
            self.durations[short(name)] = self.clock() - since
            self.estimate.finished(short(name), self.clock() - since)
            self.running = None

    def _time_left(self, name: str) -> str:
        left = self.estimate.seconds(map(short, [name, *self.left]))
        if left is None:
            return ""
        return f", about {spoken(left)} left (of {spoken(self.clock() - self.begin + left)})"


def short(name: str) -> str:
    """A stage's name without its file: `train@spoter` of `zoo/dvc.yaml:train@spoter`."""
    return name.rpartition(":")[2]


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


def follow(command: list[str], on_line: Callable[[str], None]) -> int:
    """Run a command with its output passed on as it comes, and each line told; returns its exit code.

    Only standard output goes through here: errors and progress bars keep the terminal.
    """
    # unbuffered, or what a stage prints would wait for 8 KB
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    pending = b""
    with _signals_passed_on(process):
        for chunk in _output(process):
            for piece in chunk.splitlines(keepends=True):
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
                pending += piece
                if pending.endswith(b"\n"):
                    on_line(pending.decode(errors="replace").rstrip("\r\n"))
                    pending = b""
        code = process.wait()
    return code if code >= 0 else 128 - code


def _output(process: subprocess.Popen) -> Iterator[bytes]:
    """What a process prints, until it has ended; something that it left behind may have the pipe open longer."""
    descriptor = process.stdout.fileno()
    while True:
        if select.select([descriptor], [], [], 0.2)[0]:
            chunk = os.read(descriptor, 65536)
            if not chunk:
                return
            yield chunk
        elif process.poll() is not None:
            return


@contextmanager
def _signals_passed_on(process: subprocess.Popen) -> Iterator[None]:
    """Signals that this process gets reach the command, and before it all that it has started."""

    def handle(number: int, _frame: object) -> None:
        if number == signal.SIGINT and _in_foreground():
            return  # the terminal has sent it to all of them
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    child.send_signal(number)
        process.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Whether a terminal's Ctrl-C is for this process's group."""
    for descriptor in (0, 1, 2):
        try:
            if os.isatty(descriptor):
                return os.tcgetpgrp(descriptor) == os.getpgrp()
        except OSError:  # closed
            continue
    return False


def main(arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    try:
        planned = plan(arguments)
    except DvcException:  # DVC will say what it can't read
        return follow(command, lambda _: None)
    of = corpus()
    watch = Watch(planned, known_durations(of), say=lambda text: print(text, flush=True))
    code = follow(command, watch.line)
    watch.end(succeeded=code == 0)
    if not {"--dry", "-k", "--keep-going", "-i", "--ignore-errors"} & set(arguments):
        remember(of, watch.durations)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
