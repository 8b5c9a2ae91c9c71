"""Settings of the plain transformer."""

from typing import Annotated, Literal

from pydantic import Field

from slr.params.section import Positive
from slr.params.training import TrainingParams


class TransformerParams(TrainingParams):
    """A transformer encoder with sinusoidal positions, averaged over time (as in Luna-Jimenez et al., ICMI 2023)."""

    family: Literal["transformer"] = "transformer"
    """Which network: a module of `slr/models`."""
    d_model: Positive = 128
    """Width after a linear projection."""
    heads: Positive = 8
    """Attention heads; they divide the width."""
    layers: Positive = 3
    """Self-attention over the frames."""
    feedforward: Positive = 256
    """Hidden width inside each layer."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """In each layer."""
