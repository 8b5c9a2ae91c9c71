"""Precision: chosen by rule, or refused with the way out; and threads."""

import os
import subprocess
import sys

import pytest
import torch

from slr.errors import ParamsError
from slr.io.workers import cores
from slr.training.device import autocast, choose_precision, gradient_scaler, use_cores

CPU = torch.device("cpu")


def test_precision_follows_the_setting_else_the_processor():
    assert choose_precision("fp32", CPU, 32) == choose_precision("auto", CPU, 1) == "fp32"
    multiplies_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported() and (
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    assert choose_precision("auto", CPU, 32) == ("bf16" if multiplies_bf16 else "fp32")


def test_bf16_that_onednn_may_not_use_is_not_chosen():
    """The processor's flags still say bf16 then, and LSTMs and some gradients would fail in training."""
    chosen = subprocess.run(
        [sys.executable, "-c", "import torch; from slr.training.device import choose_precision\n"
                               "print(choose_precision('auto', torch.device('cpu'), 32))"],
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}, check=True, capture_output=True, text=True).stdout
    assert chosen == "fp32\n"


@pytest.mark.parametrize(("has_bf16", "chosen"), [(True, "bf16"), (False, "fp16")])
def test_a_gpu_without_bf16_takes_fp16(monkeypatch, has_bf16, chosen):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    assert choose_precision("auto", torch.device("cuda"), 32) == chosen
    assert choose_precision("auto", torch.device("cuda"), 1) == "fp32"


def test_gradients_that_overflow_in_fp16_are_skipped_and_small_ones_kept():
    """A gradient of 1e-9 is 0 in fp16; scaled, it isn't. After an overflow the weights stay and the scale halves."""
    weight = torch.nn.Parameter(torch.ones(4, 4))
    optimizer = torch.optim.SGD([weight], lr=1e6)

    def step(scaler: torch.amp.GradScaler, size: float) -> torch.Tensor:
        optimizer.zero_grad()
        with autocast(CPU, "fp16"):
            answer = torch.ones(1, 4) @ weight
        scaler.scale(size * answer.float().mean()).backward()
        scaler.unscale_(optimizer)
        gradient = weight.grad.clone()
        scaler.step(optimizer)
        scaler.update()
        return gradient

    assert (step(gradient_scaler(CPU, "fp32"), 1e-8) == 0).all()
    scaler = gradient_scaler(CPU, "fp16")
    torch.testing.assert_close(step(scaler, 1e-8), torch.full((4, 4), 2.5e-9), atol=1e-10, rtol=0)
    assert (weight < 1).all()
    before, scale = weight.detach().clone(), scaler.get_scale()
    step(scaler, 1e4)
    assert torch.equal(weight, before) and scaler.get_scale() == scale / 2


def test_bf16_is_taken_where_the_processor_has_it_and_else_refused(monkeypatch):
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        assert choose_precision("bf16", CPU, 1) == "bf16"
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    with pytest.raises(ParamsError, match="train.precision: this processor can't compute in bf16; set it to auto"):
        choose_precision("bf16", CPU, 1)


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16),
                                                ("fp16", torch.float16)])
def test_a_block_computes_in_its_precision(precision, dtype):
    with autocast(CPU, precision):
        assert torch.nn.Linear(4, 4)(torch.ones(1, 4)).dtype == dtype


def test_threads_are_as_many_as_is_said_else_as_the_environment_says_else_one_a_core(monkeypatch):
    before = torch.get_num_threads()
    try:
        use_cores(3)
        assert torch.get_num_threads() == 3
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        use_cores()
        assert torch.get_num_threads() == 3
        monkeypatch.delenv("OMP_NUM_THREADS")
        use_cores()
        assert torch.get_num_threads() == cores()
    finally:
        torch.set_num_threads(before)
