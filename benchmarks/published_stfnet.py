"""A re-creation of the published arrangement of STF-Net's frames' part: what ours is checked and timed against.

Clips stay (B, C, T, H, W) from the picture to the last stage. Every convolution is a 3-D one, with an extent of 1 in
time or in space; what a block makes is put side by side and weighed as a whole; all that is computed is kept for the
gradient. Weights and their names are those of `slr.models.stfnet`, convolutions with one more axis, so that one state
dict fits both; the temporal layers, the BiLSTM and the classifier are its own. Clips have to be of one length.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.batches.rgb import RgbBatch
from slr.models.stfnet import Stfnet
from slr.models.stfnet.alignment import Alignment
from slr.models.stfnet.fusion import Fusion
from slr.params.families.stfnet import StfnetParams


def lifted(module: nn.Module) -> nn.Module:
    """The module with every 2-D convolution and norm inside replaced by the 3-D one of extent 1, with its weights."""
    if isinstance(module, nn.Conv2d):
        new = nn.Conv3d(module.in_channels, module.out_channels, (1, *module.kernel_size), (1, *module.stride),
                        (0, *module.padding), bias=module.bias is not None)
        new.weight.data.copy_(module.weight[:, :, None])
        return new
    if isinstance(module, nn.BatchNorm2d):
        new = nn.BatchNorm3d(module.num_features)
        new.load_state_dict(module.state_dict())
        return new
    for name, child in module.named_children():
        setattr(module, name, lifted(child))
    return module


class PublishedFusion(Fusion):
    """(B, C, T, H, W) -> the same."""

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        short, long = (F.conv3d(x, weight[:, None, :, None, None], padding=(weight.shape[1] // 2, 0, 0),
                                groups=channels) for weight in (self.short, self.long))
        h = self.weights[0] * short + self.weights[1] * long
        squeezed = [h.mean((3, 4)).transpose(1, 2), h.amax((3, 4)).transpose(1, 2)]  # (B, T, C)
        h = h * sum(map(self.attend_channels.layers, squeezed)).sigmoid().transpose(1, 2)[..., None, None]
        h = h * self.attend_places.conv(torch.cat([h.mean(1, keepdim=True), h.amax(1, keepdim=True)], 1)).sigmoid()
        beside = torch.stack([x, h], 2).flatten(1, 2)  # each channel of the input, then what became of it
        merged = F.conv3d(beside, self.merge_time.flatten(0, 1)[:, None, :, None, None], padding=(1, 0, 0),
                          groups=2 * channels)
        return x + self.alpha * F.conv3d(merged, self.merge_space[:, :, None], padding=(0, 1, 1), groups=channels)


class PublishedAlignment(Alignment):
    """(B, C, T, H, W) -> (B, T, D)"""

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm(self.project(x)), inplace=True)
        if self.excite is not None:
            weights = F.relu(self.excite.squeeze(h.mean((3, 4))))
            h = h * self.excite.excite(weights).sigmoid()[..., None, None]
        return self.linear(h.mean((3, 4)).transpose(1, 2))


class PublishedStfnet(Stfnet):
    """STF-Net with the published arrangement; built with the same random numbers, it has the same weights."""

    def __init__(self, params: StfnetParams, skeleton: None, classes: int):
        super().__init__(params, skeleton, classes)
        for fusion in self.fusions:
            fusion.__class__ = PublishedFusion
        for alignment in self.alignments:
            alignment.__class__ = PublishedAlignment
        for part in (self.backbone, self.fusions, self.alignments):
            lifted(part)

    def _read(self, frames: Tensor, lengths: Tensor) -> list[Tensor]:
        clips = frames.unflatten(0, (len(lengths), -1)).transpose(1, 2).contiguous()
        x, aligned = F.relu(self.backbone.bn1(self.backbone.conv1(clips)), inplace=True), []
        x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        for i, stage in enumerate(self.backbone.stages):
            x = stage(x)
            if i:
                x = self.fusions[i - 1](x)
            if i and self.alignments:
                aligned.append(self.alignments[i - 1](x).flatten(0, 1))
        return [x.mean((3, 4)).transpose(1, 2).flatten(0, 1), *aligned]


def batch_of(frames: int, side: int, glosses: int, classes: int) -> RgbBatch:
    """One clip of random pictures."""
    generator = torch.Generator().manual_seed(0)
    return RgbBatch(torch.rand(1, 3, frames, side, side, generator=generator) * 2 - 1, torch.tensor([frames]),
                    torch.randint(1, classes, (1, glosses), generator=generator), ("made up",))
