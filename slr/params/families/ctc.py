"""Settings of continuous recognition: losses and decoding."""

from typing import Annotated, Literal

from pydantic import Field

from slr.params.families.training import Weight
from slr.params.section import Positive, Section


class CtcParams(Section):
    """Weights of the terms of `slr.losses.ctc`; 0 disables a term. The defaults are STF-Net's."""

    sequence: Weight = 1
    """CTC on the logits of the sequence model, which are the ones decoded."""
    convolutional: Weight = 1
    """CTC on the logits before the sequence model, which makes the frame features discriminate glosses."""
    distillation: Weight = 25
    """Distillation from the sequence model's logits to those before it; no gradient flows into the teacher."""
    distillation_over: Literal["clips", "batch"] = "clips"
    """Output frames that distillation is the mean over: the clips' own, or all of a batch, padding included, as
    published."""
    temperature: Annotated[float, Field(gt=0)] = 8
    """Distillation temperature: the higher, the more weight improbable glosses get."""
    alignment: Weight = 1
    """CTC on each auxiliary head of the earlier stages, if the model has them."""
    lift: Weight = 0.0005
    """Weight of each of the two regularisers of lift pooling, if the model uses it."""
    frames: Weight = 0
    """Frame-level cross-entropy, if the model has frame logits and the corpus has frame labels."""


class DecodingParams(Section):
    """Beam search of a model's sentences (`slr.decoding.beam`), in evaluation and wherever else the model is used."""

    width: Annotated[int, Field(ge=1, le=1000)] = 10
    """Number of prefixes kept after each frame."""
    top: Positive = 16
    """Number of classes considered in each frame."""
    pruning: Literal["states", "prefixes"] = "states"
    """What the search keeps: the 2 * `width` most probable states of prefixes (ending in a blank, ending in a gloss),
    or the `width` prefixes with the most probable sum of both, as published."""
    merge_repeats: bool = False
    """Merge equal neighbours of the recognised glosses, as published; then no gloss is recognised twice in a row, even
    if it was signed twice."""
