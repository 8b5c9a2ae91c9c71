"""Settings of one model: what every model has (`training`), and a module for each family of `slr/models`."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from slr.params.families.multistream import MultistreamParams
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stgcn import AttentionStgcnParams, ScaStgcnParams
from slr.params.families.transformer import TransformerParams

FAMILIES = {"spoter": SpoterParams, "silt": SiltParams, "transformer": TransformerParams,
            "sca_stgcn": ScaStgcnParams, "attention_stgcn": AttentionStgcnParams,
            "multistream": MultistreamParams}
"""The settings' class of each family."""


def _family(settings: Any) -> str | None:
    return settings.get("family") if isinstance(settings, dict) else getattr(settings, "family", None)


ModelParams = Annotated[
    Annotated[SpoterParams, Tag("spoter")]
    | Annotated[SiltParams, Tag("silt")]
    | Annotated[TransformerParams, Tag("transformer")]
    | Annotated[ScaStgcnParams, Tag("sca_stgcn")]
    | Annotated[AttentionStgcnParams, Tag("attention_stgcn")]
    | Annotated[MultistreamParams, Tag("multistream")],
    Discriminator(_family),
]
"""Settings of one model; `family` tells which."""
