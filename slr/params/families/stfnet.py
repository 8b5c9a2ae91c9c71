"""Settings of STF-Net."""

from math import prod
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from slr.params.families.ctc import CtcParams, DecodingParams
from slr.params.families.training import ModelParams
from slr.params.section import Dropout, Fraction, Hash, Layers, Positive, Section

Layer = Annotated[str, StringConstraints(pattern=r"^[KP][1-9]\d?$")]


class ImagesParams(Section):
    """Preprocessing of stored frames for the model; random choices are made once per clip, and only in training."""

    resize: Annotated[int, Field(ge=1, le=2048)] = 256
    """Side in pixels to which the whole frame is resized, as a square whatever its aspect ratio."""
    crop: Positive = 224
    """Side of the square crop: at a random position in training, else at the centre."""
    flip: Fraction = 0.5
    """Share of training clips that are mirrored; harmful if mirroring changes the meaning of a sign."""
    background: Literal["kept", "subtracted"] = "kept"
    """Background subtraction: with `subtracted` each pixel is replaced by its difference from its temporal median over
    the clip, so that clothes and background don't reveal the signer; much better with few signers."""
    zoom: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Largest relative change of `resize` for a training clip; no image becomes smaller than `crop`."""
    rescale: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Largest relative change of a training clip's number of frames, uniform over the clip."""
    rescaled_frames: Literal["even", "random"] = "even"
    """Frames of a training clip after this change: evenly spaced, or, as published, drawn at random, between 32 and 230
    of them, rounded up to a multiple of 4."""
    max_frames: Positive = 360
    """Longer clips are subsampled uniformly to this many frames."""
    keep_mib: Annotated[int, Field(ge=0)] = 512
    """Decoded frames cached in memory for the next epoch: at most this many MiB each for training and for
    validation."""
    workers: Annotated[int, Field(ge=0)] = 1
    """Threads that load batches ahead, each up to one batch; 0 loads a batch when it is needed. More keep a GPU busy;
    the result is the same."""

    @model_validator(mode="after")
    def _the_crop_fits(self) -> Self:
        if self.crop > self.resize:
            raise ValueError(f"crop: {self.crop} pixels can't be cut out of {self.resize}; raise resize")
        return self


