"""Settings of SPOTER."""

from typing import Any, ClassVar, Literal

from slr.params.families.transformer import AttentionParams
from slr.params.section import Layers


class SpoterParams(AttentionParams):
    """SPOTER (Bohacek and Hruz, WACV-W 2022), repaired; `published: true` gives the paper's network and training, and
    with an `embedding` those of SPOTER embeddings (xmartlabs, 2023).

    Of its settings `published` keeps `positions: none`, `normalise: none` and `missing: zero` or `outside`.
    """

    network: ClassVar[str] = "slr.models.spoter:Spoter"
    family: Literal["spoter"] = "spoter"
    """Network family."""
    encoder_layers: Layers = 3
    """Self-attention layers over the frames."""
    decoder_layers: Layers = 2
    """Layers of attention from the class query to the encoded frames."""
    padding: Literal["hidden", "published"] = "hidden"
    """What padding in a batch does: nothing; or, in training, what it does in the code of SPOTER embeddings, where it
    is read. Tested and used, a clip always is as if it were alone."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """SPOTER's settings; with MediaPipe's joints, or `normalise: none`, those of SiLT's repository."""
        joints = settings.get("joints", cls.model_fields["joints"].default)
        fractions = joints in ("holistic-75", "right-hand-21") or settings.get("normalise") == "none"
        positions = "none" if settings.get("positions") == "none" else "published"
        run = {**cls.published_run(settings, fractions=fractions), "positions": positions, "padding": "hidden",
               "encoder_layers": 6, "decoder_layers": 6}
        if settings.get("embedding") is None:
            return run
        epochs = settings.get("epochs", EMBEDDING_EPOCHS)
        return {**run, **EMBEDDING_AS_PUBLISHED, "epochs": epochs, "patience": settings.get("patience", epochs)}


EMBEDDING_EPOCHS = 1300
EMBEDDING_AS_PUBLISHED: dict[str, Any] = {
    "normalise": "published_down", "padding": "published", "dropout": 0.2, "batch_size": 32,
    "augment": {"one_at_a_time": True, "views": "published_down", "probability": 0.75},
    "losses": {"classification": 0, "triplet": 1},
    "batching": {"pool": 1, "hard_from_epoch": 200, "hard_min_triplets": 0, "hard_grouping": "published"},
    "selection": "silhouette",
}
"""Where SPOTER embeddings differ: the authors' train.sh, which relaxes no threshold of the grouping and reduces no
learning rate."""
