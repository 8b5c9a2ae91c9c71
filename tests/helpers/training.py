"""Training runs of a small model, on a made-up corpus."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from slr.dataset.dataset import Dataset
from slr.dataset.splits import read_splits, write_splits
from slr.params import Params, parse
from slr.training.loop import train
from tests.helpers import REPOSITORY

SMALL = {"family": "spoter", "d_model": 32, "heads": 4, "encoder_layers": 1, "decoder_layers": 1, "feedforward": 64,
         "batch_size": 16, "epochs": 4, "lr": 0.003, "warmup_epochs": 1}


def settings(**changes) -> Params:
    """Settings with one model, `spoter`: a small one with these changes."""
    return parse({"models": {"spoter": SMALL | changes}, "compute": {"workers": 1}})


def run(corpus: Dataset, folder: Path, params: Params, **options) -> Path:
    """Train `spoter` into `folder`/model."""
    train("spoter", params, corpus, out=folder / "model", work=folder / "work", **options)
    return folder / "model"


def splits_of(corpus: Dataset, path: Path, **moves: str) -> Dataset:
    """The corpus with the clips of whole splits moved to another."""
    splits = read_splits(corpus.splits)
    write_splits(path, splits.assign(split=splits.split.replace(moves)))
    return replace(corpus, splits=path)


def run_killed(corpus: Dataset, folder: Path, params: Params, epoch: int) -> None:
    """As `run`, in a process that is killed when `epoch` has ended and the next one hasn't begun."""
    arguments = [str(corpus.manifest.parent), str(folder), params.model_dump_json(), str(epoch)]
    process = subprocess.Popen([sys.executable, "-m", "tests.helpers.training", *arguments], stdout=subprocess.PIPE,
                               text=True, cwd=REPOSITORY)
    told = [process.stdout.readline().strip() for _ in range(epoch)]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert told == [str(ended + 1) for ended in range(epoch)]


def _run_slowly(*arguments: str) -> None:
    """Say each epoch, and wait for the end after the last one."""
    corpus, folder, params, last = arguments

    def say(row: dict) -> None:
        print(row["epoch"], flush=True)
        time.sleep(600 if row["epoch"] == int(last) else 0)

    run(Dataset.below(corpus), Path(folder), parse(json.loads(params)), on_epoch=say)


if __name__ == "__main__":
    _run_slowly(*sys.argv[1:])
