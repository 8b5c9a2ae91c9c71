"""Settings of STF-Net."""

from math import prod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from slr.params.families.ctc import CtcParams
from slr.params.families.training import ModelParams
from slr.params.section import Dropout, Fraction, Positive, Section

Layer = Annotated[str, StringConstraints(pattern=r"^[KP][1-9]\d?$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ImagesParams(Section):
    """How stored frames become the pictures that a model sees; what is random, is so once a clip, in training alone."""

    resize: Positive = 256
    """Side in pixels to which the whole frame is stretched or shrunk, a square whatever it was."""
    crop: Positive = 224
    """Side of the square that is cut out of it: anywhere in training, else from the middle."""
    flip: Fraction = 0.5
    """Share of training clips that are mirrored; harmful where a mirrored sign is another one."""
    background: Literal["kept", "subtracted"] = "kept"
    """Whether a picture shows what doesn't move in its clip. With `removed` it is how far each pixel is from its median
    over the clip, so that clothes and background say nothing about who signs; from few people far better."""
    zoom: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Largest relative change of `resize` for a training clip; no picture becomes smaller than `crop`."""
    rescale: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Largest relative change of a training clip's number of frames, evenly over the clip."""
    max_frames: Positive = 360
    """Longer clips are thinned evenly to this many."""
    keep_mib: Annotated[int, Field(ge=0)] = 512
    """Decoded frames kept in memory for the next epoch, of training and of validation at most so many MiB each."""

    @model_validator(mode="after")
    def _the_crop_fits(self) -> Self:
        if self.crop > self.resize:
            raise ValueError(f"crop: {self.crop} pixels can't be cut out of {self.resize}; raise resize")
        return self


class StfnetParams(ModelParams):
    """STF-Net: a ResNet with spatio-temporal fusion, temporal layers and a BiLSTM; from RGB frames, as published."""

    network: ClassVar[str] = "slr.models.stfnet:Stfnet"
    task: ClassVar[str] = "continuous"
    inputs: ClassVar[str] = "slr.batches.inputs:RgbInputs"
    needs_video: ClassVar[bool] = True
    family: Literal["stfnet"] = "stfnet"
    """Which network."""
    normalise: Literal["none"] = "none"
    """Pictures are read as they are."""
    epochs: Positive = 100
    patience: Positive = 100
    batch_size: Positive = 2
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """`sgd` is without momentum."""
    lr: Annotated[float, Field(gt=0)] = 0.0001
    weight_decay: Annotated[float, Field(ge=0)] = 0.0001
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    schedule: Literal["steps", "cosine", "constant"] = "steps"  # type: ignore[assignment]  # others have no steps
    """The learning rate after the warm-up: less at each of `steps`, down to 0 along a cosine, or as it is."""
    steps: list[Positive] = [40, 60, 80]
    """Epochs after which the learning rate is multiplied by `step_factor`."""
    step_factor: Annotated[float, Field(gt=0, lt=1)] = 0.2
    min_glosses: Positive = 1
    """Sentences with fewer are left out; 2 where clips with one sign lie beside the sentences."""
    backbone: Literal["resnet18", "resnet34", "tiny"] = "resnet34"
    """What reads the frames; `tiny` has a hundredth of the weights, for small pictures and tests."""
    weights: str | None = None
    """ImageNet weights of the backbone in torchvision's names: a .safetensors or .pth file, or the address of one;
    null starts from random ones."""
    weights_sha256: Hash | None = None
    """Of the file; for an address it has to be given."""
    images: ImagesParams = ImagesParams()
    alignment: bool = True
    """Tell the glosses to the stages 2, 3 and 4, too, each through a head that training alone needs."""
    alignment_attention: bool = True
    """Weigh the heads' channels by the frames around; published with it for PHOENIX-2014, without for 2014-T."""
    temporal: Annotated[list[Layer], Field(min_length=1)] = ["K5", "P2", "K5", "P2"]
    """Layers over time: K5 is a convolution of 5 frames, P2 makes one frame of two. Frames that become one decide how
    short a clip may be for its glosses."""
    pooling: Literal["lift", "max"] = "lift"
    """How P makes one frame of two: lift pooling, or the larger number of both."""
    hidden: Annotated[int, Field(ge=2, multiple_of=2)] = 1024
    """Width of the temporal layers and of the BiLSTM, both directions together."""
    lstm_layers: Positive = 2
    lstm_dropout: Dropout = 0.3
    """Between the BiLSTM's layers."""
    share_classifier: bool = True
    """One classifier for all heads; else one each."""
    normalise_classifier: bool = True
    """A gloss's weights have length 1, and there is no bias."""
    checkpointing: bool = True
    """Compute the backbone's features twice in place of keeping them: memory for time, with the same result."""
    ctc: CtcParams = CtcParams()

    @property
    def initial_weights(self) -> tuple[str, str | None] | None:
        return None if self.weights is None else (self.weights, self.weights_sha256)

    @property
    def temporal_stride(self) -> int:
        """Input frames to each output frame."""
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
