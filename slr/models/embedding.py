"""Clip embedding around any network, classified by the nearest training clip.

As SPOTER embeddings (xmartlabs, 2023): a linear layer on the network's features, trained with distance-based losses.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slr.params.families.training import EmbeddingParams
from slr.preprocessing.batch import Batch


class Embedded(nn.Module):
    """Landmarks of a clip -> embedding vector.

    Parameters
    ----------
    backbone : nn.Module
        Any model of `slr.models`.
    params : EmbeddingParams
    classes : int
    classifier : bool
        Whether a loss trains the backbone's own classifier; otherwise it is removed.

    Attributes
    ----------
    width : int
        Dimensions of the vectors.
    gallery : Tensor (N, width) float32
        Vectors of the training clips. Saved with the weights, since the reference clips are part of the model.
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
        """Vectors of a batch of normalised landmarks, and logits.

        Returns
        -------
        dict
            `features` (B, width), the vectors. In evaluation also `logits` (B, classes), the negative distance to the
            nearest clip of each class; in training those of the backbone if a loss uses them. All other outputs of the
            backbone.
        """
        outputs = self.backbone(batch)
        features = outputs.pop("features")
        with torch.autocast(features.device.type, enabled=False):  # in bf16, distances would have steps of a hundredth
            features = self.embed(features.float())
        if self.normalise:
            features = F.normalize(features, dim=1)
        if not self.training:
            distances = nearest(features, self.gallery, self.gallery_targets, self.classes)
            outputs.pop("logits", None)
            return {"features": features, "logits": -distances, **outputs}
        if not self.classifier:
            outputs.pop("logits", None)
        return {**outputs, "features": features}

    def update_gallery(self, vectors: Tensor, targets: Tensor) -> None:
        """Replace the gallery of training clips by these vectors (N, width) and classes (N,)."""
        self.gallery = vectors.to(self.gallery)
        self.gallery_targets = targets.to(self.gallery_targets)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        """Adapt to the size of the saved gallery; an untrained model's is empty."""
        for name in ("gallery", "gallery_targets"):
            if f"{prefix}{name}" in state_dict:
                setattr(self, name, getattr(self, name).new_empty(state_dict[f"{prefix}{name}"].shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)
        vectors, targets = self.gallery, self.gallery_targets
        if vectors.shape != (len(targets), self.width) or not targets.is_meta and not (
                (targets >= 0) & (targets < self.classes)).all():
            raise ValueError(f"the gallery {tuple(vectors.shape)} has not a class below {self.classes} for each vector "
                             f"of {self.width}")


def nearest(vectors: Tensor, gallery: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Distance to the nearest vector of each class: (B, D), (N, D), (N,) -> (B, classes), infinite if none."""
    # Not by matrix products, which are imprecise for distances that are small relative to the vectors' norms.
    distances = torch.cdist(vectors, gallery, compute_mode="donot_use_mm_for_euclid_dist")
    found = distances.new_full((len(vectors), classes), torch.inf)
    return found.scatter_reduce(1, targets.expand(len(vectors), -1), distances, "amin")


def _drop_classifier(backbone: nn.Module) -> None:
    """Remove the classifier, which is neither trained nor used, so that it isn't saved."""
    if isinstance(backbone.classify, nn.Module):
        backbone.classify = nn.Identity()
    else:  # an ensemble's classifier weights
        for name in ("classify", "bias"):
            setattr(backbone, name, None)
