"""Commands by the warm server (tests/helpers/warm.py) do what Python does by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import warm


@pytest.mark.parametrize("arguments", [
    ["-c", "import os, sys; print(sys.argv, os.getcwd(), os.environ['ASKED'], sys.stdin.read())", "one", "two"],
    ["-c", "import sys; print('out'); sys.exit(3)"],
    ["-c", "raise SystemExit('told on stderr')"],
    ["-c", "import slr; print(slr.__file__)"],
    ["-c", "import atexit; atexit.register(print, 'last'); 1 / 0"],
    ["-m", "own", "x"],
    ["-m", "absent"],
    ["own.py", "x"],
], ids=str)
def test_a_command_ends_as_by_python_itself(arguments: list[str], tmp_path: Path):
    own = "import sys\nif __name__ == '__main__':\n    print(sys.argv[1:], getattr(__spec__, 'name', None))"
    (tmp_path / "own.py").write_text(own)

    def ran(python: str, path: str) -> tuple[int, str, str]:
        done = subprocess.run([python, *arguments], cwd=tmp_path, input="typed", capture_output=True, text=True,
                              env={**os.environ, "PATH": path, "ASKED": "yes"})
        return done.returncode, done.stdout, done.stderr.strip().rpartition("\n")[2]

    path = warm.path()
    code, out, err = ran(str(Path(path.split(os.pathsep)[0]) / "python"), path)
    real_code, real_out, real_err = ran(sys.executable, os.environ["PATH"])
    assert (code, out) == (real_code, real_out)
    assert err == real_err or arguments == ["-m", "absent"]  # its message names the executable


def test_a_command_that_is_killed_fails(tmp_path: Path):
    path = warm.path()
    done = subprocess.run([Path(path.split(os.pathsep)[0]) / "python", "-c", "import os; os.kill(os.getpid(), 9)"])
    assert done.returncode not in (0, 1)
