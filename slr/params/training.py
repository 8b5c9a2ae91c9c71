"""Settings that every model has: its joints, its training, its augmentation, its losses."""

from typing import Annotated, Literal

from pydantic import Field

from slr.params.section import Fraction, Positive, Section


class AugmentParams(Section):
    """Random changes to training clips, drawn anew for each clip and epoch; 0 switches one off."""

    probability: Fraction = 0.5
    """Share of clips that get each of SPOTER's four changes: rotation, squeeze, perspective, arm rotation."""
    one_at_a_time: bool = False
    """Give a clip one of the four (`probability` is then the share of clips that get any), as published."""
    rotate_degrees: Annotated[float, Field(ge=0)] = 13
    """Largest rotation in the image plane."""
    squeeze: Annotated[float, Field(ge=0, lt=0.5)] = 0.15
    """Largest part of the width taken off at each side."""
    perspective: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Largest shift of two corners on one side of the frame, in fractions of its height."""
    arm_degrees: Annotated[float, Field(ge=0)] = 4
    """Largest rotation around a joint of an arm; everything below the joint moves along."""
    arm_joint_probability: Fraction = 0.3
    """Share of the shoulders, elbows and wrists that are rotated in a clip that gets this change."""
    yaw_degrees: Annotated[float, Field(ge=0, le=90)] = 0
    """Largest rotation around the vertical axis, by the landmarks' z: as if the camera stood elsewhere."""
    mirror: Fraction = 0
    """Share of clips that are mirrored, left and right joints swapped; a left-handed signer becomes right-handed."""
    noise_std: Annotated[float, Field(ge=0)] = 0.001
    """Gaussian noise on the normalised coordinates."""


class LossParams(Section):
    """What training minimises besides telling glosses apart: each a weight, 0 switches it off."""

    signers: Literal["pseudo", "true"] = "pseudo"
    """Whose the clips are, for the losses that are about signers: pseudo-signers, or the corpus's where it knows."""


class TrainingParams(Section):
    """What every model's training loop takes; a model's own block adds its architecture."""

    joints: str = "spoter-54"
    """Skeleton that the model sees, picked or derived from the landmarks'."""
    channels: Literal[2, 3, 4] = 2
    """How many of x, y, z and visibility the model sees of each joint."""
    frames: Positive | None = None
    """Resample every clip to this many frames; null leaves clips as long as they are."""
    normalise: Literal["none", "frame", "clip", "shoulders", "hands"] = "clip"
    """SPOTER's boxes, the body's measured in each `frame` (as published) or once a `clip`; `shoulders`: shoulder widths
    from the neck; `hands`: as `shoulders`, and each hand in palms from its wrist; `none`: frame heights from the
    frame's centre."""
    epochs: Positive = 60
    """Most passes over the training clips."""
    batch_size: Positive = 32
    """Clips a step, of similar length."""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """`sgd` is without momentum, as published."""
    lr: Annotated[float, Field(gt=0)] = 0.001
    """Learning rate after the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    """On weight matrices alone; biases, norms and single learned vectors have none."""
    warmup_epochs: Annotated[int, Field(ge=0)] = 5
    """Epochs in which the learning rate rises linearly from 0."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """The learning rate after the warm-up: down to 0 along a cosine, or as it is."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Probability spread evenly over all glosses in the target."""
    gradient_clip: Annotated[float, Field(ge=0)] = 1.0
    """Largest gradient norm; 0 for no limit."""
    patience: Positive = 20
    """Epochs without a better validation score before training stops."""
    augment: AugmentParams = AugmentParams()
    losses: LossParams = LossParams()
