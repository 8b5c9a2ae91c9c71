"""A study's own project: a clone of the repository, where a corpus and settings of its own are run."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from slr.dataset.dataset import Dataset
from slr.errors import SlrError
from slr.io.clipwise import content_key
from slr.io.files import atomic_path, file_hash, read_json, write_json
from slr.params import ModelParams, Params, parse

REPOSITORY = Path(__file__).parents[1]


def shared_data(name: str) -> Path:
    """Folder of a real corpus: `$SLR_SHARED_DATA/<name>`, by default beside the repository.

    Raises
    ------
    SlrError
        If it isn't there: a study on real data can't run without it.
    """
    folder = Path(os.environ.get("SLR_SHARED_DATA", REPOSITORY.parent / "shared/data")) / name
    if not folder.is_dir():
        raise SlrError(f"the recordings are not here ({folder}); set SLR_SHARED_DATA to the folder that holds {name}/")
    return folder


def clone(study: Path) -> Path:
    """The study's project below its folder, brought to the repository's last commit; earlier outputs are kept."""
    folder = study / "project"
    if not folder.exists():
        subprocess.run(["git", "clone", "--quiet", REPOSITORY, folder], check=True)
    run(folder, "git", "fetch", "--quiet", "origin")
    run(folder, "git", "reset", "--hard", "--quiet", "FETCH_HEAD")
    return folder


def run(folder: Path, *command: str | Path) -> None:
    """Run a command of this environment in a project, on its own code; raises CalledProcessError if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "PATH": path, "PYTHONPATH": str(folder)})


def settings(name: str, params: ModelParams, workers: int, seed: int = 1) -> Params:
    """The pipeline's settings with one model."""
    return parse({"models": {name: params.model_dump()}, "compute": {"workers": workers},
                  "train": {"model": name, "models": [name], "seed": seed}})


def trained(folder: Path, name: str, params: ModelParams, data: Dataset, workers: int, seed: int = 1) -> Path:
    """The folder of a model of these settings and data, `folder`/model; trained unless that was done before.

    The code isn't watched.
    """

    def make() -> None:
        from slr.training.loop import train

        train(name, settings(name, params, workers, seed), data, out=folder / "model",
              work=folder / "work")

    return made(folder, trained_key(params, data, seed), make) / "model"


def trained_key(params: ModelParams, data: Dataset, seed: int) -> str:
    """What a trained model follows from."""
    return content_key(params.model_dump(), seed, *map(file_hash, (data.landmarks, data.manifest, data.splits,
                                                                   data.signers)))


def require_known(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise SlrError if a study has no model of one of these names."""
    known = list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SlrError(f"the study has no model '{unknown[0]}'; known: {', '.join(known)}")


def made(folder: Path, key: str, make: Callable[[], None]) -> Path:
    """The folder that `make` fills; it is called where nothing was made for this key (what its content follows from).

    `make` finds what an earlier call for any key left, and writes over it.
    """
    of = folder / "key.json"
    if not (of.exists() and read_json(of) == key):
        folder.mkdir(parents=True, exist_ok=True)
        of.unlink(missing_ok=True)
        make()
        write_json(of, key)
    return folder


def kept(folder: Path, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array that is kept in the folder; made, and kept, where there is none of this key (see `made`)."""
    array = folder / "array.npy"

    def save() -> None:
        values = make()
        with atomic_path(array) as temporary:
            np.save(temporary, values)

    made(folder, key, save)
    return np.load(array)
