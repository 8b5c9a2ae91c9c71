"""STF-Net: continuous recognition from RGB frames, based on CorrNet and VAC.

A ResNet encodes each frame; after its stages 2, 3 and 4 a fusion block adds motion features (`fusion`). Temporal layers
downsample these to a few vectors per second, followed by a BiLSTM (`temporal`). CTC supervises all levels: the BiLSTM's
outputs, its inputs, and, by auxiliary heads (`alignment`), each of these stages.

Padding is avoided where it costs most: up to the temporal layers, a batch is one sequence of the clips' own frames
(`packing`). The first and last frame of a clip are repeated for the temporal layers after the backbone, not before it
as published: the features of a repeated frame are the same and need not be computed up to 15 times.

This is the repaired network; the authors' is in `published`, and `forms` chooses between them.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from slr.dataset.skeleton import Skeleton
from slr.models.recurrent import Bidirectional
from slr.models.stfnet.alignment import Alignment
from slr.models.stfnet.backbone import ResNet
from slr.models.stfnet.checkpointing import batch_norms, checkpointed
from slr.models.stfnet.fusion import Fusion
from slr.models.stfnet.packing import pack
from slr.models.stfnet.temporal import Classifier, TemporalLayers
from slr.params.families.stfnet import StfnetParams
from slr.preprocessing.rgb import RgbBatch

__all__ = ["Stfnet"]


class Stfnet(nn.Module):
    """RGB frames of sentences -> gloss logits over time.

    Parameters
    ----------
    params : StfnetParams
    skeleton : Skeleton or None
        Part of the interface of all networks; None for RGB frames.
    classes : int
        Number of glosses; the logits have one class more, the blank, which is class 0.
    """

    FRAMES_AT_ONCE = 32
    """Frames per backbone call in evaluation, where they don't share batch-norm statistics."""
    repeats = 0
    """Frames that the backbone reads before a clip's first one."""

    def __init__(self, params: StfnetParams, skeleton: Skeleton | None, classes: int):
        super().__init__()
        self.checkpointing = params.checkpointing
        self.backbone = ResNet(params.backbone)
        self.width = params.hidden
        levels = self._build_levels(params)
        self.lstm = Bidirectional("lstm", self.width, self.width // 2, params.lstm_layers, params.lstm_dropout)
        heads = 1 if params.share_classifier else 2 + levels
        self.classifiers = nn.ModuleList(Classifier(self.width, classes + 1, params.normalise_classifier)
                                         for _ in range(heads))
        self.classify_frames = Classifier(self.width, classes + 1, False) if params.ctc.frames else None

    def _build_levels(self, params: StfnetParams) -> int:
        """Make the modules between the backbone's stages and the BiLSTM; the number of alignment heads."""
        widths = self.backbone.widths
        self.fusions = nn.ModuleList(Fusion(width) for width in widths[1:])
        self.alignments = nn.ModuleList(
            Alignment(width, widths[-1], widths[-1] // reduction, params.alignment_attention)
            for width, reduction in zip(widths[1:], (4, 8, 16), strict=True) if params.alignment)
        self.temporal = TemporalLayers(widths[-1], self.width, params.temporal, params.pooling,
                                       sources=1 + len(self.alignments))
        return len(self.alignments)

    def forward(self, batch: RgbBatch) -> dict[str, Tensor | list[Tensor]]:
        """Logits and features of a batch of clips; padding has no influence.

        Returns
        -------
        dict
            `sequence_logits`, `conv_logits` (B, T', classes): after the BiLSTM, and before it. `alignment_logits`: list
            of three such, of the stages 2, 3 and 4, or empty. `lengths` (B,) of T': the clips' frames over the temporal
            layers' stride, rounded up. `lift_losses` (2,): the lift pooling's regularisers (predictor, updater), means
            over the clips; zero for max pooling. `features` (B, T', width), from which `sequence_logits` are computed.
            If their loss has a weight `frame_logits`, as `sequence_logits`: frame classification of each output frame.
        """
        frames, lengths = self.frames_of(batch)
        return self.head(self._read(frames, lengths), lengths)

    def frames_of(self, batch: RgbBatch) -> tuple[Tensor, Tensor]:
        """What the backbone reads of a batch: packed frames (N, 3, H, W), and lengths (B,) for the other methods."""
        return pack(batch.images.transpose(1, 2), batch.lengths), batch.lengths

    def load_pretrained(self, state: dict[str, Tensor]) -> None:
        """Load ImageNet weights of the backbone."""
        self.backbone.load_pretrained(state)

    def _read(self, frames: Tensor, lengths: Tensor) -> list[Tensor]:
        """(N, 3, H, W) packed -> (N, D), and the outputs of each alignment head."""
        return self.pool(*self.encode_frames(frames, lengths), lengths)

    def encode_frames(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Features of packed frames (N, 3, H, W) up to the last residual block.

        Returns
        -------
        Tensor (N, C, h, w), that block's output for each frame, and vectors (N, D) of the alignment heads before it.
        """
        heads: list[Tensor] = []
        x = self._frame_by_frame(self.backbone.stem, frames)
        for i, stage in enumerate(self.backbone.stages):
            if i > 1:
                x, heads = self._fused(i - 2, x, heads, lengths)
            x = self._frame_by_frame(stage, x)
        return x, heads

    def pool(self, seen: Tensor, heads: list[Tensor], lengths: Tensor) -> list[Tensor]:
        """Outputs of `encode_frames` -> (N, D), and the outputs of each alignment head."""
        seen, heads = self._fused(-1, seen, heads, lengths)
        return [seen.mean((2, 3)), *heads]

    def head(self, vectors: list[Tensor], lengths: Tensor) -> dict[str, Tensor | list[Tensor]]:
        """The outputs of `forward`, from those of `pool`."""
        row, *heads = vectors
        aligned = self._aligned(heads, lengths)
        x, lengths, lift = self.temporal(row, lengths)
        features = self.lstm(x, lengths)
        classify = [*self.classifiers] * (1 if len(self.classifiers) > 1 else 2 + len(aligned))
        of_frames = {} if self.classify_frames is None else {"frame_logits": self.classify_frames(features).float()}
        return of_frames | {
            "sequence_logits": classify[0](features).float(), "conv_logits": classify[1](x).float(),
            "alignment_logits": [head(each).float() for head, each in zip(classify[2:], aligned, strict=True)],
            "lengths": lengths, "lift_losses": lift.mean(0), "features": features.float(),
        }

    def _aligned(self, heads: list[Tensor], lengths: Tensor) -> list[Tensor]:
        """The temporal layers' output (B, T', width) for the vectors of each alignment head."""
        return [self.temporal(head, lengths, source)[0] for source, head in enumerate(heads, 1)]

    def _fused(self, i: int, x: Tensor, heads: list[Tensor], lengths: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(N, C, h, w) with motion added by the fusion block `i`, and the heads' outputs with that stage's, if any."""
        x = self._segment(self.fusions[i], x, lengths.tolist())
        return x, [*heads, self._segment(self.alignments[i], x, lengths)] if self.alignments else heads

    def _frame_by_frame(self, stage: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The stem or a stage, in chunks if frames are independent: unless batch norms are in training mode."""
        if not self.training:
            return torch.cat([stage(part) for part in x.split(self.FRAMES_AT_ONCE)])
        for segment in stage if isinstance(stage, nn.Sequential) else [stage]:
            x = self._segment(segment, x)
        return x

    def _segment(self, segment: Callable[..., Tensor], *inputs: Any) -> Tensor:
        """A segment of the network, with gradient checkpointing if `checkpointing` is set."""
        if self.checkpointing and self.training and torch.is_grad_enabled():
            return checkpointed(segment, *inputs, norms=batch_norms(self))
        return segment(*inputs)
