"""Settings of the multi-stream temporal convolutional network."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from slr.params.families.training import ModelParams, Normalisation
from slr.params.section import Dropout, Frames, Layers, Positive

View = Literal["joints", "bones", "directions", "reaches",
               "joint_motions", "bone_motions", "direction_motions", "reach_motions"]


class MultistreamParams(ModelParams):
    """Temporal convolutions over joint, bone and motion streams; an ensemble whose members are trained in one run."""

    network: ClassVar[str] = "slr.models.multistream:Multistream"
    family: Literal["multistream"] = "multistream"
    """Network family."""
    frames: Frames | None = 32
    normalise: Normalisation = "shoulders"
    streams: Annotated[list[Annotated[list[View], Field(min_length=1)]], Field(min_length=1)] = [
        ["joints", "joint_motions"], ["bones"], ["joint_motions"]]
    """Input of each network: one view of the clip, or several views concatenated."""
    seeds: Layers = 2
    """Networks per stream, which differ in their random initialisation; the predictions of all are averaged."""
    motion_lag: Positive = 2
    """Temporal lag of the motion features, in frames."""
    smooth: bool = False
    """Smooth the landmarks with a mean over three frames first, for noisy landmarks such as a depth camera's."""
    facing: bool = False
    """Rotate every clip to face the camera, based on its shoulders; needs depth."""
    turn_degrees: Annotated[float, Field(ge=0, le=90)] = 0
    """With `facing`: largest random error of this rotation in training, since the shoulder estimate is noisy."""
    widths: Annotated[list[Positive], Field(min_length=1)] = [64, 64, 96, 96, 96]
    """Channels of each block."""
    strides: list[Positive] = [2, 1, 2, 1, 1]
    """Temporal stride of each block; as many numbers as `widths`."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 5
    """Kernel size of a block's temporal convolution, in frames; odd."""
    dropout: Dropout = 0.3
    """Share of a block's channels that are dropped for a whole clip."""
    head_dropout: Dropout = 0.3
    """Share of the features dropped before the classifier."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if len(self.strides) != len(self.widths):
            raise ValueError(f"strides: {len(self.strides)} for {len(self.widths)} blocks; give as many as widths")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel: {self.kernel} frames have no middle; make it odd")
        if self.facing and self.channels < 3:
            raise ValueError("facing: a turn towards the camera needs the depth; set channels: 3 or facing: false")
        if self.turn_degrees and not self.facing:
            raise ValueError("turn_degrees: is about `facing`; set that, or augment.yaw_degrees in place of this")
        return self
