"""Outputs of a model for many clips, batch by batch, in evaluation mode; the model's mode is restored."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from slr.preprocessing.batch import AnyBatch, Batch, ClipSet
from slr.preprocessing.clips import Clips
from slr.preprocessing.normalise import Normalise


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode; the previous mode is restored afterwards."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


@torch.inference_mode()
def outputs(model: nn.Module, clips: Clips, normalise: Normalise,
            names: Sequence[str] = ("logits", "features")) -> dict[str, Tensor]:
    """Outputs for all clips, in evaluation mode and full precision; float32 on the CPU.

    Returns
    -------
    dict
        Those of these names: `logits` (clips, classes), `features` (clips, D), `signer` (clips, S).
    """
    device = next(model.parameters()).device
    order, found = [], []
    with evaluating(model):
        for batch, indices in clips.evaluation_batches():
            found.append(model(normalise(batch).to(device)))
            order.append(indices)
    back = torch.cat(order).argsort()
    return {name: torch.cat([answer[name].float().cpu() for answer in found])[back] for name in names}


def sentence_log_probabilities(model: nn.Module, clips: ClipSet, normalise: Normalise) -> list[Tensor]:
    """Log-probabilities (T', classes) of every sentence; class 0 is the blank."""
    found: list[Tensor] = [torch.empty(0)] * len(clips)
    for clip, answer in sentence_outputs(model, clips, normalise):
        found[clip] = answer["sequence_logits"].log_softmax(1)
    return found


def sentence_outputs(model: nn.Module, clips: ClipSet,
                     normalise: Normalise) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """Outputs for every sentence (`forward_sentences`), with the sentence's index; shortest first."""
    for batch, indices in clips.evaluation_batches():
        normalised = normalise(cast(Batch, batch))  # RGB images aren't normalised and are returned unchanged
        yield from zip(indices.tolist(), forward_sentences(model, normalised), strict=True)


@torch.inference_mode()
def forward_sentences(model: nn.Module, batch: AnyBatch) -> list[dict[str, Tensor]]:
    """`sequence_logits` (T', classes) and `features` (T', D) of every sentence of a batch; float32 on the CPU."""
    with evaluating(model):
        found = model(batch.to(next(model.parameters()).device))
    return [{name: found[name][i, :length].float().cpu() for name in ("sequence_logits", "features")}
            for i, length in enumerate(found["lengths"].tolist())]
