"""Settings of what continuous recognition minimises."""

from typing import Annotated

from pydantic import Field

from slr.params.families.training import Weight
from slr.params.section import Section


class CtcParams(Section):
    """What training a model of sentences minimises: each a weight, 0 switches it off."""

    sequence: Weight = 1
    """CTC (Graves et al., ICML 2006) on what the sequence model says."""
    convolutional: Weight = 1
    """CTC on what the convolutions before it say."""
    distillation: Weight = 0
    """The convolutions learn to say what the sequence model says; 25 in STF-Net."""
    temperature: Annotated[float, Field(gt=0)] = 8
    """Of the distillation."""
    frames: Weight = 0
    """Cross-entropy of every frame's label, where the corpus knows when each gloss is signed."""
