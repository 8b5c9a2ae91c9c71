"""Made-up RGB batches, and the small network that reads them."""

from dataclasses import replace

import torch

from slr.models.stfnet import Stfnet
from slr.params.families.stfnet import StfnetParams
from slr.preprocessing.rgb import RgbBatch

CLASSES = 9
TINY = {"backbone": "tiny", "hidden": 32, "lstm_dropout": 0}


def network(form: type[Stfnet] = Stfnet, **settings) -> Stfnet:
    """A tiny network in evaluation, whose fusion blocks, norms and lift pooling do something."""
    torch.manual_seed(0)
    model = form(StfnetParams(**(TINY | settings)), None, CLASSES - 1).eval()
    generator = torch.Generator().manual_seed(1)
    for name, weight in model.named_parameters():
        if name.endswith("alpha"):
            weight.data.fill_(0.5)
        elif weight.ndim > 1 and not weight.any():
            weight.data.normal_(0, 0.1, generator=generator)
    for name, statistic in model.named_buffers():
        if name.endswith("running_mean"):
            statistic.normal_(0, 0.1, generator=generator)
        elif name.endswith("running_var"):
            statistic.uniform_(0.5, 2, generator=generator)
    return model


def batch_of(*lengths: int, side: int = 32, seed: int = 0, targets: list[list[int]] | None = None) -> RgbBatch:
    """Random pictures, with rubbish where a clip is padded; three glosses each unless said otherwise."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(len(lengths), 3, max(lengths), side, side, generator=generator) * 2 - 1
    for clip, length in zip(images, lengths, strict=True):
        clip[:, length:] = 1e3
    if targets is None:
        glosses = torch.randint(1, CLASSES, (len(lengths), 3), generator=generator)
    else:
        glosses = torch.full((len(lengths), max(map(len, targets))), -1)
        for row, of_clip in zip(glosses, targets, strict=True):
            row[:len(of_clip)] = torch.tensor(of_clip)
    return RgbBatch(images, torch.tensor(lengths), glosses, tuple(map(str, range(len(lengths)))))


def alone(batch: RgbBatch, clip: int) -> RgbBatch:
    """One clip of a batch, without padding."""
    images = batch.images[clip:clip + 1, :, :batch.lengths[clip]]
    return replace(batch, images=images, lengths=batch.lengths[clip:clip + 1], targets=batch.targets[clip:clip + 1],
                   clip_ids=batch.clip_ids[clip:clip + 1])
