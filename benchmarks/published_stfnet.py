"""STF-Net of `published: true` in the arrangement of its authors: what ours is timed against.

Clips stay (B, C, T, H, W) from the picture to the last stage, padding included. Every convolution is a 3-D one, with an
extent of 1 in time or in space; all that is computed is kept for the gradient. Weights and their names are those of
`slr.models.stfnet.published`, convolutions with one more axis; the temporal layers, the BiLSTM and the classifier are
its own.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.models.stfnet.published import PublishedAlignment, PublishedExcitation, PublishedFusion, PublishedStfnet
from slr.params.families.stfnet import StfnetParams
from slr.preprocessing.rgb import RgbBatch


def lifted(module: nn.Module) -> nn.Module:
    """The module with every 2-D convolution and norm inside replaced by the 3-D one, with its weights.

    Kernels of (k, 1) are over time, and become (k, 1, 1); all others (1, k, k).
    """
    if isinstance(module, nn.Conv2d):
        at = 2 if module.kernel_size[0] == module.kernel_size[1] else 4  # of the new axis in the weight

        def longer(sizes: tuple[int, ...], new: int) -> tuple[int, ...]:
            return (new, *sizes) if at == 2 else (*sizes, new)

        new = nn.Conv3d(module.in_channels, module.out_channels, longer(module.kernel_size, 1),
                        longer(module.stride, 1), longer(module.padding, 0), groups=module.groups,
                        bias=module.bias is not None)
        new.weight.data.copy_(module.weight.unsqueeze(at))
        if module.bias is not None:
            new.bias.data.copy_(module.bias)
        return new
    if isinstance(module, nn.BatchNorm2d):
        new = nn.BatchNorm3d(module.num_features)
        new.load_state_dict(module.state_dict())
        return new
    for name, child in module.named_children():
        setattr(module, name, lifted(child))
    return module


class SolidFusion(PublishedFusion):
    """(B, C, T, H, W) -> the same."""

    def forward(self, x: Tensor) -> Tensor:
        h = self.weights[0] * self.short(x) + self.weights[1] * self.long(x)
        squeezed = h.mean((2, 3, 4)), h.amax((2, 3, 4))
        h = h * sum(map(self.attend_channels.layers, squeezed)).sigmoid()[..., None, None, None]
        h = h * self.attend_places.conv(torch.cat([h.mean(1, keepdim=True), h.amax(1, keepdim=True)], 1)).sigmoid()
        return x + self.merge_space(self.merge_time(torch.cat([x, h], 1)))


class SolidExcitation(PublishedExcitation):
    """(B, C, T, H, W) -> the same."""

    def forward(self, x: Tensor) -> Tensor:
        return x * self.layers(x)


class SolidAlignment(PublishedAlignment):
    """(B, C, T, H, W) -> (B T, C)"""

    def forward(self, x: Tensor) -> Tensor:
        x = x if self.project is None else self.project(x)
        return means(x if self.excite is None else self.excite(x))


class SolidStfnet(PublishedStfnet):
    """The published network with 3-D convolutions; built with the same random numbers, it has the same weights."""

    def __init__(self, params: StfnetParams, skeleton: None, classes: int):
        super().__init__(params, skeleton, classes)
        solid = {PublishedFusion: SolidFusion, PublishedAlignment: SolidAlignment, PublishedExcitation: SolidExcitation}
        for module in self.modules():
            module.__class__ = solid.get(type(module), type(module))
        for part in (self.backbone, self.fusions, self.alignment.unused, self.alignment.heads):
            lifted(part)

    def _read(self, frames: Tensor, lengths: Tensor) -> list[Tensor]:
        clips = frames.unflatten(0, (len(lengths), -1)).transpose(1, 2).contiguous()
        x, aligned = F.relu(self.backbone.bn1(self.backbone.conv1(clips)), inplace=True), []
        x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        for i, stage in enumerate(self.backbone.stages):
            x = stage(x)
            if i:
                aligned.append(self.alignment.linear(self.alignment.heads[i - 1](x)))
                x = x + self.alpha[i - 1] * self.fusions[i - 1](x)
        return [means(x), *aligned]


def means(x: Tensor) -> Tensor:
    """(B, C, T, H, W) -> (B T, C): of each picture."""
    return x.mean((3, 4)).transpose(1, 2).flatten(0, 1)


def batch_of(frames: int, side: int, glosses: int, classes: int) -> RgbBatch:
    """One clip of random pictures."""
    generator = torch.Generator().manual_seed(0)
    return RgbBatch(torch.rand(1, 3, frames, side, side, generator=generator) * 2 - 1, torch.tensor([frames]),
                    torch.randint(1, classes, (1, glosses), generator=generator), ("made up",))