class StfnetParams(ModelParams):
    """STF-Net: a ResNet with spatio-temporal fusion, temporal layers and a BiLSTM, from RGB frames; repaired.

    `published: true` gives the authors' network and training.
    """

    network: ClassVar[str] = "slr.models.stfnet.forms:stfnet"
    task: ClassVar[str] = "continuous"
    inputs: ClassVar[str] = "slr.preprocessing.inputs:RgbInputs"
    needs_video: ClassVar[bool] = True
    family: Literal["stfnet"] = "stfnet"
    """Network family."""
    published: bool = False
    """Replace all settings of this block with the authors', except `epochs`, `patience`, `backbone`, its `weights`,
    `alignment_attention`, `min_glosses`, `checkpointing`, `images.keep_mib` and `images.workers`."""
    normalise: Literal["none"] = "none"
    """RGB frames aren't normalised like landmarks."""
    epochs: Positive = 100
    patience: Positive = 100
    batch_size: Positive = 2
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """`sgd` has no momentum."""
    lr: Annotated[float, Field(gt=0)] = 0.0001
    weight_decay: Annotated[float, Field(ge=0)] = 0.0001
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    schedule: Literal["steps", "cosine", "constant", "plateau"] = "steps"  # type: ignore[assignment]  # has steps too
    """Learning rate after the warm-up: reduced at each of `steps`, cosine decay to 0, constant, or reduced when a
    metric stops improving."""
    steps: list[Positive] = [40, 60, 80]
    """Epochs after which the learning rate is multiplied by `step_factor`."""
    step_factor: Annotated[float, Field(gt=0, lt=1)] = 0.2
    min_glosses: Positive = 1
    """Sentences with fewer glosses are left out; 2 if the corpus also has clips of single signs."""
    backbone: Literal["resnet18", "resnet34", "tiny"] = "resnet34"
    """Frame encoder; `tiny` has a hundredth of the weights, for small images and tests."""
    weights: str | None = None
    """ImageNet weights of the backbone in torchvision's naming: a .safetensors or .pth file, or a URL; null for random
    initialisation."""
    weights_sha256: Hash | None = None
    """SHA-256 of the file; required for a URL."""
    images: ImagesParams = ImagesParams()
    alignment: bool = True
    """Auxiliary CTC supervision of stages 2, 3 and 4, each by a head that is used in training only."""
    alignment_attention: bool = True
    """Weight the heads' channels by the neighbouring frames; published with it for PHOENIX-2014, without for 2014-T."""
    temporal: Annotated[list[Layer], Field(min_length=1)] = ["K5", "P2", "K5", "P2"]
    """Temporal layers: K5 is a convolution over 5 frames, P2 pools pairs of frames. The temporal stride limits how
    short a clip may be for its glosses."""
    pooling: Literal["lift", "max"] = "lift"
    """Pooling used by P: lift pooling, or max pooling."""
    hidden: Annotated[int, Field(ge=2, multiple_of=2)] = 1024
    """Width of the temporal layers and of the BiLSTM, both directions together."""
    lstm_layers: Layers = 2
    lstm_dropout: Dropout = 0.3
    """Dropout between the BiLSTM's layers."""
    share_classifier: bool = True
    """Share one classifier between all heads; otherwise each has its own."""
    normalise_classifier: bool = True
    """Normalise each gloss's weight vector to length 1, without bias."""
    checkpointing: bool = True
    """Gradient checkpointing: recompute the backbone's features instead of storing them; trades time for memory, with
    the same result."""
    ctc: CtcParams = CtcParams()
    decoding: DecodingParams = DecodingParams()

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        images = settings.get("images")
        given = images if isinstance(images, dict) else {}
        kept = {name: given[name] for name in ("keep_mib", "workers") if name in given}
        return {**STFNET_AS_PUBLISHED, "images": {**STFNET_AS_PUBLISHED["images"], **kept}}

    @property
    def initial_weights(self) -> tuple[str, str | None] | None:
        return None if self.weights is None else (self.weights, self.weights_sha256)

    @property
    def temporal_stride(self) -> int:
        """Temporal stride of the network: input frames per output frame."""
        return prod(int(layer[1:]) for layer in self.temporal if layer[0] == "P")

    @model_validator(mode="after")
    def _nothing_is_about_landmarks_or_single_signs(self) -> Self:
        for name in ("joints", "channels", "frames", "augment", "losses", "batching", "embedding"):
            if getattr(self, name) != ModelParams.model_fields[name].default:
                raise ValueError(f"{name}: STF-Net reads the pictures of whole sentences, which this doesn't change; "
                                 "leave it out (images has what changes pictures)")
        return self

    @model_validator(mode="after")
    def _layers_fit(self) -> Self:
        if self.temporal[0][0] != "K":
            raise ValueError(f"temporal: {self.temporal[0]} comes first; begin with a convolution, such as K5")
        for layer in self.temporal:
            if layer[0] == "K" and int(layer[1:]) % 2 == 0:
                raise ValueError(f"temporal: the {layer[1:]} frames of {layer} have no middle; make it odd")
            if layer[0] == "P" and self.pooling == "lift" and layer != "P2":
                raise ValueError(f"temporal: lift pooling makes one frame of two, and not {layer}; use P2, or pooling: "
                                 "max")
        return self

    @model_validator(mode="after")
    def _fetched_weights_are_known(self) -> Self:
        if self.weights is not None and self.weights.startswith(("http://", "https://")) and not self.weights_sha256:
            raise ValueError("weights_sha256: weights from an address need the file's sha256; give it")
        return self


STFNET_AS_PUBLISHED: dict[str, Any] = {
    "batch_size": 2, "optimizer": "adam", "lr": 0.0001, "weight_decay": 0.0001, "warmup_epochs": 0,
    "schedule": "steps", "steps": [40, 60, 80], "step_factor": 0.2, "label_smoothing": 0, "gradient_clip": 0,
    "images": {"resize": 256, "crop": 224, "flip": 0.5, "background": "kept", "zoom": 0, "rescale": 0.2,
               "rescaled_frames": "random", "max_frames": 360},
    "alignment": True, "temporal": ["K5", "P2", "K5", "P2"], "pooling": "lift", "hidden": 1024, "lstm_layers": 2,
    "lstm_dropout": 0.3, "share_classifier": True, "normalise_classifier": True,
    "ctc": {"sequence": 1, "convolutional": 1, "distillation": 25, "temperature": 8, "alignment": 1, "lift": 0.0005,
            "distillation_over": "batch", "frames": 0},
    "decoding": {"width": 10, "top": 40, "pruning": "prefixes", "merge_repeats": True},
}
