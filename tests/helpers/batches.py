"""Made-up batches for tests of models, and what must not change an answer."""

from dataclasses import replace

import torch

from slr.preprocessing.batch import Batch

CLASSES = 7


def batch_of(clips: int, frames: int, joints: int = 54, channels: int = 2, seed: int = 0) -> Batch:
    """Random clips with a tenth of the joints missing, and a first frame in which nothing was found."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(clips, frames, joints, generator=generator) > 0.1
    mask[0, 0] = False
    batch = Batch(torch.randn(clips, frames, joints, channels, generator=generator) / 4, mask,
                  torch.full((clips,), frames), torch.arange(clips) % CLASSES, torch.full((clips,), -1),
                  tuple(map(str, range(clips))))
    return batch.with_landmarks(batch.landmarks)


def padded(batch: Batch, frames: int) -> Batch:
    """The same clips with frames of rubbish behind them, which the mask says aren't there."""
    rubbish = torch.full((len(batch), frames, *batch.landmarks.shape[2:]), 1e3)
    return replace(batch, landmarks=torch.cat([batch.landmarks, rubbish], 1),
                   mask=torch.nn.functional.pad(batch.mask, (0, 0, 0, frames)))


def with_rubbish(batch: Batch) -> Batch:
    """The same clips with large numbers in the places of missing joints."""
    return replace(batch, landmarks=batch.landmarks.masked_fill(~batch.mask[..., None], 1e3))


def reordered(batch: Batch, order: torch.Tensor) -> Batch:
    """The same frames in another order."""
    return replace(batch, landmarks=batch.landmarks[:, order], mask=batch.mask[:, order])


def moving(lengths: list[int]) -> Batch:
    """Joint j of clip b is at (b + t, j) in frame t."""
    steps = torch.arange(max(lengths))
    x = torch.arange(len(lengths))[:, None, None] + steps[:, None] + torch.zeros(3)
    landmarks = torch.stack([x, torch.arange(3.0).expand_as(x)], -1)
    inside = steps < torch.tensor(lengths)[:, None]
    numbers = torch.arange(len(lengths))
    batch = Batch(landmarks, inside[..., None].expand(-1, -1, 3).clone(), torch.tensor(lengths), numbers, numbers,
                  tuple(map(str, numbers.tolist())))
    return batch.with_landmarks(landmarks)
