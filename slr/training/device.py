"""Device and precision of computation."""

import os
from contextlib import AbstractContextManager

import torch

from slr.errors import ParamsError
from slr.io.workers import cores


def choose_device(setting: str) -> torch.device:
    """The device of `train.device`; `auto` takes a GPU if there is one.

    Raises
    ------
    ParamsError
        If the named device isn't available.
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if setting == "auto":
        return torch.device(next(name for name, available in here.items() if available))
    if not here[setting]:
        raise ParamsError(f"train.device: this machine has no {setting}; set it to auto")
    return torch.device(setting)


def choose_precision(setting: str, device: torch.device, batch_size: int) -> str:
    """The precision of `train.precision`, "fp32" or "bf16"; `auto` takes bf16 where it is faster.

    It is faster on processors with bf16 arithmetic and for more than one clip per batch: for a single clip, conversion
    costs as much as it saves. This is a fixed rule, not a timing, so that a given machine always makes the same choice.

    Raises
    ------
    ParamsError
        If this processor doesn't support bf16 (below AVX-512): LSTMs and some gradients would fail during training.
    """
    if setting == "bf16" and device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise ParamsError("train.precision: this processor can't compute in bf16; set it to auto or fp32")
    if setting != "auto":
        return setting
    if device.type == "cuda":
        supported = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        supported = device.type == "cpu" and torch.backends.mkldnn.is_available() and (
            torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return "bf16" if supported and batch_size > 1 else "fp32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Compute in this precision inside the block; weights and losses stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def use_cores(workers: int = 0) -> None:
    """Let torch use this many cores; 0 for all available to the process, or as `OMP_NUM_THREADS` says."""
    if workers or "OMP_NUM_THREADS" not in os.environ:  # torch reads it itself
        torch.set_num_threads(workers or cores())
