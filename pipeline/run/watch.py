"""Progress of a run, parsed from DVC's output."""

import re
import time
from collections.abc import Callable

from pipeline.run.estimate import Estimate, spoken
from pipeline.run.plan import Plan

RUNS = re.compile(r"Running stage '(.+)':$")
SKIPPED = re.compile(r"Stage '(.+)' didn't change, skipping$")
RESTORED = re.compile(r"Stage '(.+)' is cached - skipping run, checking out outputs$")


class Watch:
    """Parses the lines that DVC prints."""

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
        """Process a line; lines that aren't about a stage of this run are ignored."""
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
        else:  # the plan is shorter than what DVC found
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
    """A stage's name without its file: `train@spoter` for `zoo/dvc.yaml:train@spoter`."""
    return name.rpartition(":")[2]
