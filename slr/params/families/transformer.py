"""Settings of the plain transformer, and those it shares with SPOTER and SiLT."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from slr.params.families.training import ModelParams
from slr.params.section import Dropout, Positive


class AttentionParams(ModelParams):
    """Settings of all networks made of attention layers over the frames of a clip."""

    missing: Literal["learned", "zero"] = "learned"
    """Value of a missing joint: a learned point, or zero before .5 is subtracted (as published)."""
    positions: Literal["none", "published", "sinusoidal", "learned"] = "sinusoidal"
    """Positional encoding; `published` is SPOTER's: one vector for all frames, so it carries no information about
    order."""
    d_model: Positive | None = 128
    """Width after a linear projection; null uses the coordinates themselves, as published."""
    heads: Positive = 8
    """Attention heads; they must divide the width."""
    feedforward: Positive = 256
    """Hidden width of the feed-forward layers."""
    norm_first: bool = True
    """Pre-norm; post-norm (false), as published, needs smaller learning rates."""
    dropout: Dropout = 0.1
    """Dropout in each layer."""

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        from slr.dataset.skeleton import skeleton

        width = self.d_model or self.channels * len(skeleton(self.joints))
        if width % self.heads:
            raise ValueError(f"heads: {self.heads} heads don't divide the width of {width}; "
                             f"{'change d_model or heads' if self.d_model else 'set d_model or change heads'}")
        return self


class TransformerParams(AttentionParams):
    """Transformer encoder with sinusoidal positions, averaged over time (as in Luna-Jimenez et al., ICMI 2023)."""

    network: ClassVar[str] = "slr.models.transformer:Transformer"
    family: Literal["transformer"] = "transformer"
    """Network family."""
    layers: Positive = 3
    """Self-attention layers over the frames."""
