"""Running a command while passing on and inspecting its output."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil


def follow(command: list[str], on_line: Callable[[str], None]) -> int:
    """Run a command, passing on its output and each line to a callback; returns its exit code.

    Only standard output is captured: errors and progress bars keep the terminal.
    """
    # unbuffered, or a stage's output would wait for 8 KB
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
    """A process's output until it ends, since a process it left behind may keep the pipe open longer."""
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
    """Forward signals to the command, and first to everything it has started."""

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
    """Whether this process's group receives a terminal's Ctrl-C."""
    for descriptor in (0, 1, 2):
        try:
            if os.isatty(descriptor):
                return os.tcgetpgrp(descriptor) == os.getpgrp()
        except OSError:  # closed
            continue
    return False
