"""Settings of the plain transformer."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slr.params.families.training import TrainingParams
from slr.params.section import Positive


class TransformerParams(TrainingParams):
    """A transformer encoder with sinusoidal positions, averaged over time (as in Luna-Jimenez et al., ICMI 2023)."""

    family: Literal["transformer"] = "transformer"
    """Which network: a module of `slr/models`."""
    missing: Literal["learned", "zero"] = "learned"
    """What stands for a missing joint: a learned point, or zero before .5 is taken off (as published)."""
    positions: Literal["none", "published", "sinusoidal", "learned"] = "sinusoidal"
    """What tells the order of frames; `published` is SPOTER's: one vector for all frames, so tells nothing."""
    d_model: Positive | None = 128
    """Width after a linear projection; null works on the coordinates themselves, as published."""
    heads: Positive = 8
    """Attention heads; they divide the width."""
    layers: Positive = 3
    """Self-attention over the frames."""
    feedforward: Positive = 256
    """Hidden width inside each layer."""
    norm_first: bool = True
    """Normalise before attention and feed-forward; after them, as published, needs smaller learning rates."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """In each layer."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        check_heads(self.heads, self.d_model, self.joints, self.channels)
        return self


def check_heads(heads: int, d_model: int | None, joints: str, channels: int) -> None:
    """Raise ValueError unless the heads divide a transformer's width: `d_model`, or the coordinates of a frame."""
    from slr.skeleton import skeleton

    width = d_model or channels * len(skeleton(joints))
    if width % heads:
        raise ValueError(f"heads: {heads} heads don't divide the width of {width}; "
                         f"{'change d_model or heads' if d_model else 'set d_model or change heads'}")
