"""Settings that every model has: its joints, its training, its augmentation, its losses."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from slr.params.section import Dropout, Fraction, Positive, Section

FAMILIES: "dict[str, type[ModelParams]]" = {}
"""The settings of each family of models, by its name."""


class AugmentParams(Section):
    """Random changes to training clips, drawn anew for each clip and epoch; 0 switches one off.

    In this order: time, mirroring, view, normalisation, and what comes after it.
    """

    crop: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest share of a clip's frames that is cut off, at both ends together."""
    frame_rate: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest relative change of the frame rate: .2 makes clips up to a fifth shorter or longer."""
    mirror: Fraction = 0
    """Share of clips that are mirrored, left and right joints swapped; a left-handed signer becomes right-handed."""
    probability: Fraction = 0.5
    """Share of clips that get each change of view: rotation, squeeze, perspective, arm rotation, yaw."""
    one_at_a_time: bool = False
    """Give a clip one change of view (`probability` is then the share of clips that get any), as published."""
    rotate_degrees: Annotated[float, Field(ge=0)] = 13
    """Largest rotation in the image plane."""
    squeeze: Annotated[float, Field(ge=0, lt=0.5)] = 0.15
    """Largest part of the width taken off at each side of the frame (of metres: of a square metre around the body)."""
    perspective: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Largest shift of two corners on one side of the frame, in fractions of its height (of metres: in metres)."""
    arm_degrees: Annotated[float, Field(ge=0)] = 4
    """Largest rotation around a joint of an arm; everything below the joint moves along."""
    arm_joint_probability: Fraction = 0.3
    """Share of the shoulders, elbows and wrists that are rotated in a clip that gets this change."""
    yaw_degrees: Annotated[float, Field(ge=0, le=90)] = 0
    """Largest rotation around the vertical axis, by the landmarks' z: as if the camera stood elsewhere."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest relative change of the normalised coordinates' size."""
    shift: Annotated[float, Field(ge=0)] = 0
    """Largest shift of the normalised coordinates, in x and in y, in their units."""
    noise_std: Annotated[float, Field(ge=0)] = 0.001
    """Gaussian noise on the normalised coordinates."""
    time_mask: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest share of a clip's frames that go missing in one stretch."""
    frame_dropout: Dropout = 0
    """Share of frames that go missing, each by itself."""
    joint_dropout: Dropout = 0
    """Share of joints that go missing for a whole clip, each by itself."""
    part_dropout: Fraction = 0
    """Share of clips that miss a part of the body: a hand, an arm with its hand, or the face."""
    mixup: Annotated[float, Field(ge=0)] = 0
    """Alpha of the Beta distribution of shares in which clips are mixed in pairs; larger mixes more evenly."""


Weight = Annotated[float, Field(ge=0)]


class LossParams(Section):
    """What training minimises: each a weight, 0 switches it off."""

    signers: Literal["pseudo", "true"] = "pseudo"
    """Whose the clips are, for the losses that are about signers: pseudo-signers, or the corpus's where it knows."""
    classification: Weight = 1
    """Weight of telling the glosses apart (cross-entropy or focal loss); an `embedding` can do without it."""
    focal: bool = False
    """Focal loss in place of cross-entropy: what is already told well counts little."""
    focal_alpha: Annotated[float, Field(gt=0)] = 0.25
    """Factor of the focal loss."""
    focal_gamma: Annotated[float, Field(ge=0)] = 2
    """How much less a well told clip counts."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced`: a clip counts the more, the rarer its gloss is among the training clips."""
    adversary: Weight = 0
    """Weight of a classifier of signers, which the features are trained against; .5 as published."""
    adversary_lambda: Weight = 0.5
    """Factor of the classifier's gradient where it is reversed, on its way into the features."""
    contrastive: Weight = 0
    """Weight of the supervised contrastive loss, between the clips of a batch; .1 as published."""
    contrastive_temperature: Annotated[float, Field(gt=0)] = 0.07
    """The lower, the more the nearest clips count."""
    triplet: Weight = 0
    """Weight of the triplet loss, over all triplets of a batch that aren't easy; 1 as published."""
    triplet_margin: Annotated[float, Field(gt=0)] = 1
    """How much farther than a clip of its own gloss one of another is to be, in the features' units."""
    proxy: Weight = 0
    """Weight of a loss between the clips and one learned vector a gloss."""
    proxy_loss: Literal["anchor", "nca"] = "anchor"
    """Proxy-Anchor (Kim et al., CVPR 2020) or Proxy-NCA (Movshovitz-Attias et al., ICCV 2017)."""
    mutual_information: Weight = 0
    """Weight of what the features tell about the signer (CLUB, an upper bound in nats); .1 as published."""
    mutual_information_with: Literal["embedding", "signers"] = "embedding"
    """What stands for the signer: the model's embedding of one, or the clips' (pseudo-)signers."""
    mutual_information_hidden: Positive = 128
    """Width of CLUB's estimator."""
    attention_sparsity: Weight = 0
    """Weight of the entropy of the attention over time, in nats."""
    attention_smoothness: Weight = 0
    """Weight of the squared steps of the attention from frame to frame."""


