"""A real DVC project in a temporary folder: the repository's files, a tiny corpus, git and DVC."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML

from tests.helpers import REPOSITORY, warm

TINY = {
    "corpus": {"sample": {"signs": 3, "signers": 4, "repetitions": 1, "sentences": 3, "streams": 3, "fps": 6,
                          "size": 256}},
    "frames": {"fps": 6, "size": 256},
    "signers": {"clusters": 2},
    "train": {"model": "spoter", "models": ["spoter", "silt_query"]},  # all entries: tests/test_entries.py
    "models": {"spoter": {"epochs": 3, "d_model": 32, "heads": 4, "encoder_layers": 1, "decoder_layers": 1,
                          "feedforward": 64},
               "silt_query": {"epochs": 1}},
}
"""Settings of a project that is reproduced in a minute: a dozen signs, three sentences and three streams at a low
rate, and two networks that train for a moment."""
TINY_ZOO = {
    "zoo": {"models": ["transformer", "silt_sequence"]},
    "models": {"transformer": {"epochs": 1}, "silt_sequence": {"epochs": 1}},
}
EVERYTHING = ["settings", "corpus", "frames", "landmarks", "splits", "signers", "train@spoter", "train@silt_query",
              "evaluate@spoter", "evaluate@silt_query", "select", "report"]
"""The stages of a project with the settings `TINY`."""
ZOO = ["zoo/dvc.yaml:train@transformer", "zoo/dvc.yaml:train@silt_sequence", "zoo/dvc.yaml:evaluate@transformer",
       "zoo/dvc.yaml:evaluate@silt_sequence", "zoo/dvc.yaml:report"]
"""The stages of its zoo."""
RESULTS = ("dvc.lock", "zoo/dvc.lock", "metrics/", "studies/", "benchmarks/", "tests/")
"""What a new project doesn't take from the repository."""


class Project:
    """A folder with a DVC project, and how to run commands in it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def run(self, *command: str, fails: bool = False) -> str:
        """Run a command in the folder and return what it printed; its exit code must be as expected."""
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, "COLUMNS": "200", "PATH": warm.path()})
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def dvc(self, *arguments: str, fails: bool = False) -> str:
        return self.run("dvc", *arguments, fails=fails)

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def set_params(self, changes: dict[str, Any], file: str = "params.yaml") -> None:
        """Change settings, by nested name."""
        yaml = YAML()
        content = yaml.load(self.folder / file)
        _update(content, changes)
        yaml.dump(content, self.folder / file)

    def copy(self, folder: Path) -> Self:
        """The same project elsewhere. DVC never writes to what is in its cache, so the copy shares those files."""
        cache = self.folder / ".dvc/cache"

        def copy_or_link(source: str, target: str) -> None:
            (os.link if Path(source).is_relative_to(cache) else shutil.copy2)(source, target)

        shutil.copytree(self.folder, folder, symlinks=True, copy_function=copy_or_link)
        return type(self)(folder)


def _update(block: dict, changes: dict) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and name in block:
            _update(block[name], value)
        else:
            block[name] = value


def stages_run(output: str) -> list[str]:
    """The stages that a `dvc repro` or `dvc exp run` executed, in order, from what it printed."""
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage '")]


def new_project(folder: Path, changes: dict[str, Any] = TINY) -> Project:
    """The repository's files as they are now, without its results, in a git repository of its own.

    Parameters
    ----------
    folder : Path
        Is made.
    changes : dict
        Of params.yaml.
    """
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY,
                           capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        if not name.startswith(RESULTS) and (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    project = Project(folder)
    project.run("git", "init", "--quiet")
    project.run("git", "config", "user.name", "Tester")
    project.run("git", "config", "user.email", "tester@example.org")
    project.set_params(changes)
    project.set_params(TINY_ZOO, "zoo/params.yaml")
    project.commit("Begin")
    return project
