"""Settings of one model: what every model has (`training`), and a module for each family of `slr/models`."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from slr.params.families.multistream import MultistreamParams
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.silt import SiltParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stfnet import StfnetParams
from slr.params.families.stgcn import AttentionStgcnParams, ScaStgcnDetectionParams, ScaStgcnParams
from slr.params.families.transformer import TransformerParams

FAMILIES = {"spoter": SpoterParams, "silt": SiltParams, "transformer": TransformerParams,
            "sca_stgcn": ScaStgcnParams, "sca_stgcn_detection": ScaStgcnDetectionParams,
            "attention_stgcn": AttentionStgcnParams,
            "multistream": MultistreamParams, "pose_ctc": PoseCtcParams, "stfnet": StfnetParams}
"""The settings' class of each family."""


def _family(settings: Any) -> str | None:
    return settings.get("family") if isinstance(settings, dict) else getattr(settings, "family", None)


ModelParams = Annotated[
    Annotated[SpoterParams, Tag("spoter")]
    | Annotated[SiltParams, Tag("silt")]
    | Annotated[TransformerParams, Tag("transformer")]
    | Annotated[ScaStgcnParams, Tag("sca_stgcn")]
    | Annotated[ScaStgcnDetectionParams, Tag("sca_stgcn_detection")]
    | Annotated[AttentionStgcnParams, Tag("attention_stgcn")]
    | Annotated[MultistreamParams, Tag("multistream")]
    | Annotated[PoseCtcParams, Tag("pose_ctc")]
    | Annotated[StfnetParams, Tag("stfnet")],
    Discriminator(_family),
]
"""Settings of one model; `family` tells which."""
