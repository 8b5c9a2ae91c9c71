"""Training in two processes: the steps of one process, in halves, and one model folder."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from slr.dataset.dataset import Dataset
from slr.errors import ModelError, ParamsError
from slr.inference.model import load_model
from slr.io.files import read_json
from slr.params import Params
from slr.training import loop
from slr.training.parallel import Processes
from tests.helpers import REPOSITORY
from tests.helpers.training import run, settings

PLAIN = {"dropout": 0, "augment": {"probability": 0, "noise_std": 0}, "optimizer": "sgd", "lr": 0.05, "epochs": 2}
"""Without randomness that depends on the process."""


def run_in_two(corpus: Dataset, folder: Path, params: Params) -> list[Path]:
    """Train `spoter` in two processes as torchrun starts them, each told a folder of its own; returns the two."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = [folder / name for name in ("first", "second")]
    started = [subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.training", str(corpus.manifest.parent), str(own),
         params.model_dump_json(), "0"], cwd=REPOSITORY, stdout=subprocess.DEVNULL,
        env=os.environ | {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1",
                          "MASTER_PORT": str(port)}) for rank, own in enumerate(folders)]
    try:
        assert [process.wait(timeout=240) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
    return folders


def test_two_processes_take_the_steps_of_one_and_the_first_writes(corpus, tmp_path):
    params = settings(**PLAIN)
    params = params.model_copy(update={"train": params.train.model_copy(update={"precision": "fp32"})})
    whole = run(corpus, tmp_path / "whole", params)
    first, second = run_in_two(corpus, tmp_path, params)
    before, after = (load_file(folder / "weights.safetensors") for folder in (whole, first / "model"))
    for name, weight in before.items():
        torch.testing.assert_close(after[name], weight, atol=1e-5, rtol=1e-4)
    histories = [pd.read_csv(folder / "history.csv") for folder in (whole, first / "model")]
    pd.testing.assert_frame_equal(*histories, atol=1e-4, rtol=1e-4)
    training = read_json(first / "model/config.json")["training"]
    assert training["processes"] == 2 and "processes" not in read_json(whole / "config.json")["training"]
    assert len(load_model(first / "model").labels) == 4
    assert not (second / "model").exists() and not list(second.glob("work/*/*/*"))


def test_each_clip_of_a_batch_is_in_one_part_and_parts_are_equally_long():
    for count in (1, 2, 3):
        parts = [Processes(rank, count).part(torch.arange(10, 16)).tolist() for rank in range(count)]
        assert sum(parts, []) == [10, 11, 12, 13, 14, 15]
    assert [Processes(rank, 4).part(torch.tensor([5, 6])).tolist() for rank in range(4)] == [[5], [6], [5], [6]]
    assert [Processes(rank, 2).part(torch.tensor([5, 6, 7])).tolist() for rank in range(2)] == [[5, 6], [7, 5]]


def test_each_process_has_a_gpu_of_its_own_or_is_told_how_many_there_are(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert Processes(1, 2).device(torch.device("cuda")) == torch.device("cuda", 1) and chosen == [1]
    assert Processes(1, 2).device(torch.device("cpu")) == torch.device("cpu")
    assert Processes().device(torch.device("cuda", 1)) == torch.device("cuda", 1)
    with pytest.raises(ParamsError, match="train.device: cuda:1 is one GPU for 2 processes; set it to cuda"):
        Processes(1, 2).device(torch.device("cuda", 1))
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ParamsError, match="this machine has 2 GPUs; start as many processes .*--nproc-per-node 2"):
        Processes(2, 3).device(torch.device("cuda"))


def test_hard_batches_are_refused_in_several_processes(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "join", lambda: Processes(0, 2))
    with pytest.raises(ModelError, match="batching.hard_from_epoch: several processes can't agree .*; set it to 0, or"):
        run(corpus, tmp_path, settings(embedding={}, losses={"classification": 0, "triplet": 1},
                                       batching={"hard_from_epoch": 2}))
