"""Settings of the multi-stream temporal convolutions."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from slr.params.families.training import ModelParams
from slr.params.section import Dropout, Positive

View = Literal["joints", "bones", "directions", "reaches",
               "joint_motions", "bone_motions", "direction_motions", "reach_motions"]


class MultistreamParams(ModelParams):
    """Temporal convolutions over streams of joints, bones and motions; members of an ensemble, trained in one run."""

    network: ClassVar[str] = "slr.models.multistream:Multistream"
    family: Literal["multistream"] = "multistream"
    """Which network."""
    frames: Positive | None = 32
    normalise: Literal["none", "frame", "clip", "shoulders", "hands"] = "shoulders"
    streams: Annotated[list[Annotated[list[View], Field(min_length=1)]], Field(min_length=1)] = [
        ["joints", "joint_motions"], ["bones"], ["joint_motions"]]
    """What each network sees: one view of the clip, or several side by side."""
    seeds: Positive = 2
    """Networks for each stream, which differ in their first weights; all are averaged."""
    motion_lag: Positive = 2
    """Frames over which a motion is measured."""
    smooth: bool = False
    """Take a mean over three frames first: for landmarks that tremble, as a depth camera's do."""
    facing: bool = False
    """Turn every clip to face the camera, by its shoulders; needs their depth."""
    turn_degrees: Annotated[float, Field(ge=0, le=90)] = 0
    """With `facing`: in training, turn each clip this much too far or too little, as shoulders are measured."""
    widths: Annotated[list[Positive], Field(min_length=1)] = [64, 64, 96, 96, 96]
    """Features after each block."""
    strides: list[Positive] = [2, 1, 2, 1, 1]
    """Each block keeps one frame in so many; as many numbers as `widths`."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 5
    """Frames that a block's convolution sees; odd."""
    dropout: Dropout = 0.3
    """Share of a block's features that are left out for a whole clip."""
    head_dropout: Dropout = 0.3
    """Share of the features left out before the classifier."""

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
