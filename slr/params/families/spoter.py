"""Settings of SPOTER."""

from typing import Any, ClassVar, Literal

from slr.params.families.transformer import AttentionParams
from slr.params.section import Positive


class SpoterParams(AttentionParams):
    """SPOTER (Bohacek and Hruz, WACV-W 2022), repaired; `published: true` gives the paper's network and training."""

    network: ClassVar[str] = "slr.models.spoter:Spoter"
    family: Literal["spoter"] = "spoter"
    """Network family."""
    published: bool = False
    """Replace all settings of this block with the paper's, except `joints`, `epochs` and `patience`."""
    encoder_layers: Positive = 3
    """Self-attention layers over the frames."""
    decoder_layers: Positive = 2
    """Layers of attention from the class query to the encoded frames."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        return SPOTER_AS_PUBLISHED


SPOTER_AS_PUBLISHED = {
    "channels": 2, "frames": None, "normalise": "frame", "missing": "zero", "positions": "published", "d_model": None,
    "heads": 9, "encoder_layers": 6, "decoder_layers": 6, "feedforward": 2048, "norm_first": False, "dropout": 0.1,
    "batch_size": 1, "optimizer": "sgd", "lr": 0.001, "weight_decay": 0, "warmup_epochs": 0, "schedule": "constant",
    "label_smoothing": 0, "gradient_clip": 0, "augment": {"one_at_a_time": True}, "losses": {},
}
