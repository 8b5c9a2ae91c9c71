"""What training of sentences minimises: CTC and what helps it, as named terms."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.data.batches import Batch
from slr.params.families.ctc import CtcParams


class CtcCriterion(nn.Module):
    """CTC on the sequence model and on the convolutions, distillation between them, and the frames' labels.

    Parameters
    ----------
    params : CtcParams
    label_smoothing : float
        Of the frames' labels.
    """

    def __init__(self, params: CtcParams, label_smoothing: float):
        super().__init__()
        self.params, self.label_smoothing = params, label_smoothing

    def forward(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Means over the batch, of the model's outputs for it (`slr.models.pose_ctc`); each times its weight.

        A sentence that is too short for its glosses (`too_short`) counts in no CTC loss.

        Returns
        -------
        dict
            As far as they have a weight `sequence`, `convolutional`, `distillation`, `frames`.
        """
        params, lengths, terms = self.params, outputs["lengths"], {}
        sequence, convolved = outputs["sequence_logits"].float(), outputs["conv_logits"].float()
        for name, logits in (("sequence", sequence), ("convolutional", convolved)):
            if weight := getattr(params, name):
                terms[name] = weight * mean_ctc(logits.log_softmax(2), lengths, batch.targets)
        if params.distillation:
            terms["distillation"] = params.distillation * distillation(sequence, convolved, lengths, params.temperature)
        if params.frames and batch.frame_targets is not None:
            logits = outputs["frame_logits"].float()
            step = -(-batch.frame_targets.shape[1] // logits.shape[1])
            terms["frames"] = params.frames * F.cross_entropy(
                logits.flatten(0, 1), batch.frame_targets[:, ::step].flatten(), ignore_index=-1,
                label_smoothing=self.label_smoothing)
        return terms

    def report(self) -> dict[str, float]:
        """Nothing to tell for the history."""
        return {}


def too_short(lengths: Tensor, targets: Tensor) -> Tensor:
    """(B,) bool: sentences with fewer moments than their glosses and repeats need, whose CTC loss is infinite.

    Parameters
    ----------
    lengths : Tensor (B,) int64
        Moments, after pooling.
    targets : Tensor (B, glosses) int64
        Padded with -1.
    """
    repeats = (targets[:, 1:] == targets[:, :-1]) & (targets[:, 1:] != -1)
    return lengths < (targets != -1).sum(1) + repeats.sum(1)


def losses_of(log_probabilities: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
    """(B,) CTC loss of each sentence a gloss; infinite where it is too short.

    Parameters
    ----------
    log_probabilities : Tensor (B, T, classes)
        Class 0 is the blank.
    lengths : Tensor (B,) int64
    targets : Tensor (B, glosses) int64
        Padded with -1.
    """
    counts = (targets != -1).sum(1)
    losses = F.ctc_loss(log_probabilities.transpose(0, 1), targets.clamp_min(0), lengths, counts, reduction="none")
    return losses / counts.clamp_min(1)


def mean_ctc(log_probabilities: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
    """Mean of `losses_of` over the sentences that aren't too short; zero if all are."""
    fits = ~too_short(lengths, targets)
    if not fits.any():
        return log_probabilities.sum() * 0
    return losses_of(log_probabilities[fits], lengths[fits], targets[fits]).mean()


def distillation(teacher: Tensor, student: Tensor, lengths: Tensor, temperature: float) -> Tensor:
    """How far the student's glosses are from the teacher's, at a temperature, the blank left out.

    Kullback-Leibler divergence, the mean over the clips' own moments, times the temperature squared (Hinton et al.,
    2015); the teacher learns nothing from it.

    Parameters
    ----------
    teacher, student : Tensor (B, T, classes)
        Logits.
    lengths : Tensor (B,) int64
    """
    own = torch.arange(teacher.shape[1], device=lengths.device) < lengths[:, None]
    wanted = (teacher.detach()[own][:, 1:] / temperature).log_softmax(1)
    said = (student[own][:, 1:] / temperature).log_softmax(1)
    return F.kl_div(said, wanted, reduction="batchmean", log_target=True) * temperature**2
