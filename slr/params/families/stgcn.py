"""Settings of the graph models: SCA-STGCN, and the ST-GCN with temporal attention."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from slr.params.families.training import ModelParams
from slr.params.section import Dropout, Layers, Positive, Section
from slr.params.windows import WindowsParams

# oneDNN 3.x gives NaN for the weight gradient of a bf16 convolution with more than 16 input channels that are not a
# multiple of 16 (24, say): torch 2.13 on a processor with AVX-512 BF16.
Width = Annotated[int, Field(ge=16, multiple_of=16)]


class GraphParams(ModelParams):
    """Settings of the blocks of every graph model."""

    graph: Literal["bones", "chain"] = "bones"
    """Edges of the graph: the skeleton's bones, or a chain of the joints in storage order, as published."""
    learned_edges: bool = True
    """Add a learned adjacency matrix to the graph of each block, initialised to zero."""
    presence: bool = True
    """Add the presence mask of the joints as an input; without it, as published, a missing joint is one at the
    origin."""
    motion: bool = True
    """Add each joint's motion as an input."""
    identity: Annotated[int, Field(ge=0, le=8)] = 8
    """Size of each joint's learned identity embedding; 0 as published."""
    widths: Annotated[list[Width], Field(min_length=1)] = [64, 128, 128]
    """Channels per joint after each block; multiples of 16."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 3
    """Kernel size of a block's temporal convolution, in frames; odd."""
    joint_sums: Annotated[int, Field(ge=0)] = 8
    """Number of learned weighted sums over the joints that pool a frame; 0 for their mean, as published."""
    heads: Positive = 4
    """Attention heads; they must divide the last of `widths`."""
    dropout: Dropout = 0.1
    """Dropout after each block, and in the classifier."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel: {self.kernel} frames have no middle; make it odd")
        if self.widths[-1] % self.heads:
            raise ValueError(f"heads: {self.heads} heads don't divide the width of {self.widths[-1]}; "
                             "change heads or the last of widths")
        return self


class ScaStgcnParams(GraphParams):
    """SCA-STGCN (Chaabani, 2024), repaired: graph blocks, temporal attention conditioned on the signer, a GRU."""

    family: Literal["sca_stgcn"] = "sca_stgcn"
    """Network family."""
    published: bool = False
    """Replace all settings of this block with the published network, losses and training, except `joints`, and those
    that select among the published variants: `attention`, `signer_encoder`, `signer_pooling`, `losses`. `epochs` and
    `patience` stay if they are given, and are 50 and no early stopping if not."""
    dilations: Annotated[list[Annotated[int, Field(ge=1, le=256)]], Field(min_length=1)] | None = None
    """Dilation of each block's temporal convolution, as many numbers as `widths`; null for 1, 2, 3, ..., as
    published."""
    attention: Literal["additive", "film", "hierarchical", "none"] = "additive"
    """How the signer conditions attention: `additive`, added to the keys; `film`, scaling keys and scaling and shifting
    values; `hierarchical`, as `film`, over joints, over time and across both; `none`: neither attention nor signer."""
    bare_attention: bool = False
    """Attention without residual connection, normalisation and positional encoding, as published."""
    signer_encoder: Literal["statistics", "learned", "hybrid"] = "statistics"
    """Input of the signer encoder: statistics of the clip's landmarks, features of the first block, or, with
    `published: true`, both (`hybrid`)."""
    signer_statistics: Literal["body", "published"] = "body"
    """With `statistics`: bone lengths and joint speeds in units of the body, or four numbers (mean and standard
    deviation of x and y), as published."""
    signer_pooling: Literal["attention", "mean", "max"] = "attention"
    """With `learned`: pooling of the features, over the frames of their means over joints; as published, over all
    joints of all frames."""
    signer_width: Positive = 64
    """Dimensions of the signer embedding."""
    hidden: Positive = 256
    """Width of the GRU, per direction."""
    read: Literal["ends", "last", "mean"] = "mean"
    """Read-out of the GRU: mean over time; the final state of each direction; or both directions at the clip's last
    frame, as published, where the backward one has seen that frame only."""

    @property
    def network(self) -> str:  # type: ignore[override]  # of the class in other families
        return "slr.models.sca_published:PublishedScaStgcn" if self.published else "slr.models.sca_stgcn:ScaStgcn"

    @property
    def signer_embedding(self) -> int:
        return 0 if self.attention == "none" else self.signer_width

    @property
    def block_dilations(self) -> list[int]:
        """Dilation of each block."""
        return self.dilations or list(range(1, len(self.widths) + 1))

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        epochs = settings.get("epochs", SCA_EPOCHS)
        return {**SCA_AS_PUBLISHED, "epochs": epochs, "patience": settings.get("patience", epochs),
                "losses": _with(settings.get("losses", {}), published=True)}

    @model_validator(mode="after")
    def _dilations_fit(self) -> Self:
        if self.dilations and len(self.dilations) != len(self.widths):
            raise ValueError(f"dilations: {len(self.dilations)} for {len(self.widths)} blocks; give as many as widths")
        return self

    @model_validator(mode="after")
    def _variant_exists(self) -> Self:
        if self.published and self.attention == "none":
            raise ValueError("attention: SCA-STGCN wasn't published without; set it to additive, film or hierarchical, "
                             "or published: false")
        if self.signer_encoder == "hybrid" and not self.published:
            raise ValueError("signer_encoder: hybrid is there as published alone; set it to statistics or learned, or "
                             "published: true")
        return self


SCA_AS_PUBLISHED = {
    "channels": 2, "frames": None, "units": "frame", "normalise": "raw", "graph": "chain", "learned_edges": False,
    "presence": False, "motion": False, "identity": 0, "joint_sums": 0, "widths": [64, 128, 128], "kernel": 3,
    "dilations": [1, 2, 3], "heads": 4, "dropout": 0.1, "bare_attention": True, "signer_statistics": "published",
    "signer_width": 64, "hidden": 256, "read": "last", "batch_size": 32, "optimizer": "adam", "lr": 0.001,
    "weight_decay": 0, "warmup_epochs": 0, "schedule": "constant", "label_smoothing": 0, "gradient_clip": 0,
    "augment": {"probability": 0, "noise_std": 0}, "batching": {"pool": 1}, "embedding": None,
}
"""The published network and training."""
SCA_EPOCHS = 50
"""As in the author's own commands; the training script's default is 10."""


def _with(block: Any, **changes: Any) -> Any:
    """A block of settings with these changes; what isn't a block stays, to be refused."""
    return {**dict(block), **changes} if isinstance(block, (dict, Section)) else block


