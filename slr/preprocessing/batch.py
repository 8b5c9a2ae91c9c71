"""Batches of clips: the input of a model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

import torch
from torch import Tensor

if TYPE_CHECKING:
    from slr.preprocessing.clips import Clips


class AnyBatch(Protocol):
    """A padded batch of clips, of landmarks or RGB frames."""

    @property
    def lengths(self) -> Tensor: ...

    @property
    def targets(self) -> Tensor: ...

    @property
    def clip_ids(self) -> tuple[str, ...]: ...

    @property
    def frame_targets(self) -> Tensor | None: ...

    def __len__(self) -> int: ...

    def to(self, device: str | torch.device) -> Self: ...


class ClipSet(Protocol):
    """A set of clips; landmarks are `slr.preprocessing.clips.Clips`, RGB frames `slr.preprocessing.rgb.RgbClips`.

    Attributes
    ----------
    clip_ids : tuple of str, one per clip
    lengths : Tensor (clips,) int64
        Frames of each clip.
    targets : Tensor (clips,) or (clips, glosses) int64, or a list of Tensors
    """

    @property
    def clip_ids(self) -> tuple[str, ...]: ...

    @property
    def lengths(self) -> Tensor: ...

    @property
    def targets(self) -> Tensor | list[Tensor]: ...

    def __len__(self) -> int: ...

    def batches(self, order: Iterable[Tensor]) -> Iterator[AnyBatch]:
        """Batches of the clips at each of these indices (B,), without augmentation."""

    def evaluation_batches(self) -> Iterator[tuple[AnyBatch, Tensor]]:
        """All clips once, shortest first; each batch with its clip indices (B,)."""

    def with_sentences(self, targets: list[list[int]], frame_targets: list[Tensor] | None) -> Self:
        """The same clips with the classes of their glosses and, if known, of their frames."""


@dataclass(frozen=True)
class Batch:
    """A padded batch of landmark clips.

    Attributes
    ----------
    landmarks : Tensor (B, T, J, C) float32
        Zero where missing or padded.
    mask : Tensor (B, T, J) bool
        True where a joint was found; False everywhere in padding.
    lengths : Tensor (B,) int64
        Frames of each clip before padding.
    targets : Tensor (B,) int64
        Class of each clip; -1 if unknown. For sentences (B, glosses): the classes in order, padded with -1.
    signers : Tensor (B,) int64
        Label of each clip's signer or pseudo-signer; -1 if unknown or not needed.
    clip_ids : tuple of str
    mixed_targets, mixed_share : Tensor (B,), optional
        After mixup: the class of the clip that each was mixed with, and its weight (0 to 1).
    frame_targets : Tensor (B, T) int64, optional
        Class of each frame, if the corpus has frame labels; -1 in padding.
    """

    landmarks: Tensor
    mask: Tensor
    lengths: Tensor
    targets: Tensor
    signers: Tensor
    clip_ids: tuple[str, ...]
    mixed_targets: Tensor | None = None
    mixed_share: Tensor | None = None
    frame_targets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def frames(self) -> Tensor:
        """Padding mask (B, T) bool: True for a clip's own frames, False for padding."""
        return frame_mask(self.lengths, self.landmarks.shape[1])

    def with_landmarks(self, landmarks: Tensor, mask: Tensor | None = None) -> "Batch":
        """The same clips with other coordinates, zeroed where `mask` (default: the current one) is False."""
        mask = self.mask if mask is None else mask
        return replace(self, landmarks=landmarks.masked_fill(~mask[..., None], 0), mask=mask)

    def to(self, device: str | torch.device) -> "Batch":
        moved: dict[str, Any] = {name: value.to(device) for name, value in vars(self).items()
                                 if isinstance(value, Tensor)}
        return replace(self, **moved)


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """Padding mask (B, `frames`) bool for clips of these lengths (B,): False for padding."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


def similar_lengths(clips: ClipSet, batch_size: int, generator: torch.Generator,
                    pool: int = 8) -> list[Tensor]:
    """Clip indices of random batches, each of clips of similar length; every clip occurs once.

    Clips are shuffled, divided into pools of `pool` batches, and sorted by length within a pool: batches differ from
    epoch to epoch and contain little padding.
    """
    order = torch.randperm(len(clips), generator=generator)
    if batch_size > 1:
        pools = order.split(pool * batch_size)
        order = torch.cat([members[clips.lengths[members].argsort(stable=True)] for members in pools])
    return _shuffled(order.split(batch_size), generator)


def by_sign(clips: "Clips", batch_size: int, clips_per_sign: int, signers_per_sign: int,
            generator: torch.Generator) -> list[Tensor]:
    """Clip indices of batches with several clips of each of their signs; every clip occurs once.

    A sign's clips are divided into groups of `clips_per_sign`, the last of which may be smaller, and a batch has as few
    groups of the same sign as possible.

    Parameters
    ----------
    batch_size : int
        A multiple of `clips_per_sign`.
    signers_per_sign : int
        Number of different signers in a group, as balanced as possible; with fewer, signers with most remaining clips
        come first. 0 for no constraint.
    """
    rounds: dict[int, list[Tensor]] = {}
    for target in clips.targets.unique().tolist():
        members = (clips.targets == target).nonzero()[:, 0]
        members = members[torch.randperm(len(members), generator=generator)]
        if signers_per_sign:
            members = _several_signers(members, clips.signers[members], clips_per_sign, signers_per_sign)
        for i, group in enumerate(members.split(clips_per_sign)):
            # Whole groups first: remainders would make later groups straddle two batches.
            rounds.setdefault(i if len(group) == clips_per_sign else len(clips), []).append(group)
    groups = [group for i in sorted(rounds) for group in _shuffled(rounds[i], generator)]
    return _shuffled(torch.cat(groups).split(batch_size), generator)


def with_triplets(anchors: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
    """A batch of random triplets, for each clip one.

    Parameters
    ----------
    anchors : Tensor (B,) int64
        Clip indices.
    targets : Tensor (clips,) int64
        Class of every clip.

    Returns
    -------
    Tensor (3 B,) int64
        The anchors, then another clip of the class of each, then one of another class. A clip that is the only one of
        its class, or whose class is the only one, stands for itself.
    """
    same = targets[anchors, None] == targets  # (B, clips)
    itself = torch.zeros_like(same).scatter(1, anchors[:, None], True)
    chosen = []
    for others in (same & ~itself, ~same):
        allowed = torch.where(others.any(1, keepdim=True), others, itself)
        chosen.append(torch.multinomial(allowed.float(), 1, generator=generator)[:, 0])
    return torch.cat([anchors, *chosen])


def _several_signers(members: Tensor, signers: Tensor, size: int, wanted: int) -> Tensor:
    """The clips reordered so that every `size` consecutive ones are by `wanted` signers, in otherwise random order."""
    left = {signer: members[signers == signer].tolist() for signer in dict.fromkeys(signers.tolist())}
    order: list[int] = []
    while left:
        chosen = sorted(left, key=lambda signer: -len(left[signer]))[:wanted]
        for _ in range(size):
            if not chosen:  # too few clips for a group
                chosen = sorted(left, key=lambda signer: -len(left[signer]))[:wanted]
            if not chosen:
                break
            signer = chosen.pop(0)
            order.append(left[signer].pop())
            if left[signer]:
                chosen.append(signer)
            else:
                del left[signer]
    return torch.tensor(order)


def _shuffled(items: Sequence[Tensor], generator: torch.Generator) -> list[Tensor]:
    return [items[i] for i in torch.randperm(len(items), generator=generator).tolist()]
