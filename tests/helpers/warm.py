"""Commands of a project start from a process that has loaded the libraries: much of a short run is `import torch`.

A stage, `dvc` or `slr` spends two to five seconds of a processor on imports, and the tests run hundreds. Here a server
imports libraries (nothing of the project) and forks for each command, which then runs as Python would run it: own
folder, environment, arguments, input and output, exit code. In the `PATH` that `path` gives, `python`, `dvc` and
`slr` are clients of that server. What tests signals, or counts what the commands run, takes the real ones: a forked
command is no child of its caller. Measured: `dvc exp run` that trains one small model takes 27 s instead of 48, on two
busy cores.
"""

import atexit
import contextlib
import importlib
import json
import os
import random
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import cache
from pathlib import Path

LIBRARIES = ("torch", "torch._dynamo", "pandas", "pyarrow.parquet", "scipy.stats", "scipy.optimize",
             "sklearn.linear_model", "sklearn.cluster", "sklearn.manifold", "matplotlib.figure",
             "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "cv2", "av", "pydantic", "typer",
             "rich.progress", "ruamel.yaml", "safetensors.torch", "dvclive", "dvc.cli", "dvc.commands.repro",
             "dvc.repo.experiments", "dvc.repo.reproduce", "jinja2")
CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = dict(arguments={arguments!r} + sys.argv[1:], folder=os.getcwd(), env=dict(os.environ))
request = json.dumps(request).encode()
socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
server.sendall(request)
answer = server.recv(1)
os._exit(answer[0] if answer else 137)
"""
"""A command that has the server run it; it ends with its exit code, or as if killed where there is none."""


@cache
def path() -> str:
    """A `PATH` whose `python`, `dvc` and `slr` are served by a process that the first call starts.

    It is the plain one where the lines that run are counted: coverage begins when Python does.
    """
    if any(name.startswith("COVERAGE_PROCESS") for name in os.environ):
        return os.environ["PATH"]
    folder = Path(tempfile.mkdtemp(prefix="warm"))  # not pytest's own: the address of a socket has at most 107 bytes
    atexit.register(shutil.rmtree, folder)
    address = str(folder / "socket")
    for name, arguments in {"python": [], "dvc": ["-m", "dvc"], "slr": ["-m", "slr.cli"]}.items():
        (folder / name).write_text(CLIENT.format(python=sys.executable, address=address, arguments=arguments))
        (folder / name).chmod(0o755)
    server = subprocess.Popen([sys.executable, __file__, address], stdout=subprocess.PIPE)
    atexit.register(server.kill)
    assert server.stdout.readline() == b"ready\n"
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def serve(address: str) -> None:
    """Fork for each command, until the process that started this one has ended."""
    for library in LIBRARIES:
        importlib.import_module(library)
    parent = os.getppid()
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(16)
    server.settimeout(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    print("ready", flush=True)
    while os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            client, _ = server.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                client.setblocking(True)
                code = _command(client)
                client.sendall(bytes([code & 255]))
                os._exit(0)
            client.close()


def _command(client: socket.socket) -> int:
    """Run what the client asks for in this process, and return the exit code."""
    head, files, *_ = socket.recv_fds(client, 8, 3)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    size, request = int.from_bytes(head, "big"), b""
    while len(request) < size:
        read = client.recv(size - len(request))
        if not read:  # the client is gone
            os._exit(1)
        request += read
    request = json.loads(request)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.path[:] = [name for name in request["env"].get("PYTHONPATH", "").split(os.pathsep) if name] + sys.path[1:]
    random.seed()
    code = 0
    try:
        _python(request["arguments"])
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else 0 if stopped.code is None else 1
        if isinstance(stopped.code, str):
            print(stopped.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _python(arguments: list[str]) -> None:
    """What `python ARGUMENTS` does."""
    match arguments:
        case ["-m", module, *rest]:
            sys.path.insert(0, os.getcwd())
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code, *rest]:
            sys.path.insert(0, "")
            sys.argv = ["-c", *rest]
            exec(compile(code, "<string>", "exec"), sys.modules["__main__"].__dict__ | {"__name__": "__main__"})
        case _:
            sys.exit(subprocess.run([sys.executable, *arguments]).returncode)


if __name__ == "__main__":
    serve(sys.argv[1])