class BatchingParams(Section):
    """Which clips meet in a batch; for losses between clips. Without any of it, clips of similar length do."""

    clips_per_sign: Annotated[int, Field(ge=0)] = 0
    """Clips of a sign that come together, so that each has others of its sign beside it; 0 for plain shuffling."""
    signers_per_sign: Annotated[int, Field(ge=0)] = 0
    """How many people they are of, where so many sign it; 0 for whoever it is. Whose a clip is: `losses.signers`."""
    hard_from_epoch: Annotated[int, Field(ge=0)] = 0
    """Epoch from which clips that are hard to tell apart are grouped into batches (200 as published); 0 for never."""
    hard_batches: Annotated[int, Field(ge=2)] = 16
    """Batches that are grouped anew at a time."""
    hard_loops: Positive = 5
    """How often each of them is trained on."""
    hard_min_triplets: Annotated[float, Field(ge=0)] = 10
    """Grouping asks for less distance and for less likeness once steps use fewer triplets than this, on average."""


class EmbeddingParams(Section):
    """A clip as a vector: clips of one sign near each other, also of signs that were never trained on."""

    size: Positive = 32
    """Numbers of the vector."""
    normalise: bool = False
    """Give every vector length 1."""
    dropout: Dropout = 0
    """Share of the network's features that are left out before the vector is made of them."""


