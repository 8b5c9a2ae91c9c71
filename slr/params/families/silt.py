"""Settings of SiLT."""

from typing import Any, ClassVar, Literal

from slr.params.families.spoter import SpoterParams


class SiltParams(SpoterParams):
    """SiLT (Luna-Jimenez et al., ICMI 2023): SPOTER with a learned weight for each coordinate.

    `published: true` gives the network and training of the paper for the block's joints.
    """

    network: ClassVar[str] = "slr.models.silt:Silt"
    family: Literal["silt"] = "silt"  # type: ignore[assignment]  # each family has its own name
    """Network family."""
    joints: str = "holistic-75"
    """Skeleton of the input; the paper's are holistic-75 (WLASL) and right-hand-21 (IPN Hand)."""
    weights: Literal["query", "sequence"] = "query"
    """`query`: weight the sequence before the encoder and decode it with a class query; `sequence`: weight it before
    encoder and decoder, and average over time. `published` doesn't change this setting."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The paper's settings; its head counts are known for its skeletons, for others the block's stay."""
        return {**cls.published_run(settings, fractions=True), "encoder_layers": 6, "decoder_layers": 6,
                "positions": "none"}