def _entry(block: Any, name: str) -> Any:
    """A setting of a block; None if it isn't given."""
    return dict(block).get(name) if isinstance(block, (dict, Section)) else None


class ScaStgcnDetectionParams(ScaStgcnParams):
    """SCA-STGCN on streams: classifies each window as signing, speaking or neither."""

    task: ClassVar[str] = "detection"
    family: Literal["sca_stgcn_detection"] = "sca_stgcn_detection"  # type: ignore[assignment]  # has its own name
    """Network family."""
    windows: WindowsParams = WindowsParams(classes=2, stride=5)
    """How streams are cut into windows; with `published: true`, of 25 frames, at every frame."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """With two classes, unless `losses.class_weights` is given, they are balanced; the `selection` is the accuracy,
        unless that is given."""
        windows, losses = settings.get("windows", cls.model_fields["windows"].default), settings.get("losses", {})
        if _entry(windows, "classes") == 2 and _entry(losses, "class_weights") is None:
            losses = _with(losses, class_weights="balanced")
        return {**super().as_published({**settings, "losses": losses}), "windows": _with(windows, frames=25, stride=1),
                "selection": settings.get("selection") or "accuracy"}

    @model_validator(mode="after")
    def _windows_can_be_read(self) -> Self:
        if self.windows.frames is None:
            raise ValueError("windows.frames: the model reads windows of so many frames; set it to a number")
        if self.embedding is not None:
            raise ValueError("embedding: is of clips with one sign, not of windows; set it to null")
        if self.frames is not None:
            raise ValueError(f"frames: would make {self.frames} frames of a whole stream; set windows.frames, and "
                             "frames: null")
        return self


class AttentionStgcnParams(GraphParams):
    """ST-GCN with temporal self-attention (Huzaifa), smaller by default; `published: true` has the published sizes."""

    network: ClassVar[str] = "slr.models.attention_stgcn:AttentionStgcn"
    family: Literal["attention_stgcn"] = "attention_stgcn"
    """Network family."""
    published: bool = False
    """Replace joints, channels, frames, architecture and augmentation with the published ones, as far as they are
    known: of `augment`, `mixup` stays, and is .2 if it isn't given. Other training settings stay."""
    joints: str = "holistic-67"
    channels: Literal[2, 3, 4] = 4
    widths: Annotated[list[Width], Field(min_length=1)] = [48, 48, 96, 128]
    strides: list[Positive] = [1, 2, 2, 2]
    """Temporal stride of each block; as many numbers as `widths`."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 5
    attention_layers: Layers = 1
    """Layers of temporal self-attention."""
    positions: Literal["none", "sinusoidal"] = "sinusoidal"
    """Positional encoding of the attention."""
    hidden: Annotated[int, Field(ge=0)] = 256
    """Width of a linear layer before the classifier; 0 for none, as published."""

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        mixup = _entry(settings.get("augment", {}), "mixup")
        augment = {"probability": 0, "noise_std": 0, "mixup": 0.2 if mixup is None else mixup}
        return {**ATTENTION_AS_PUBLISHED, "augment": augment}

    @model_validator(mode="after")
    def _a_stride_for_each_block(self) -> Self:
        if len(self.strides) != len(self.widths):
            raise ValueError(f"strides: {len(self.strides)} for {len(self.widths)} blocks; give as many as widths")
        return self


ATTENTION_AS_PUBLISHED = {
    "joints": "holistic-67", "channels": 4, "frames": 128, "learned_edges": False, "presence": False, "motion": False,
    "identity": 0, "joint_sums": 0, "widths": [64, 64, 128, 256], "strides": [1, 2, 2, 2], "kernel": 9, "heads": 4,
    "attention_layers": 1, "positions": "none", "hidden": 0,
}
"""The published network, as far as known: the input, four blocks, attention, and a linear layer from the pooled 256
numbers to the classes."""
