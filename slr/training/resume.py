"""State of interrupted training runs."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from slr.io.files import atomic_path
from slr.tasks.base import Score


@dataclass(frozen=True)
class RunState:
    """Progress of a training run.

    Attributes
    ----------
    score : Score
        The validation metric that selects the checkpoint.
    history : list of dict
        One row per completed epoch.
    best_epoch : int
        The epoch (from 1) whose weights are `best`; 0 before the first.
    best : dict of str to Tensor
        Its weights, on the CPU.
    seconds : float
        Time spent so far, over all restarts.
    cpu_seconds : float
        CPU time over all cores, which doesn't depend on the machine's other load.
    """

    score: Score
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0
    cpu_seconds: float = 0

    @property
    def epoch(self) -> int:
        """Completed epochs."""
        return len(self.history)

    def after(self, row: dict[str, Any], model: nn.Module, seconds: float, cpu_seconds: float = 0) -> "RunState":
        """The state after one more epoch; its weights become `best` if its validation score is the best so far."""
        history = [*self.history, row]
        times = self.seconds + seconds, self.cpu_seconds + cpu_seconds
        if self.best_epoch and self._rank(row) <= self._rank(self.history[self.best_epoch - 1]):
            return RunState(self.score, history, self.best_epoch, self.best, *times)
        return RunState(self.score, history, row["epoch"], copy_of(model), *times)

    def _rank(self, row: dict[str, Any]) -> tuple[float, float, int]:
        """Sort key, higher is better: the task's validation score, then a lower loss; without validation, the later
        epoch."""
        value = row[self.score.column]
        if value is None:
            return 0, 0, row["epoch"]
        return value if self.score.higher_is_better else -value, -(row["val_loss"] or 0), 0


def copy_of(model: nn.Module) -> dict[str, Tensor]:
    """A copy of a model's weights and buffers, on the CPU."""
    return {name: weight.detach().cpu().clone().contiguous() for name, weight in model.state_dict().items()}


class Checkpoint:
    """The state of a training run after its last complete epoch, as one file that is replaced atomically.

    Parameters
    ----------
    folder : Path
        Folder of this run only: its name is a hash of everything the result depends on.
    """

    def __init__(self, folder: Path):
        self.path = folder / "state.safetensors"

    def save(self, run: RunState, learner: nn.Module, optimizer: torch.optim.Optimizer,
             scaler: torch.amp.GradScaler) -> None:
        """Save the trainable modules (model and criterion), the optimiser, the gradient scaler and the progress."""
        tensors = {f"learner.{name}": weight for name, weight in learner.state_dict().items()}
        tensors |= {f"best.{name}": weight for name, weight in run.best.items()}
        tensors |= {f"optimizer.{i}.{name}": value for i, state in optimizer.state_dict()["state"].items()
                    for name, value in state.items() if isinstance(value, Tensor)}
        numbers = {"history": run.history, "best_epoch": run.best_epoch, "seconds": run.seconds,
                   "cpu_seconds": run.cpu_seconds}
        with atomic_path(self.path) as temporary:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary,
                      metadata={"reached": json.dumps(numbers), "scaler": json.dumps(scaler.state_dict())})

    def load(self, learner: nn.Module, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler,
             score: Score) -> RunState | None:
        """Load the saved state into modules, optimiser and scaler and return the progress; None if nothing was
        saved."""
        if not self.path.exists():
            return None
        groups: dict[str, dict[str, Tensor]] = {"learner": {}, "best": {}, "optimizer": {}}
        with safe_open(self.path, "pt") as file:
            reached, scaling = (json.loads(file.metadata()[part]) for part in ("reached", "scaler"))
            for key in file.keys():  # noqa: SIM118 (not a dict)
                group, name = key.split(".", 1)
                groups[group][name] = file.get_tensor(key)
        learner.load_state_dict(groups["learner"])
        if scaling:
            scaler.load_state_dict(scaling)
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in groups["optimizer"].items():
            index, name = key.split(".", 1)
            state.setdefault(int(index), {})[name] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        return RunState(score, best=groups["best"], **reached)
