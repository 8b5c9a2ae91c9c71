"""The criterion of sentence models: CTC on each of a model's logits, and distillation between them.

The supervision is the order of a clip's glosses, not their times (Graves et al., "Connectionist Temporal
Classification", ICML 2006). A clip that is too short for its glosses has no valid path: its loss is infinite. It is
left out of the means, so that no loss is ever infinite or NaN; `too_short` finds such clips before training.
"""

from collections.abc import Sequence
from typing import TypedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.decoding import BLANK
from slr.params.families.ctc import CtcParams
from slr.preprocessing.batch import AnyBatch, frame_mask
from slr.preprocessing.sentences import target_lengths, too_short


def ctc(logits: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
    """Mean negative log-likelihood, in nats per clip, of the clips that are long enough; zero if there are none.

    Parameters
    ----------
    logits : Tensor (B, T, classes)
        The blank is class 0.
    lengths : Tensor (B,)
    targets : Tensor (B, L) int64
        -1 behind the glosses.
    """
    glosses = target_lengths(targets)
    long_enough = ~too_short(lengths, targets, glosses)
    if not long_enough.any():
        return logits.float().sum() * 0
    logits, lengths, targets, glosses = (
        values[long_enough] for values in (logits, lengths, targets, glosses))
    targets = F.pad(targets, (0, 1), value=-1).clamp_min(BLANK)  # torch requires a column, even without any gloss
    log_probabilities = logits.float().log_softmax(2).transpose(0, 1)  # (T, B, classes)
    return F.ctc_loss(log_probabilities, targets, lengths, glosses, BLANK, reduction="none").mean()


def distillation(student: Tensor, teacher: Tensor, lengths: Tensor, temperature: float) -> Tensor:
    """Distillation between two heads: KL divergence times squared temperature, mean over the clips' frames.

    The blank, which dominates most frames, is left out. No gradient flows into the teacher. Hinton et al., "Distilling
    the Knowledge in a Neural Network", 2015; as in VAC (Min et al., ICCV 2021).

    Parameters
    ----------
    student, teacher : Tensor (B, T, classes)
        Logits.
    lengths : Tensor (B,)
    temperature : float
    """
    own = frame_mask(lengths, student.shape[1])
    student, teacher = (logits[own][:, BLANK + 1:].float() / temperature for logits in (student, teacher.detach()))
    divergence = F.kl_div(student.log_softmax(1), teacher.log_softmax(1), reduction="batchmean", log_target=True)
    return divergence * temperature ** 2


class SentenceOutputs(TypedDict, total=False):
    """Outputs of sentence models used by the losses: see `CtcCriterion.forward`."""

    sequence_logits: Tensor
    conv_logits: Tensor
    frame_logits: Tensor
    alignment_logits: Sequence[Tensor]
    lift_losses: Tensor
    lengths: Tensor


class CtcCriterion(nn.Module):
    """The weighted loss terms of continuous recognition, for the outputs that a model has.

    The loop sums the terms; they are named, so that one that isn't finite can be reported.

    Parameters
    ----------
    params : CtcParams
    label_smoothing : float
        Label smoothing of the frame labels.
    """

    def __init__(self, params: CtcParams, label_smoothing: float = 0):
        super().__init__()
        self.params, self.label_smoothing = params, label_smoothing
        self.left_out = 0

    def forward(self, outputs: SentenceOutputs, batch: AnyBatch) -> dict[str, Tensor]:
        """Loss terms of a model's outputs for a batch.

        Parameters
        ----------
        outputs : dict
            `sequence_logits` (B, T, classes) and `lengths` (B,); and if the model has them `conv_logits` and
            `frame_logits` of the same shape, `alignment_logits`, a list of such, and `lift_losses` (2,).
        batch : RgbBatch or Batch
            With `targets` (B, L), -1 behind the glosses.

        Returns
        -------
        dict
            Of the terms with a weight: `sequence_ctc`, `conv_ctc`, `distillation`, `alignment_ctc` (of all heads),
            `lift`, `frames`.
        """
        weights, lengths, targets = self.params, outputs["lengths"], batch.targets
        self.left_out += int(too_short(lengths, targets, target_lengths(targets)).sum())
        terms = {}
        if weights.sequence:
            terms["sequence_ctc"] = weights.sequence * ctc(outputs["sequence_logits"], lengths, targets)
        if "conv_logits" in outputs and weights.convolutional:
            terms["conv_ctc"] = weights.convolutional * ctc(outputs["conv_logits"], lengths, targets)
        if "conv_logits" in outputs and weights.distillation:
            student = outputs["conv_logits"]
            steps = lengths if weights.distillation_over == "clips" else torch.full_like(lengths, student.shape[1])
            terms["distillation"] = weights.distillation * distillation(
                student, outputs["sequence_logits"], steps, weights.temperature)
        if outputs.get("alignment_logits") and weights.alignment:
            terms["alignment_ctc"] = weights.alignment * torch.stack(
                [ctc(logits, lengths, targets) for logits in outputs["alignment_logits"]]).sum()
        if "lift_losses" in outputs and weights.lift:
            terms["lift"] = weights.lift * outputs["lift_losses"].sum()
        if "frame_logits" in outputs and weights.frames and batch.frame_targets is not None:
            terms["frames"] = weights.frames * self._frames(outputs["frame_logits"].float(), batch.frame_targets)
        return terms

    def _frames(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of logits (B, T', classes) for the frame labels (B, T) at the output frames."""
        step = -(-targets.shape[1] // logits.shape[1])
        return F.cross_entropy(logits.flatten(0, 1), targets[:, ::step].flatten(), ignore_index=-1,
                               label_smoothing=self.label_smoothing)

    def report(self) -> dict[str, float | None]:
        """For the history: `too_short`, the number of clips left out since the last report."""
        left_out, self.left_out = self.left_out, 0
        return {"too_short": left_out}
