"""Models of random weights in folders, as training leaves one."""

from pathlib import Path
from typing import Any

import torch

from slr.dataset.model_folder import save_model
from slr.models import build
from slr.params import parse_model

DETECTOR = {"family": "sca_stgcn_detection", "widths": [16], "hidden": 16,
            "windows": {"frames": 6, "stride": 2, "classes": 2}}
FROM_LANDMARKS = {"family": "pose_ctc", "width": 16, "layers": 1, "heads": 2}
FROM_PICTURES = {"family": "stfnet", "backbone": "tiny", "hidden": 16, "temporal": ["K3", "P2"], "lstm_layers": 1,
                 "images": {"resize": 40, "crop": 32}}


def save_untrained(folder: Path, settings: dict[str, Any], labels: list[str], preprocessing: dict[str, Any],
                   **training: Any) -> Path:
    """Make a model that was trained on what `preprocessing`, a store's metadata, describes; returns its folder."""
    params = parse_model(settings, folder.name)
    torch.manual_seed(1)
    weights = build(params, len(labels)).state_dict()
    save_model(folder, {name: weight.contiguous() for name, weight in weights.items()},
               {"params": params.model_dump(), "labels": labels, "preprocessing": preprocessing, "training": training},
               [{"epoch": 1}])
    return folder
