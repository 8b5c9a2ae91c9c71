"""The two forms of STF-Net, and which of them the settings mean."""

from slr.dataset.skeleton import Skeleton
from slr.models.stfnet import Stfnet
from slr.models.stfnet.published import PublishedStfnet
from slr.params.families.stfnet import StfnetParams


def stfnet(params: StfnetParams, skeleton: Skeleton | None, classes: int) -> Stfnet:
    """An untrained network: see `Stfnet`."""
    return (PublishedStfnet if params.published else Stfnet)(params, skeleton, classes)
