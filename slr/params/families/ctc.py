"""Settings of the continuous-recognition loss."""

from typing import Annotated

from pydantic import Field

from slr.params.families.training import Weight
from slr.params.section import Section


class CtcParams(Section):
    """Weights of the terms of `slr.losses.ctc`; 0 disables a term. The defaults are STF-Net's."""

    sequence: Weight = 1
    """CTC on the logits of the sequence model, which are the ones decoded."""
    convolutional: Weight = 1
    """CTC on the logits before the sequence model, which makes the frame features discriminate glosses."""
    distillation: Weight = 25
    """Distillation from the sequence model's logits to those before it; no gradient flows into the teacher."""
    temperature: Annotated[float, Field(gt=0)] = 8
    """Distillation temperature: the higher, the more weight improbable glosses get."""
    alignment: Weight = 1
    """CTC on each auxiliary head of the earlier stages, if the model has them."""
    lift: Weight = 0.0005
    """Weight of each of the two regularisers of lift pooling, if the model uses it."""
    frames: Weight = 0
    """Frame-level cross-entropy, if the model has frame logits and the corpus has frame labels."""
