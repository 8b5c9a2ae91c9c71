"""Settings of SPOTER."""

from typing import Any, ClassVar, Literal

from slr.params.families.transformer import AttentionParams
from slr.params.section import Positive


class SpoterParams(AttentionParams):
    """SPOTER (Bohacek and Hruz, WACV-W 2022), repaired; `published: true` gives the paper's network and training.

    Of its settings `published` keeps `positions: none`, `normalise: fractions` and `missing: zero` or `outside`.
    """

    network: ClassVar[str] = "slr.models.spoter:Spoter"
    family: Literal["spoter"] = "spoter"
    """Network family."""
    encoder_layers: Positive = 3
    """Self-attention layers over the frames."""
    decoder_layers: Positive = 2
    """Layers of attention from the class query to the encoded frames."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """SPOTER's settings; with MediaPipe's joints, or `normalise: fractions`, those of SiLT's repository."""
        joints = settings.get("joints", cls.model_fields["joints"].default)
        fractions = joints in ("holistic-75", "right-hand-21") or settings.get("normalise") == "fractions"
        return {**cls.published_run(settings, fractions=fractions), "encoder_layers": 6, "decoder_layers": 6,
                "positions": "none" if settings.get("positions") == "none" else "published"}
