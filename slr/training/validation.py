"""How good a model is on the validation clips, by what it answers."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.data.clips import Clips
from slr.data.images import RgbClips
from slr.data.normalise import Normalise
from slr.losses.ctc import ctc, target_lengths, too_short
from slr.metrics.detection import best_threshold, class_metrics
from slr.metrics.wer import align_glosses, count
from slr.models.outputs import outputs, sentence_log_probabilities
from slr.params.families.training import Task
from slr.training.scores import SCORES


def validate(task: Task, model: nn.Module, clips: Clips | RgbClips, normalise: Normalise) -> dict[str, float | None]:
    """`val_loss`, and the score of the task (`SCORES`); None without clips."""
    loss = value = None
    if len(clips) and task == "continuous":
        loss, value = _sentences(model, clips, normalise)
    elif len(clips):
        logits = outputs(model, clips, normalise)["logits"]
        loss = F.cross_entropy(logits, clips.targets).item()
        value = (logits.argmax(1) == clips.targets).float().mean().item() if task == "isolated" else class_metrics(
            logits.softmax(1).numpy(), clips.targets.numpy())["macro_pr_auc"]
    return {"val_loss": loss, SCORES[task].column: value}


def threshold(model: nn.Module, clips: Clips, normalise: Normalise, positive: int) -> float:
    """The probability of the class `positive` from which windows are best said to have it (F1); 0.5 without clips."""
    if not len(clips) or not (clips.targets == positive).any():
        return 0.5
    found = outputs(model, clips, normalise)["logits"].softmax(1)[:, positive]
    return best_threshold((clips.targets == positive).numpy(), found.numpy())


def _sentences(model: nn.Module, clips: Clips | RgbClips, normalise: Normalise) -> tuple[float | None, float]:
    """The mean CTC loss of sentences whose glosses are all known and not too many; WER of greedy decoding."""
    found = sentence_log_probabilities(model, clips, normalise)
    edits = glosses = 0
    losses: list[Tensor] = []
    for told, targets in zip(found, clips.targets, strict=True):
        targets = targets[targets != -1]
        best = told.argmax(1).unique_consecutive()
        counts = count(align_glosses(targets.tolist(), best[best > 0].tolist()))
        edits, glosses = edits + counts.errors, glosses + counts.glosses
        moments, targets = torch.tensor([len(told)]), targets[None]
        if (targets > 0).all() and not too_short(moments, targets, target_lengths(targets)):
            losses.append(ctc(told[None], moments, targets))
    return torch.stack(losses).mean().item() if losses else None, edits / glosses
