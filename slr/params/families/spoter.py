"""Settings of SPOTER."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from slr.params.families.training import TrainingParams
from slr.params.families.transformer import check_heads
from slr.params.section import Positive


class SpoterParams(TrainingParams):
    """SPOTER (Bohacek and Hruz, WACV-W 2022), repaired; `published: true` is the network and training of the paper."""

    family: Literal["spoter"] = "spoter"
    """Which network: a module of `slr/models`."""
    published: bool = False
    """Replace every setting of this block by the paper's, except `joints`, `epochs` and `patience`."""
    missing: Literal["learned", "zero"] = "learned"
    """What stands for a missing joint: a learned point, or zero before .5 is taken off (as published)."""
    positions: Literal["none", "published", "sinusoidal", "learned"] = "sinusoidal"
    """What tells the order of frames; `published` is one vector for all frames, so tells nothing."""
    d_model: Positive | None = 128
    """Width after a linear projection; null works on the coordinates themselves, as published."""
    heads: Positive = 8
    """Attention heads; they divide the width."""
    encoder_layers: Positive = 3
    """Self-attention over the frames."""
    decoder_layers: Positive = 2
    """Attention of the class query to the encoded frames."""
    feedforward: Positive = 256
    """Hidden width inside each layer."""
    norm_first: bool = True
    """Normalise before attention and feed-forward; after them, as published, needs smaller learning rates."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """In each layer."""

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and settings.get("published") is True:
            return {**settings, **cls.as_published(settings)}
        return settings

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """What `published: true` replaces in a block."""
        return SPOTER_AS_PUBLISHED

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        check_heads(self.heads, self.d_model, self.joints, self.channels)
        return self


SPOTER_AS_PUBLISHED = {
    "channels": 2, "frames": None, "normalise": "frame", "missing": "zero", "positions": "published", "d_model": None,
    "heads": 9, "encoder_layers": 6, "decoder_layers": 6, "feedforward": 2048, "norm_first": False, "dropout": 0.1,
    "batch_size": 1, "optimizer": "sgd", "lr": 0.001, "weight_decay": 0, "warmup_epochs": 0, "schedule": "constant",
    "label_smoothing": 0, "gradient_clip": 0, "augment": {"one_at_a_time": True}, "losses": {},
}
