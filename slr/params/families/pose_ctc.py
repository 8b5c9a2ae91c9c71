"""Settings of continuous recognition from landmarks."""

from math import prod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from slr.params.families.ctc import CtcParams, DecodingParams
from slr.params.families.multistream import View
from slr.params.families.training import AugmentParams, ModelParams, Normalisation
from slr.params.section import Dropout, Fraction, Layers, Positive


class PoseCtcParams(ModelParams):
    """Sentences from landmarks: joint streams or a graph, convolutions, a sequence model, CTC."""

    network: ClassVar[str] = "slr.models.pose_ctc:PoseCtc"
    task: ClassVar[str] = "continuous"
    family: Literal["pose_ctc"] = "pose_ctc"
    """Network family."""
    normalise: Normalisation = "shoulders"
    epochs: Positive = 80
    patience: Positive = 80
    batch_size: Positive = 16
    lr: Annotated[float, Field(gt=0)] = 0.002
    augment: AugmentParams = AugmentParams(frame_rate=0.2, noise_std=0.01, scale=0.1)
    splice: Fraction = 0.5
    """Share of sentences that are spliced anew from segments of several sentences; only where the time of each gloss is
    known."""
    min_glosses: Positive = 1
    """Sentences with fewer glosses are left out; 2 if the corpus also has clips of single signs."""
    front: Literal["streams", "graph"] = "streams"
    """Frame encoder: `streams` concatenates views of all joints, `graph` convolves over the skeleton."""
    streams: Annotated[list[View], Field(min_length=1)] = ["joints", "joint_motions", "bones"]
    """Views of a frame that are concatenated, with `front: streams`."""
    motion_lag: Positive = 2
    """Temporal lag of the motion features, in frames."""
    width: Annotated[int, Field(ge=16, multiple_of=16)] = 128
    """Features per frame, throughout the network."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 5
    """Kernel size of a convolution, in frames; odd."""
    strides: Annotated[list[Positive], Field(min_length=1)] = [2, 1]
    """Temporal stride of each convolution; there is one convolution per number. Their product is the temporal
    downsampling."""
    sequence: Literal["lstm", "gru", "conformer"] = "lstm"
    """Sequence model over the whole sentence."""
    layers: Layers = 2
    """Layers of the sequence model."""
    heads: Positive = 4
    """Attention heads of a conformer; they must divide `width`."""
    dropout: Dropout = 0.3
    ctc: CtcParams = CtcParams(distillation=0, frames=1)
    decoding: DecodingParams = DecodingParams()

    @property
    def temporal_stride(self) -> int:
        """Temporal stride of the network: input frames per output frame."""
        return prod(self.strides)

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel: {self.kernel} frames have no middle; make it odd")
        if self.width % self.heads:
            raise ValueError(f"heads: {self.heads} heads don't divide the width of {self.width}; change one of them")
        return self

    @model_validator(mode="after")
    def _sentences_stay_whole(self) -> Self:
        for name, value in (("frames", self.frames), ("embedding", self.embedding)):
            if value is not None:
                raise ValueError(f"{name}: a sentence is read whole, at its own speed; set it to null")
        for name in ("crop", "mixup"):
            if getattr(self.augment, name):
                raise ValueError(f"augment.{name}: what is left of a sentence wouldn't have its glosses; set it to 0")
        if not (self.ctc.sequence or self.ctc.frames):
            raise ValueError("ctc.sequence: nothing else trains what the sequence model says; set it to 1")
        return self
