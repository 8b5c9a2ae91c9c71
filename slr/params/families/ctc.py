"""Settings of what continuous recognition minimises."""

from typing import Annotated

from pydantic import Field

from slr.params.families.training import Weight
from slr.params.section import Section


class CtcParams(Section):
    """Weights of the terms of `slr.losses.ctc`; 0 switches one off. The defaults are STF-Net's."""

    sequence: Weight = 1
    """CTC of the sequence layers' logits: those that are decoded."""
    convolutional: Weight = 1
    """CTC of the logits before the sequence layers, which makes the frames' features tell glosses."""
    distillation: Weight = 25
    """How far the logits before the sequence layers are from those behind them, which don't learn from it."""
    temperature: Annotated[float, Field(gt=0)] = 8
    """Of the distillation: the higher, the more the unlikely glosses count."""
    alignment: Weight = 1
    """CTC of each of the earlier stages' heads, where the model has them."""
    lift: Weight = 0.0005
    """Each of the two regularisers of lift pooling, where the model has it."""
    frames: Weight = 0
    """Cross-entropy of what is signed in each frame, where the model has logits for that and the corpus knows it."""
