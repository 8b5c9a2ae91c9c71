"""RGB clips, decoded and resized from the frame shards when a batch is requested.

Up to `keep_mib` of decoded frames are cached in memory for the next epoch; there is no second copy on disk. Random
augmentation (mirroring, size and position of the crop, frame rate) is drawn once per clip, the same for all its frames.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from slr.dataset.frames import decode_jpegs
from slr.io.evenly import evenly
from slr.io.shards import Shards
from slr.params.families.stfnet import ImagesParams

FAINTEST = 0.05
"""Minimum motion for contrast normalisation: clips with less aren't amplified further. Black to white is 2."""
SHORTEST, LONGEST, STRIDE = 32, 230, 4
"""Frames of a training clip as published: fewest and most, rounded up to a multiple of the stride."""


@dataclass(frozen=True)
class RgbBatch:
    """A padded batch of RGB clips.

    Attributes
    ----------
    images : Tensor (B, 3, T, H, W) float32
        RGB, or RGB after background subtraction, from -1 to 1; zero where padded.
    lengths : Tensor (B,) int64
        Frames of each clip before padding.
    targets : Tensor (B, L) int64
        Gloss classes of each clip, in order, padded with -1.
    clip_ids : tuple of str
    frame_targets : Tensor (B, T) int64, optional
        Class of each frame, if the clips have frame labels; -1 where padded.
    """

    images: Tensor
    lengths: Tensor
    targets: Tensor
    clip_ids: tuple[str, ...]
    frame_targets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    def to(self, device: str | torch.device) -> "RgbBatch":
        moved: dict[str, Any] = {name: value.to(device) for name, value in vars(self).items()
                                 if isinstance(value, Tensor)}
        return replace(self, **moved)


class View(NamedTuple):
    """Preprocessing of one clip: the selected frames, the side to resize to, the top-left corner of the crop, mirrored
    or not."""

    clip: int
    frames: np.ndarray
    side: int
    top: int
    left: int
    mirrored: bool = False


