"""Data-parallel training: one process per GPU, which torch's `torchrun` starts.

Every process has the whole model and all clips, and computes the gradient of its part of each batch; the gradients are
averaged. The first process validates, reports and writes files.
"""

import atexit
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

from slr.errors import ParamsError


@dataclass(frozen=True)
class Processes:
    """The processes of a training run.

    Attributes
    ----------
    rank : int
        This one's number, from 0.
    count : int
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """This process's device: of several GPUs, each process has its own.

        Raises
        ------
        ParamsError
            If the setting names one of them, or there are fewer GPUs than processes.
        """
        if self.count == 1 or device.type != "cuda":
            return device
        number, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if device.index is not None:
            raise ParamsError(f"train.device: {device} is one GPU for {self.count} processes; set it to cuda")
        if number >= gpus:
            raise ParamsError(f"this machine has {gpus} GPU{'' if gpus == 1 else 's'}; start as many processes "
                              f"(torchrun --nproc-per-node {gpus}), or set train.device: cpu")
        torch.cuda.set_device(number)
        return torch.device("cuda", number)

    def part(self, indices: Tensor) -> Tensor:
        """This process's part of a batch's clips (B,): consecutive ones, as many as each other's, of which the last
        parts repeat the first clips if the division leaves a remainder."""
        size = -(-len(indices) // self.count)
        return indices[torch.arange(self.rank * size, (self.rank + 1) * size) % len(indices)]

    def average(self, weights: Iterable[Tensor]) -> None:
        """Replace each weight's gradient by the mean over the processes; one without a gradient counts as 0, unless no
        process has any."""
        if self.count == 1:
            return
        weights = [weight for weight in weights if weight.requires_grad]
        used = torch.tensor([weight.grad is not None for weight in weights], dtype=torch.int32,
                            device=weights[0].device)
        distributed.all_reduce(used, distributed.ReduceOp.MAX)
        for weight, any_used in zip(weights, used.tolist(), strict=True):
            if any_used:
                weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
                distributed.all_reduce(weight.grad)
                weight.grad /= self.count

    def sums(self, *values: float) -> tuple[float, ...]:
        """The sums of numbers over the processes."""
        if self.count == 1:
            return values
        totals = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(totals)
        return tuple(totals.tolist())

    def same(self, module: nn.Module) -> None:
        """Give all processes the weights and buffers of the first."""
        if self.count > 1:
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, 0)

    def of_first(self, value: Any) -> Any:
        """The first process's value, in all of them."""
        if self.count == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, 0)
        return box[0]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            distributed.barrier()


def join() -> Processes:
    """The processes that `torchrun` has started; this one alone, if it wasn't started by it."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes()
    if not distributed.is_initialized():
        distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(distributed.destroy_process_group)
    return Processes(distributed.get_rank(), distributed.get_world_size())
