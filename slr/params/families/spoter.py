"""Settings of SPOTER."""

from typing import Any, ClassVar, Literal

from slr.params.families.transformer import AttentionParams
from slr.params.section import Positive


class SpoterParams(AttentionParams):
    """SPOTER (Bohacek and Hruz, WACV-W 2022), repaired; `published: true` gives the paper's network and training, and
    with an `embedding` those of SPOTER embeddings (xmartlabs, 2023)."""

    network: ClassVar[str] = "slr.models.spoter:Spoter"
    family: Literal["spoter"] = "spoter"
    """Network family."""
    published: bool = False
    """Replace all settings of this block with the published ones, except `joints`, `epochs`, `patience` and
    `embedding`."""
    encoder_layers: Positive = 3
    """Self-attention layers over the frames."""
    decoder_layers: Positive = 2
    """Layers of attention from the class query to the encoded frames."""
    padding: Literal["hidden", "published"] = "hidden"
    """What padding in a batch does: nothing; or, in training, what it does in the code of SPOTER embeddings, where it
    is read. Tested and used, a clip always is as if it were alone."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        if settings.get("embedding") is None:
            return SPOTER_AS_PUBLISHED
        epochs = settings.get("epochs", 1300)
        return {**SPOTER_AS_PUBLISHED, **EMBEDDING_AS_PUBLISHED, "epochs": epochs,
                "patience": settings.get("patience", epochs)}


SPOTER_AS_PUBLISHED: dict[str, Any] = {
    "channels": 2, "frames": None, "normalise": "published", "missing": "zero", "positions": "published",
    "padding": "hidden", "d_model": None, "heads": 9, "encoder_layers": 6, "decoder_layers": 6, "feedforward": 2048,
    "norm_first": False, "dropout": 0.1, "batch_size": 1, "optimizer": "sgd", "lr": 0.001, "weight_decay": 0,
    "warmup_epochs": 0, "schedule": "constant", "label_smoothing": 0, "gradient_clip": 0,
    "augment": {"one_at_a_time": True, "views": "published"}, "losses": {}, "batching": {},
}
EMBEDDING_AS_PUBLISHED: dict[str, Any] = {
    "normalise": "published_down", "padding": "published", "dropout": 0.2, "batch_size": 32,
    "augment": {"one_at_a_time": True, "views": "published_down", "probability": 0.75},
    "losses": {"classification": 0, "triplet": 1},
    "batching": {"pool": 1, "hard_from_epoch": 200, "hard_min_triplets": 0, "hard_grouping": "published"},
}
"""Where SPOTER embeddings differ: the authors' train.sh, which relaxes no threshold of the grouping and reduces no
learning rate."""
