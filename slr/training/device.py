"""Precision and threads of training."""

import os
from contextlib import AbstractContextManager

import torch

from slr.errors import ParamsError
from slr.io.workers import cores

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""Precisions of 16 bits."""


def choose_precision(setting: str, device: torch.device, batch_size: int) -> str:
    """The precision of `train.precision`, "fp32", "bf16" or "fp16"; `auto` takes a half precision where it is faster.

    It is faster on GPUs, and on processors with bf16 arithmetic that oneDNN may use (`ONEDNN_MAX_CPU_ISA` can forbid
    it), for more than one clip per batch: for a single clip, conversion costs as much as it saves. GPUs without bf16
    (before Ampere) take fp16, processors never. This is a fixed rule, not a timing, so that a given machine always
    makes the same choice.

    Raises
    ------
    ParamsError
        If this processor doesn't support bf16 (below AVX-512): LSTMs and some gradients would fail during training.
    """
    if setting == "bf16" and device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise ParamsError("train.precision: this processor can't compute in bf16; set it to auto or fp32")
    if setting != "auto":
        return setting
    if batch_size == 1:
        return "fp32"
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    supported = device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported() and (
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return "bf16" if supported else "fp32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Compute in this precision inside the block; weights and losses stay float32."""
    return torch.autocast(device.type, HALF.get(precision, torch.bfloat16), enabled=precision in HALF)


def gradient_scaler(device: torch.device, precision: str) -> torch.amp.GradScaler:
    """Scales the loss so that fp16 gradients don't vanish, and skips a step whose gradients overflow; in other
    precisions it does nothing.

    Micikevicius et al., "Mixed Precision Training", ICLR 2018.
    """
    return torch.amp.GradScaler(device.type, enabled=precision == "fp16")


def use_cores(workers: int = 0) -> None:
    """Let torch use this many cores; 0 for all available to the process, or as `OMP_NUM_THREADS` says."""
    if workers or "OMP_NUM_THREADS" not in os.environ:  # torch reads it itself
        torch.set_num_threads(workers or cores())
