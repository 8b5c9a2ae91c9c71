"""A re-creation of the published arrangement of SCA-STGCN's graph blocks: what ours is checked and timed against.

Tensors lie as (B, T, J, C), each step is an operation of its own, and the temporal convolution moves the channels to
the front and back: linear -> adjacency product -> temporal convolution (kernel 3) -> batch norm -> residual -> ReLU ->
dropout. Names of weights are those of `slr.models.graph`, so that one state dict fits both.
"""

import torch
from torch import Tensor, nn


class PublishedBlock(nn.Module):
    """(B, T, J, C_in) -> (B, T, J, C_out)"""

    def __init__(self, adjacency: Tensor, inputs: int, outputs: int, dilation: int, dropout: float):
        super().__init__()
        self.register_buffer("adjacency", adjacency, persistent=False)
        self.linear = nn.Linear(inputs, outputs)
        self.temporal = nn.Conv2d(outputs, outputs, (3, 1), padding=(dilation, 0), dilation=(dilation, 1))
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.einsum("ij,btjc->btic", self.adjacency, self.linear(x))
        h = self.norm(self.temporal(h.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        return self.dropout(torch.relu(h + self.residual(x)))


class PublishedBlocks(nn.Sequential):
    """(B, T, J, C) -> (B, T, J, 128): the three blocks, with dilations 1, 2, 3."""

    def __init__(self, adjacency: Tensor, channels: int = 2, dropout: float = 0.1):
        sizes = (channels, 64, 128, 128)
        super().__init__(*(PublishedBlock(adjacency, sizes[i], sizes[i + 1], i + 1, dropout) for i in range(3)))
