"""The published STF-Net with the formula's weights, and the pictures of the cases of whole networks."""

import numpy as np
import torch
from torch import Tensor

from slr.models import build
from slr.models.checkpoints import stfnet
from slr.models.stfnet.published import PublishedStfnet
from slr.params.families.stfnet import StfnetParams
from tests.helpers.reference import fill, sines


def network(backbone: str, gain: float, classes: int = 12) -> PublishedStfnet:
    """The published network in evaluation mode; `classes` with the blank."""
    model = build(StfnetParams(published=True, backbone=backbone), classes - 1).eval()
    fill(model, stfnet.network(backbone), gain)
    return model


LENGTHS = [16, 11]


def pictures() -> Tensor:
    """(2, 3, 16, 224, 224): the clips of the cases of whole networks, zero behind the second one."""
    clips = torch.zeros(2, 3, max(LENGTHS), 224, 224)
    for clip, length in enumerate(LENGTHS):
        t, c, h, w = np.ogrid[:length, :3, :224, :224]
        moving = 0.5 * np.sin(0.9 * t + 2.1 * c + 0.02 * h + 0.03 * w + clip)
        noise = 0.5 * sines(9000 + clip, length, 3, 224, 224)
        waves = (0.55 + 0.45 * np.sin(1.3 * t + clip)) * (moving + noise)
        clips[clip, :, :length] = torch.from_numpy(waves).float().transpose(0, 1)
    return clips
