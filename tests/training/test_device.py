"""Device and precision: chosen by rule, or refused with the way out."""

import pytest
import torch

from slr.errors import ParamsError
from slr.io.workers import cores
from slr.training.device import autocast, choose_device, choose_precision, use_cores

CPU = torch.device("cpu")


def test_a_device_that_is_not_here_is_refused():
    missing = next(name for name, here in (("mps", torch.backends.mps.is_available()),
                                           ("cuda", torch.cuda.is_available())) if not here)
    with pytest.raises(ParamsError, match=f"no {missing}; set it to auto"):
        choose_device(missing)
    assert choose_device("cpu") == CPU and choose_device("auto").type in ("cuda", "mps", "cpu")


def test_precision_follows_the_setting_else_the_processor():
    assert choose_precision("fp32", CPU, 32) == choose_precision("auto", CPU, 1) == "fp32"
    multiplies_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    assert choose_precision("auto", CPU, 32) == ("bf16" if multiplies_bf16 else "fp32")


def test_bf16_is_taken_where_the_processor_has_it_and_else_refused(monkeypatch):
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        assert choose_precision("bf16", CPU, 1) == "bf16"
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    with pytest.raises(ParamsError, match="train.precision: this processor can't compute in bf16; set it to auto"):
        choose_precision("bf16", CPU, 1)


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
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