class RgbClips:
    """Clips of a frame store, as batches of RGB images.

    Parameters
    ----------
    folder : Path
        As written by `slr.extraction.frames.extract_frames`.
    clip_ids : sequence of str
    params : ImagesParams
    targets : sequence of sequences of int, optional
        Gloss classes of each clip, in order.
    frame_targets : sequence of Tensors (T,) int64, optional
        Frame labels of each clip.

    Attributes
    ----------
    clip_ids : tuple of str
    lengths : Tensor (clips,) int64
        Frames of each clip, at most `max_frames`.

    Raises
    ------
    CorpusError
        If the folder contains no frames, or none of a clip.
    """

    def __init__(self, folder: str | Path, clip_ids: Sequence[str], params: ImagesParams,
                 targets: Sequence[Sequence[int]] | None = None, frame_targets: Sequence[Tensor] | None = None):
        self.clip_ids = tuple(clip_ids)
        self.params = params
        self.shards = Shards(folder)
        self.frames = [self.shards.clip(clip_id)["n_frames"] for clip_id in self.clip_ids]
        self.lengths = torch.tensor(self.frames).clamp_max(params.max_frames)
        self.targets = [torch.tensor(list(glosses), dtype=torch.int64)
                        for glosses in targets or [()] * len(self.clip_ids)]
        self.frame_targets = frame_targets
        self._kept: dict[tuple[int, int, int], np.ndarray] = {}  # clip, frame, shrink; never evicted
        self._room = params.keep_mib * 2**20
        self._lock = Lock()  # of the two above and of the shards, which threads share

    def __len__(self) -> int:
        return len(self.clip_ids)

    def evaluation_batches(self) -> Iterator[tuple[RgbBatch, Tensor]]:
        """See `slr.preprocessing.batch.ClipSet`; each batch is a single clip."""
        order = self.lengths.argsort(stable=True).split(1)
        yield from zip(self.batches(order), order, strict=True)

    def with_sentences(self, targets: list[list[int]], frame_targets: list[Tensor] | None) -> "RgbClips":
        """See `slr.preprocessing.batch.ClipSet`."""
        return RgbClips(self.shards.folder, self.clip_ids, self.params, targets, frame_targets)

    def batch(self, indices: Tensor, generator: torch.Generator | None = None) -> RgbBatch:
        """The clips at `indices` (B,): augmented if a generator is given, else as in evaluation."""
        return self._load([self._view(i, generator) for i in indices.tolist()])

    def batches(self, order: Iterable[Tensor], generator: torch.Generator | None = None) -> Iterator[RgbBatch]:
        """`batch` of each of these, in order; `workers` of them are prefetched while their predecessor is used."""
        workers = self.params.workers
        if not workers:
            yield from (self.batch(indices, generator) for indices in order)
            return
        with ThreadPoolExecutor(workers) as pool:
            coming: deque[Future[RgbBatch]] = deque()
            for indices in order:
                coming.append(pool.submit(self._load, [self._view(i, generator) for i in indices.tolist()]))
                if len(coming) > workers:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()

    def _view(self, clip: int, generator: torch.Generator | None) -> View:
        params, count = self.params, self.frames[clip]
        if generator is None:
            return View(clip, evenly(count, params.max_frames), params.resize, *_middle(params))
        rate, top, left, mirror, zoom = torch.rand(5, generator=generator).tolist()
        if params.rescaled_frames == "random":
            frames = drawn(count, min(published_length(count, params.rescale, rate), params.max_frames), generator)
        else:
            wanted = round(count * (1 + params.rescale * (2 * rate - 1)))
            frames = rescaled(count, min(max(1, wanted), params.max_frames))
        side = max(params.crop, round(params.resize * (1 + params.zoom * (2 * zoom - 1))))
        spare = side - params.crop
        return View(clip, frames, side, int(top * (spare + 1)), int(left * (spare + 1)), mirror < params.flip)

    def _load(self, views: Sequence[View]) -> RgbBatch:
        crop, lengths = self.params.crop, torch.tensor([len(view.frames) for view in views])
        pictures = np.zeros((len(views), int(lengths.max()), crop, crop, 3), np.float32)
        for view, into in zip(views, pictures, strict=True):
            self._decode(view, into)
        frame_targets = None if self.frame_targets is None else _padded(
            [self.frame_targets[view.clip][view.frames] for view in views])
        return RgbBatch(_channels_first(pictures), lengths, _padded([self.targets[view.clip] for view in views]),
                        tuple(self.clip_ids[view.clip] for view in views), frame_targets)

    def _decode(self, view: View, into: np.ndarray) -> None:
        """Fill (T, H, W, 3) with the images; a frame that occurs several times is decoded once."""
        crop, (distinct, where) = self.params.crop, np.unique(view.frames, return_inverse=True)
        squares = np.empty((len(distinct), crop, crop, 3), np.uint8)
        for square, image in zip(squares, self._images(view.clip, distinct, view.side), strict=True):
            square[:] = _square(image, view.side, view.top, view.left, crop)
        seen = squares[where]
        _show(seen[:, :, ::-1] if view.mirrored else seen, self.params, into[:len(view.frames)])

    def _images(self, clip: int, frames: np.ndarray, wanted: int) -> Iterator[np.ndarray]:
        """The given frames of a clip, in order, decoded no larger than needed for a side of `wanted` pixels."""
        stored = self.shards.clip(self.clip_ids[clip])
        side = min(stored["width"], stored["height"])
        shrink = max(by for by in (1, 2, 4, 8) if by == 1 or side >= by * wanted)
        keys = [(clip, frame, shrink) for frame in frames.tolist()]
        fresh: Iterator[np.ndarray] = iter(())
        if absent := [i for i, key in enumerate(keys) if key not in self._kept]:
            with self._lock:
                jpegs = self.shards.read(self.clip_ids[clip], ["jpeg"])["jpeg"]
            fresh = decode_jpegs(jpegs.take(frames[absent]), shrink)
        decoded = {keys[i] for i in absent}
        for key in keys:
            if key not in decoded:
                yield self._kept[key]
                continue
            image = next(fresh)
            with self._lock:
                if key not in self._kept and image.nbytes <= self._room:
                    self._room -= image.nbytes
                    self._kept[key] = image
            yield image


