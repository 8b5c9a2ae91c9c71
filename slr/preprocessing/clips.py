"""Landmark clips in memory: the joints that a model needs, with targets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.skeleton import Skeleton
from slr.errors import ParamsError
from slr.preprocessing.batch import Batch, frame_mask
from slr.preprocessing.resample import resample


@dataclass(frozen=True)
class Clips:
    """Clips concatenated in flat arrays.

    Attributes
    ----------
    clip_ids : tuple of str, one per clip
    landmarks : Tensor (frames of all clips, J, C) float32
        For an image skeleton around the frame's centre, in its heights (`isotropic`) or as `ModelParams.units` says;
        zero where missing.
    mask : Tensor (frames of all clips, J) bool
        True where found.
    offsets, lengths : Tensor (clips,) int64
        First frame and number of frames of each clip.
    targets : Tensor (clips,) int64
        Class of each clip; -1 if unknown. For sentences (clips, glosses): the classes in order, padded with -1.
    signers : Tensor (clips,) int64
        Label of each clip's signer or pseudo-signer; -1 if unknown or not needed.
    frame_targets : Tensor (frames of all clips,) int64, optional
        Class of each frame, if known.
    """

    clip_ids: tuple[str, ...]
    landmarks: Tensor
    mask: Tensor
    offsets: Tensor
    lengths: Tensor
    targets: Tensor
    signers: Tensor
    frame_targets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    def pick(self, indices: Tensor) -> "Clips":
        """The clips at `indices` (N,), in that order, without copying landmarks."""
        return replace(self, clip_ids=tuple(self.clip_ids[i] for i in indices.tolist()), **{
            name: getattr(self, name)[indices] for name in ("offsets", "lengths", "targets", "signers")})

    def batch(self, indices: Tensor) -> Batch:
        """The clips at `indices` (B,)."""
        starts, lengths = self.offsets[indices], self.lengths[indices]
        frames = starts[:, None] + torch.minimum(torch.arange(int(lengths.max())), lengths[:, None] - 1)
        return self.gather(indices, frames, lengths, self.targets[indices])

    def gather(self, indices: Tensor, frames: Tensor, lengths: Tensor, targets: Tensor) -> Batch:
        """A batch of arbitrary frames, with the ids of the clips at `indices` (B,).

        Parameters
        ----------
        frames : Tensor (B, T) int64
            Rows of the flat arrays; arbitrary beyond a clip's length.
        lengths : Tensor (B,) int64
        targets : Tensor (B,) or (B, glosses) int64
        """
        inside = frame_mask(lengths, frames.shape[1])
        mask = self.mask[frames] & inside[..., None]
        landmarks = self.landmarks[frames].masked_fill(~mask[..., None], 0)
        labels = None if self.frame_targets is None else self.frame_targets[frames].masked_fill(~inside, -1)
        return Batch(landmarks, mask, lengths, targets, self.signers[indices],
                     tuple(self.clip_ids[i] for i in indices.tolist()), frame_targets=labels)

    def batches(self, order: Iterable[Tensor]) -> Iterator[Batch]:
        """See `slr.preprocessing.batch.ClipSet`."""
        return map(self.batch, order)

    def evaluation_batches(self, batch_size: int = 64) -> Iterator[tuple[Batch, Tensor]]:
        """See `slr.preprocessing.batch.ClipSet`."""
        for indices in self.lengths.argsort(stable=True).split(batch_size):
            yield self.batch(indices), indices

    def with_sentences(self, targets: list[list[int]], frame_targets: list[Tensor] | None) -> "Clips":
        """See `slr.preprocessing.batch.ClipSet`."""
        return replace(self, targets=padded(targets),
                       frame_targets=None if frame_targets is None else torch.cat(frame_targets))


def padded(targets: list[list[int]]) -> Tensor:
    """(clips, most glosses) int64, padded with -1."""
    if not targets:
        return torch.empty(0, 0, dtype=torch.int64)
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(glosses, dtype=torch.int64) for glosses in targets],
                                           batch_first=True, padding_value=-1)


def load_clips(store: LandmarkStore, clip_ids: Sequence[str], target: Skeleton, classes: Sequence[int] | None = None,
               channels: int = 2, signers: Sequence[int] | None = None, frames: int | None = None,
               fractions: bool = False) -> Clips:
    """Read clips from a landmark store, converted to another skeleton.

    For a trained model's input use `slr.inference.model.TrainedModel.clips`.

    Parameters
    ----------
    store : LandmarkStore
    clip_ids : sequence of str
    target : Skeleton
        Target joints, selected or derived from the store's.
    classes : sequence of int, optional
        Class of each clip.
    channels : int, default 2
        Number of channels: the first of x, y, z, visibility.
    signers : sequence of int, optional
        Signer label of each clip.
    frames : int, optional
        Resample every clip to this many frames.
    fractions : bool, default False
        Leave x in frame widths and y in frame heights, rather than both in heights.

    Raises
    ------
    ParamsError
        If a joint of `target` isn't derivable from the store's skeleton, or the store has fewer channels.
    """
    clip_ids = tuple(clip_ids)
    stored = store.metadata["channels"]
    if channels > len(stored):
        raise ParamsError(f"a model wants {channels} channels and the landmarks have {len(stored)} "
                          f"({', '.join(stored)}); lower models.<name>.channels, or set augment.yaw_degrees: 0")
    selector = store.skeleton.selector(target)
    parts = [part for part, where in store.skeleton.part_slices.items() if selector[:, where].any()]
    coordinates, offsets = store.load(clip_ids, parts=parts)
    columns = np.concatenate([np.arange(len(store.skeleton))[store.skeleton.part_slices[part]] for part in parts])
    sizes = frame_sizes(store.sizes(clip_ids), store.skeleton, fractions)
    return arrange(clip_ids, coordinates, np.diff(offsets), selector[:, columns], sizes, classes, channels, signers,
                   frames)


def frame_sizes(sizes: np.ndarray, source: Skeleton, fractions: bool) -> np.ndarray | None:
    """(clips, 2) frame sizes for `arrange`: squares if coordinates stay `fractions`, None if they are metric."""
    if source.space != "image":
        return None
    return np.ones_like(sizes) if fractions else sizes


def arrange(clip_ids: tuple[str, ...], coordinates: np.ndarray, lengths: np.ndarray, selector: np.ndarray,
            sizes: np.ndarray | None, classes: Sequence[int] | None = None, channels: int = 2,
            signers: Sequence[int] | None = None, frames: int | None = None) -> Clips:
    """Construct `Clips` from plain arrays.

    Parameters
    ----------
    coordinates : array (frames of all clips, J_source, 4)
        NaN where missing.
    lengths : array (clips,)
    selector : array (J, J_source)
        See `Skeleton.selector`.
    sizes : array (clips, 2) or None
        Frame width and height of each clip; None for metric coordinates, which have no frame.
    frames : int, optional
        Resample every clip to this many frames.
    """
    picked = pick_joints(coordinates[..., :channels], selector)
    found = ~np.isnan(picked).any(-1)
    picked[~found] = 0
    if sizes is not None:
        picked = isotropic(picked, np.repeat(sizes, lengths, axis=0))
        picked[~found] = 0
    landmarks, mask, steps = torch.from_numpy(picked), torch.from_numpy(found), torch.tensor(lengths).long()
    if frames is not None:
        landmarks, mask = resample(landmarks, mask, steps, frames)
        steps = torch.full_like(steps, frames)
    targets, of_signer = (torch.full((len(clip_ids),), -1) if numbers is None else torch.tensor(list(numbers))
                          for numbers in (classes, signers))
    return Clips(clip_ids, landmarks, mask, steps.cumsum(0) - steps, steps, targets.long(), of_signer.long())


def pick_joints(coordinates: np.ndarray, selector: np.ndarray) -> np.ndarray:
    """(N, J_source, C) -> (N, J, C): joints selected or averaged; NaN if one of a joint's sources is NaN."""
    picked = coordinates[:, selector.argmax(1)].astype(np.float32)
    for row in np.flatnonzero((selector > 0).sum(1) > 1):
        picked[:, row] = coordinates[:, selector[row] > 0].mean(1)
    return picked


