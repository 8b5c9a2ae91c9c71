"""The worker pool (order doesn't matter, errors stay with their item, a dying worker costs one item), and memory."""

import os
import platform
import signal
import subprocess
import sys

import pytest

from slr.io.workers import map_unordered
from tests.helpers import REPOSITORY


def square(x: int) -> int:
    if x < 0:
        raise ValueError(f"{x} is negative")
    return x * x


def square_or_die(x: int) -> int:
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


@pytest.mark.parametrize("workers", [1, 2])
def test_each_item_comes_back_with_its_result_or_its_error(workers):
    done = {item: (result, error) for item, result, error in map_unordered(square, [1, -2, 3, 4], workers)}
    assert [done[x][0] for x in (1, 3, 4)] == [1, 9, 16]
    assert isinstance(done[-2][1], ValueError) and "-2 is negative" in str(done[-2][1])


def test_a_worker_that_dies_costs_only_the_item_that_kills_it():
    done = list(map_unordered(square_or_die, range(8), workers=2))
    assert sorted(d.item for d in done) == list(range(8))
    assert {d.item: d.result for d in done if d.error is None} == {x: x * x for x in range(8) if x != 3}
    assert "worker process died" in str(next(d.error for d in done if d.item == 3))


def test_workers_end_with_a_killed_parent(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "run.py").write_text(f"""
from pathlib import Path
from slr.io.workers import map_unordered
from tests.helpers import REPOSITORY
from tests.helpers.pool import begin_and_end
if __name__ == "__main__":
    list(map_unordered(begin_and_end, [Path({str(pipe)!r})] * 2, workers=2))
""")
    parent = subprocess.Popen([sys.executable, tmp_path / "run.py"],
                              env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    with open(pipe) as file:
        assert file.read(2) == "bb"
        parent.kill()
        assert file.read() == ""  # the last writer is gone
    assert parent.wait() == -signal.SIGKILL


def test_no_items_is_no_work():
    assert list(map_unordered(square, [], workers=2)) == []


HOLES = """
import numpy as np
from slr.io.workers import return_freed_memory

def resident_mib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024

if {wanted}:
    return_freed_memory()
np.ones(3 << 20)  # 24 MiB, freed at once: glibc takes it for the size of things
arrays = [np.ones(1 << 20) for _ in range(40)]  # 8 MiB each
before = resident_mib()
del arrays[::2]
print(before - resident_mib())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that keeps what is freed")
@pytest.mark.parametrize("wanted", [True, False])
def test_freed_memory_is_given_back_although_its_neighbours_are_in_use(wanted):
    done = subprocess.run([sys.executable, "-c", HOLES.format(wanted=wanted)], capture_output=True, text=True,
                          check=True)
    assert (float(done.stdout) > 150) == wanted
