"""A model that maps a clip to a vector, around any other: its sign is that of the nearest training clip.

As SPOTER embeddings (xmartlabs, 2023): a linear layer on the network's features, trained by what is near what.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.batches.batch import Batch
from slr.params.families.training import EmbeddingParams


class Embedded(nn.Module):
    """Landmarks of a clip -> vector.

    Parameters
    ----------
    backbone : nn.Module
        Any model of `slr.models`.
    params : EmbeddingParams
    classes : int
    classifier : bool
        Whether a loss trains the backbone's own classifier; without one it is taken off.

    Attributes
    ----------
    width : int
        Of the vectors.
    gallery : Tensor (N, width) float32
        Vectors of the training clips. Kept with the weights: what a clip is compared to is part of the model.
    gallery_targets : Tensor (N,) int64
        Their classes.
    """

    gallery: Tensor
    gallery_targets: Tensor

    def __init__(self, backbone: nn.Module, params: EmbeddingParams, classes: int, classifier: bool):
        super().__init__()
        self.backbone, self.classes, self.classifier = backbone, classes, classifier
        self.width, self.normalise = params.size, params.normalise
        self.embed = nn.Sequential(nn.Dropout(params.dropout), nn.Linear(cast(int, backbone.width), params.size))
        self.register_buffer("gallery", torch.empty(0, params.size))
        self.register_buffer("gallery_targets", torch.empty(0, dtype=torch.int64))
        if not classifier:
            _drop_classifier(backbone)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Read a batch of normalised landmarks.

        Returns
        -------
        dict
            `features` (B, width), the vectors. In evaluation also `logits` (B, classes), minus the distance to the
            nearest clip of each class; in training what else the backbone returns, its own `logits` if a loss is about
            them.
        """
        outputs = self.backbone(batch)
        features = outputs.pop("features")
        with torch.autocast(features.device.type, enabled=False):  # distances in bf16 would be steps of a hundredth
            features = self.embed(features.float())
        if self.normalise:
            features = F.normalize(features, dim=1)
        if not self.training:
            distances = nearest(features, self.gallery, self.gallery_targets, self.classes)
            return {"features": features, "logits": -distances}
        if not self.classifier:
            outputs.pop("logits", None)
        return {**outputs, "features": features}

    def update_gallery(self, vectors: Tensor, targets: Tensor) -> None:
        """Take these clips, (N, width) and (N,), as those that others are compared to."""
        self.gallery = vectors.to(self.gallery)
        self.gallery_targets = targets.to(self.gallery_targets)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        """A saved gallery has as many clips as it has; an untrained model's has none."""
        for name in ("gallery", "gallery_targets"):
            if f"{prefix}{name}" in state_dict:
                setattr(self, name, getattr(self, name).new_empty(state_dict[f"{prefix}{name}"].shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def nearest(vectors: Tensor, gallery: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Distance to the nearest vector of each class: (B, D), (N, D), (N,) -> (B, classes), infinite if none."""
    # Not by matrix products: those lose a distance that is small beside the vectors' lengths.
    distances = torch.cdist(vectors, gallery, compute_mode="donot_use_mm_for_euclid_dist")
    found = distances.new_full((len(vectors), classes), torch.inf)
    return found.scatter_reduce(1, targets.expand(len(vectors), -1), distances, "amin")


def _drop_classifier(backbone: nn.Module) -> None:
    """No loss would train it, and nobody asks it; it would only be saved."""
    if isinstance(backbone.classify, nn.Module):
        backbone.classify = nn.Identity()
    else:  # the weights of an ensemble's classifiers
        for name in ("classify", "bias"):
            setattr(backbone, name, None)
