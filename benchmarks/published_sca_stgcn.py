"""A re-creation of the published arrangement of SCA-STGCN's graph blocks: what ours is checked and timed against.

Tensors lie as (B, T, J, C), each step is an operation of its own, and the temporal convolution moves the channels to
the front and back: linear -> adjacency product -> temporal convolution (kernel 3) -> batch norm -> residual -> ReLU ->
dropout. Names of weights are those of `slr.models.graph`, so that one state dict fits both.
"""

import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.models import build
from slr.params.families.stgcn import ScaStgcnParams
from slr.preprocessing.batch import Batch
from slr.training.device import autocast


class PublishedBlock(nn.Module):
    """(B, T, J, C_in) -> (B, T, J, C_out); `frames` is passed on, as `slr.models.graph.GraphBlock` does."""

    def __init__(self, adjacency: Tensor, inputs: int, outputs: int, dilation: int, dropout: float):
        super().__init__()
        self.register_buffer("adjacency", adjacency, persistent=False)
        self.linear = nn.Linear(inputs, outputs)
        self.temporal = nn.Conv2d(outputs, outputs, (3, 1), padding=(dilation, 0), dilation=(dilation, 1), bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.einsum("ij,btjc->btic", self.adjacency, self.linear(x))
        h = self.norm(self.temporal(h.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        return self.dropout(torch.relu(h + self.residual(x))), frames


def published_blocks(adjacency: Tensor, channels: int = 2, dropout: float = 0.1) -> nn.ModuleList:
    """The three blocks, with dilations 1, 2, 3."""
    sizes = (channels, 64, 128, 128)
    return nn.ModuleList(PublishedBlock(adjacency, sizes[i], sizes[i + 1], i + 1, dropout) for i in range(3))


def both(joints: str = "holistic-75", classes: int = 10) -> tuple[nn.Module, nn.Module]:
    """The published configuration with our blocks, and with the published arrangement of them; the same weights."""
    ours, published = (build(ScaStgcnParams(published=True, joints=joints), classes) for _ in range(2))
    published.blocks = published_blocks(ours.blocks[0].adjacency)
    published.load_state_dict(ours.state_dict())
    return ours, published


def windows(count: int = 32, frames: int = 25, joints: int = 75, classes: int = 10) -> Batch:
    """Random windows in which everything was found."""
    return Batch(torch.rand(count, frames, joints, 2), torch.ones(count, frames, joints, dtype=torch.bool),
                 torch.full((count,), frames), torch.arange(count) % classes, torch.full((count,), -1),
                 tuple(map(str, range(count))))


def windows_per_second(model: nn.Module, batch: Batch, precision: str = "fp32", steps: int = 5) -> float:
    """Windows a second of whole training steps (forward, backward, Adam), the best of some after one to warm up."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    seconds = []
    for _ in range(steps + 1):
        begin = time.perf_counter()
        with autocast(torch.device("cpu"), precision):
            logits = model(batch)["logits"]
        optimizer.zero_grad()
        F.cross_entropy(logits.float(), batch.targets).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
    return len(batch) / min(seconds[1:])


def main() -> None:
    """Print how much faster ours is, in either precision, and how far the outputs are apart in fp32."""
    torch.manual_seed(0)
    batch, (ours, published) = windows(), both()
    with torch.inference_mode():
        difference = (ours.eval()(batch)["logits"] - published.eval()(batch)["logits"]).abs().max()
    print(f"largest difference of logits {difference:.1e}")
    base = windows_per_second(published, batch)
    for precision in ("fp32", "bf16"):
        speed = windows_per_second(ours, batch, precision)
        print(f"{precision}: {speed:.0f} windows/s, published {base:.0f} in fp32: {speed / base:.2f} times")


if __name__ == "__main__":
    main()