class ModelParams(Section):
    """What every model's training loop takes; a model's own block adds its architecture.

    Attributes
    ----------
    network : str
        Of a family: the dotted name of its network, a class that takes the settings, the skeleton and the number of
        classes. Nothing is imported for it before a network is made, so that reading params.yaml imports no torch.
    task : str
        What the model answers: a name in `slr.tasks.TASKS`, an entry point of the group `slr.tasks`, or a dotted name.
    inputs : str
        The dotted name of what the model reads: `slr.batches.inputs`.
    needs_video : bool
        Whether a corpus that comes as landmarks can't be read.
    """

    network: ClassVar[str] = ""
    task: ClassVar[str] = "isolated"
    inputs: ClassVar[str] = "slr.batches.inputs:LandmarkInputs"
    needs_video: ClassVar[bool] = False

    joints: str = "spoter-54"
    """Skeleton that the model sees, picked or derived from the landmarks'."""
    channels: Literal[2, 3, 4] = 2
    """How many of x, y, z and visibility the model sees of each joint."""
    frames: Positive | None = None
    """Resample every clip to this many frames, between frames linearly; null leaves clips as long as they are."""
    normalise: Literal["none", "frame", "clip", "shoulders", "hands"] = "clip"
    """SPOTER's boxes, the body's measured in each `frame` (as published) or once a `clip`; `shoulders`: shoulder widths
    from the neck; `hands`: as `shoulders`, and each hand in palms from its wrist; `none`: frame heights from the
    frame's centre."""
    epochs: Positive = 60
    """Most passes over the training clips."""
    batch_size: Positive = 32
    """Clips a step, of similar length."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    """`sgd` is without momentum, as published; `adam` decays weights by their gradient."""
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
    batching: BatchingParams = BatchingParams()
    embedding: EmbeddingParams | None = None
    """Map a clip to a vector, and recognise its sign by the nearest training clip; null for a classifier."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "family" in cls.model_fields and cls.network:
            FAMILIES[cls.model_fields["family"].default] = cls

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """What `published: true` replaces in a block; of a family that has this setting."""
        return {}

    @model_validator(mode="before")
    @classmethod
    def _publish(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and settings.get("published") is True:
            return {**settings, **cls.as_published(settings)}
        return settings

    @property
    def initial_weights(self) -> tuple[str, str | None] | None:
        """File or address of weights that training starts from, and the file's SHA-256; None starts from random ones.

        The network's `load_pretrained` takes them.
        """
        return None

    @model_validator(mode="after")
    def _augmentation_can_do_something(self) -> Self:
        from slr.dataset.skeleton import skeleton

        if self.frames is not None and self.augment.frame_rate:
            raise ValueError(f"augment.frame_rate: every clip is resampled to {self.frames} frames, whatever its frame "
                             "rate; set augment.frame_rate: 0 (augment.crop does change it) or frames: null")
        if self.augment.yaw_degrees and self.channels < 3 and skeleton(self.joints).space == "metric":
            raise ValueError(f"augment.yaw_degrees: a turn around '{self.joints}' needs its depth; set channels: 3 or "
                             "augment.yaw_degrees: 0")
        return self

    @property
    def signer_embedding(self) -> int:
        """Width of the model's embedding of the signer; 0 where it has none, and then no attention over time either."""
        return 0

    @model_validator(mode="after")
    def _losses_have_what_they_are_about(self) -> Self:
        losses = self.losses
        by_embedding = losses.mutual_information and losses.mutual_information_with == "embedding"
        if by_embedding and not self.signer_embedding:
            raise ValueError("losses.mutual_information_with: this model has no embedding of the signer; "
                             "set it to signers")
        for name in ("adversary", "contrastive", "triplet", "proxy", "mutual_information"):
            if self.augment.mixup and getattr(losses, name) and not (name == "mutual_information" and by_embedding):
                raise ValueError(f"losses.{name}: mixup leaves no clip with one gloss and one signer; set it to 0, or "
                                 "augment.mixup: 0")
        for name in ("attention_sparsity", "attention_smoothness"):
            if getattr(losses, name) and not self.signer_embedding:
                raise ValueError(f"losses.{name}: this model has no attention over time to regularise; set it to 0")
        return self

    @model_validator(mode="after")
    def _something_trains_each_part(self) -> Self:
        losses = self.losses
        if self.embedding is None and not losses.classification:
            raise ValueError("losses.classification: nothing else trains a classifier; set it to 1, or give the model "
                             "an embedding")
        if self.embedding is not None and not (losses.triplet or losses.proxy or losses.contrastive):
            raise ValueError("embedding: no loss is about its vectors; set losses.triplet, losses.proxy or "
                             "losses.contrastive to 1")
        return self

    @model_validator(mode="after")
    def _batches_can_be_made(self) -> Self:
        batching = self.batching
        if batching.clips_per_sign and self.batch_size % batching.clips_per_sign:
            raise ValueError(f"batching.clips_per_sign: {batching.clips_per_sign} clips of each sign don't fill a "
                             f"batch of {self.batch_size}; make it a divisor of batch_size")
        if batching.signers_per_sign > batching.clips_per_sign:
            raise ValueError(f"batching.signers_per_sign: {batching.signers_per_sign} people need as many clips; raise "
                             "batching.clips_per_sign")
        if batching.hard_from_epoch and not self.losses.triplet:
            raise ValueError("batching.hard_from_epoch: the triplets that are used steer it; set losses.triplet to 1")
        return self