def isotropic(coordinates: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Correct the aspect ratio: fractions of width and height -> units of the frame height around the centre.

    Rotations and distances are then the same in both directions.

    Parameters
    ----------
    coordinates : array (N, J, C)
        x and y in fractions of the frame; z (if any) in fractions of its width, as in MediaPipe.
    sizes : array (N, 2)
        Width and height in pixels.
    """
    aspect = (sizes[:, 0] / sizes[:, 1]).astype(np.float32)[:, None]
    result = coordinates.copy()
    result[..., 0] = (coordinates[..., 0] - 0.5) * aspect
    result[..., 1] = coordinates[..., 1] - 0.5
    if coordinates.shape[-1] > 2:
        result[..., 2] = coordinates[..., 2] * aspect
    return result


def cut(streams: Clips, windows: Sequence[tuple[int, int, int]], frames: int) -> Clips:
    """Windows of streams as clips that share the streams' landmarks; each has the id of its stream.

    Parameters
    ----------
    windows : sequence of (int, int, int)
        Index of the stream, first frame in it, class.
    frames : int
        Window length; shorter at the end of a stream.
    """
    stream, start, classes = torch.tensor(windows, dtype=torch.int64).reshape(-1, 3).unbind(1)
    return replace(streams, clip_ids=tuple(streams.clip_ids[i] for i in stream.tolist()), targets=classes,
                   offsets=streams.offsets[stream] + start, signers=streams.signers[stream],
                   lengths=(streams.lengths[stream] - start).clamp_max(frames))
