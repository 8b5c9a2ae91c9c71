"""Devices are named as in torch, and refused with the way out where this machine has none."""

import pytest
import torch

from slr.errors import ParamsError
from slr.models.device import choose_device
from slr.params import parse


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_a_gpu_is_taken_where_there_is_one_and_each_can_be_named(two_gpus):
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda", 1) and choose_device("cpu") == torch.device("cpu")


def test_a_gpu_that_is_not_here_is_refused(two_gpus):
    with pytest.raises(ParamsError, match="--device: this machine's last GPU is cuda:1, not cuda:2; set it to that or"):
        choose_device("cuda:2", "--device")


def test_a_device_that_is_not_here_is_refused():
    missing = next(name for name, here in (("mps", torch.backends.mps.is_available()),
                                           ("cuda", torch.cuda.is_available())) if not here)
    with pytest.raises(ParamsError, match=f"train.device: this machine has no {missing} .*; set it to auto"):
        choose_device(missing)
    assert choose_device("cpu") == torch.device("cpu") and choose_device("auto").type in ("cuda", "mps", "cpu")


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:", "cuda:x", "cuda:-1", ""])
def test_a_name_that_is_no_device_is_refused(name):
    if name != "cuda:":
        with pytest.raises(ParamsError, match=f"there is no device '{name}'; use auto, cpu, mps, cuda, or cuda:1"):
            choose_device(name)
    for section in ("train", "evaluation"):
        with pytest.raises(ParamsError, match=f"{section}.device"):
            parse({section: {"device": name}})
        assert getattr(parse({section: {"device": "cuda:1"}}), section).device == "cuda:1"
