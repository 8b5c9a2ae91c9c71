"""ResNet-18 and -34 on frames (He et al., "Deep Residual Learning for Image Recognition", CVPR 2016).

STF-Net extends every convolution to three dimensions with a temporal extent of 1. This equals the 2-D convolution on
each frame, and is computed as such, in channels-last layout. Weights are named as in torchvision, so that its ImageNet
weights can be loaded.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.errors import ModelError

SIZES = {
    "resnet18": ((64, 128, 256, 512), (2, 2, 2, 2)),
    "resnet34": ((64, 128, 256, 512), (3, 4, 6, 3)),
    "tiny": ((16, 32, 64, 128), (1, 1, 1, 1)),
}
"""Channels after each of the four stages, and the number of blocks of each."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norms, and a residual.

    Parameters
    ----------
    inputs, outputs : int
        Channels before and after.
    stride : int
        Spatial stride.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)"""
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        h = self.bn2(self.conv2(h))
        return F.relu(h + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet(nn.Module):
    """Frames -> features of four stages; `Stfnet` adds the layers between and after them.

    Parameters
    ----------
    name : {"resnet18", "resnet34", "tiny"}
        `tiny` has one narrow block per stage.

    Attributes
    ----------
    widths : tuple of 4 int
        Channels after each stage.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, name: str):
        super().__init__()
        self.name = name
        self.widths, blocks = SIZES[name]
        inputs = self.widths[0]
        self.conv1 = nn.Conv2d(3, inputs, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs)
        for i, (outputs, count) in enumerate(zip(self.widths, blocks, strict=True)):
            sizes = [inputs, *[outputs] * count]
            setattr(self, f"layer{i + 1}", nn.Sequential(*(
                BasicBlock(sizes[j], outputs, 2 if i and not j else 1) for j in range(count))))
            inputs = outputs
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types

    @property
    def stages(self) -> list[nn.Sequential]:
        return [self.layer1, self.layer2, self.layer3, self.layer4]

    def stem(self, frames: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, H / 4, W / 4)"""
        x = frames.contiguous(memory_format=torch.channels_last)
        return F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)

    def load_pretrained(self, state: Mapping[str, Tensor]) -> None:
        """Load weights with torchvision's names; its classifier `fc` is left out.

        Parameters
        ----------
        state : mapping
            `conv1.weight`, `bn1.weight`, `layer1.0.conv1.weight`, ...; convolutions in 2-D, or extended to (out, in, 1,
            k, k).

        Raises
        ------
        ModelError
            If weights are missing, or belong to a different network.
        """
        wanted = self.state_dict()
        found = {name: weight[:, :, 0] if weight.ndim == 5 and weight.shape[2] == 1 else weight
                 for name, weight in state.items() if not name.startswith("fc.")}
        # Files from before torch 0.4.1 lack the batch counters, which aren't used here.
        missing = [name for name in wanted if name not in found and not name.endswith("num_batches_tracked")]
        unknown = [name for name in found if name not in wanted]
        other = [name for name in found if name in wanted and found[name].shape != wanted[name].shape]
        for problem, names in (("lack", missing), ("have unknown", unknown), ("have another shape of", other)):
            if names:
                raise ModelError(f"the weights {problem} {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}; "
                                 f"give torchvision's weights of {self.name}, or set backbone to what they are of")
        self.load_state_dict(found, strict=False)