def cropped(image: np.ndarray, params: ImagesParams) -> np.ndarray:
    """(crop, crop, 3) uint8: a frame resized, and its central square."""
    return _square(image, params.resize, *_middle(params), params.crop)


def _square(image: np.ndarray, side: int, top: int, left: int, crop: int) -> np.ndarray:
    """(crop, crop, 3) uint8: the image resized to (side, side), and the square with that top-left corner."""
    import cv2

    how = cv2.INTER_AREA if side <= min(image.shape[:2]) else cv2.INTER_LINEAR
    return cv2.resize(image, (side, side), interpolation=how)[top:top + crop, left:left + crop]


def batch_of(pictures: np.ndarray, params: ImagesParams) -> RgbBatch:
    """A batch of one clip that is in no store, from images (T, H, W, 3) uint8 made by `cropped`, without glosses."""
    shown = np.empty(pictures.shape, np.float32)
    _show(pictures, params, shown)
    return RgbBatch(_channels_first(shown[None]), torch.tensor([len(pictures)]),
                    torch.empty(1, 0, dtype=torch.int64), ("",))


def _show(pictures: np.ndarray, params: ImagesParams, into: np.ndarray) -> None:
    """Fill (T, H, W, 3) with the model input for a clip's uint8 images."""
    np.divide(pictures, np.float32(127.5), out=into)
    into -= 1
    if params.background == "subtracted":
        subtract_background(into)


def subtract_background(pictures: np.ndarray) -> None:
    """Background subtraction of a clip (T, H, W, 3), in place: each pixel's difference from its temporal median.

    Scaled from -1 for no difference to 1 for the 99th percentile, regardless of sign: the same for a dark hand on a
    bright shirt as for a bright one on a dark shirt. The median over at most 64 frames, and a percentile of a 16th of
    the pixels, are as good as over all.
    """
    pictures -= _median(pictures[::-(-len(pictures) // 64)])
    np.abs(pictures, out=pictures)
    pictures *= 2 / max(np.percentile(pictures[:, ::4, ::4], 99), FAINTEST)
    pictures -= 1
    np.minimum(pictures, 1, out=pictures)


def _median(pictures: np.ndarray) -> np.ndarray:
    """`np.median` over the first axis, three times as fast: each pixel's values are made contiguous and sorted."""
    values = np.ascontiguousarray(pictures.reshape(len(pictures), -1).T)
    values.sort(axis=1)
    middle = values[:, (len(pictures) - 1) // 2:len(pictures) // 2 + 1].mean(axis=1)
    return middle.reshape(pictures.shape[1:])


def _middle(params: ImagesParams) -> tuple[int, int]:
    offset = centred(params.resize, params.crop)
    return offset, offset


def centred(size: int, crop: int) -> int:
    """Pixels before a central crop; half a pixel is rounded to an even number, as published."""
    return round((size - crop) / 2)


def _channels_first(pictures: np.ndarray) -> Tensor:
    """(B, T, H, W, 3) -> (B, 3, T, H, W)."""
    return torch.from_numpy(pictures).permute(0, 4, 1, 2, 3)


def rescaled(count: int, wanted: int) -> np.ndarray:
    """(wanted,): indices into `count` frames, evenly spaced, so that the clip has `wanted` frames."""
    return ((np.arange(wanted) + 0.5) * count / wanted).astype(int)


def published_length(count: int, rescale: float, draw: float) -> int:
    """Frames of a training clip of `count` frames, as STF-Net's authors change its speed.

    Parameters
    ----------
    count : int
    rescale : float
        Largest relative change.
    draw : float
        A random number from 0 to 1.
    """
    wanted = int(count * (1 - rescale + 2 * rescale * draw))
    return -(-min(max(wanted, SHORTEST), LONGEST) // STRIDE) * STRIDE


def drawn(count: int, wanted: int, generator: torch.Generator) -> np.ndarray:
    """(wanted,): indices into `count` frames, drawn at random, in order; none occurs twice unless more are wanted."""
    if wanted > count:
        return torch.randint(count, (wanted,), generator=generator).sort().values.numpy()
    return torch.randperm(count, generator=generator)[:wanted].sort().values.numpy()


def _padded(rows: list[Tensor]) -> Tensor:
    """(B, longest): padded with -1."""
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)
