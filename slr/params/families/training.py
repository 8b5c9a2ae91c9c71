"""Settings common to all models: joints, training, augmentation, losses."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from slr.params.lookup import locate
from slr.params.section import Dropout, Fraction, Frames, Positive, Section

Normalisation = Literal["none", "raw", "frame", "clip", "shoulders", "hands", "published", "published_down"]
"""How coordinates are normalised: `ModelParams.normalise`."""
FAMILIES: "dict[str, type[ModelParams]]" = {}
"""The settings class of each model family, by its name."""


class AugmentParams(Section):
    """Random augmentation of training clips, drawn anew for each clip and epoch; 0 disables an augmentation.

    Applied in this order: time, mirroring, view, normalisation, and those on normalised coordinates.
    """

    crop: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest share of a clip's frames that is cropped, over both ends together."""
    frame_rate: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest relative change of the frame rate: .2 makes clips up to a fifth shorter or longer."""
    mirror: Fraction = 0
    """Share of clips that are mirrored, with left and right joints swapped; a left-handed signer becomes
    right-handed."""
    probability: Fraction = 0.5
    """Probability of each view augmentation per clip: rotation, squeeze, perspective, arm rotation, yaw."""
    one_at_a_time: bool = False
    """Apply at most one view augmentation per clip (`probability` is then the share of clips that get any), as
    published."""
    views: Literal["person", "published", "published_down"] = "person"
    """What a view augmentation changes: the whole `person`; or as in SPOTER's code, the body without the hands, except
    for rotation, which also makes missing joints appear (y upwards: `published`, or downwards: `published_down`)."""
    rotate_degrees: Annotated[float, Field(ge=0)] = 13
    """Largest rotation in the image plane."""
    squeeze: Annotated[float, Field(ge=0, lt=0.5)] = 0.15
    """Largest share of the width removed at each side of the frame (of landmarks in metres: of a 1 m square around the
    body)."""
    perspective: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Largest shift of two corners on one side of the frame, as a fraction of its height (of landmarks in metres: in
    metres)."""
    arm_degrees: Annotated[float, Field(ge=0)] = 4
    """Largest rotation around a joint of the arm; all joints below it move along."""
    arm_joint_probability: Fraction = 0.3
    """Probability that each shoulder, elbow and wrist is rotated in a clip that gets arm rotation."""
    yaw_degrees: Annotated[float, Field(ge=0, le=90)] = 0
    """Largest rotation around the vertical axis, using the landmarks' z: simulates another viewpoint."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest relative scaling of the normalised coordinates."""
    shift: Annotated[float, Field(ge=0)] = 0
    """Largest shift of the normalised coordinates, in x and in y, in their units."""
    noise_std: Annotated[float, Field(ge=0)] = 0.001
    """Standard deviation of Gaussian noise on the normalised coordinates."""
    time_mask: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest share of a clip's frames that is masked, in one contiguous span."""
    frame_dropout: Dropout = 0
    """Probability that a frame is masked, independently for each."""
    joint_dropout: Dropout = 0
    """Probability that a joint is masked for a whole clip, independently for each."""
    part_dropout: Fraction = 0
    """Share of clips in which one body part is masked: a hand, an arm with its hand, or the face."""
    mixup: Annotated[float, Field(ge=0)] = 0
    """Alpha of the Beta distribution of the mixing coefficient of mixup; larger mixes more evenly."""


Weight = Annotated[float, Field(ge=0)]
Alpha = Annotated[float, Field(gt=0)]


class LossParams(Section):
    """Loss weights; 0 disables a loss."""

    published: bool = False
    """Class weights, contrastive, mutual-information and attention terms as in the code of SCA-STGCN; set by
    `published: true` of that model."""
    signers: Literal["pseudo", "true"] = "pseudo"
    """Signer labels used by the signer-aware losses: pseudo-signers, or the corpus's own where known."""
    classification: Weight = 1
    """Weight of the classification loss (cross-entropy or focal loss); optional with an `embedding`."""
    focal: bool = False
    """Focal loss instead of cross-entropy: down-weights easy examples."""
    focal_alpha: Alpha | Annotated[list[Alpha], Field(min_length=1)] = 0.25
    """Scale factor (alpha) of the focal loss; or a list with one for each class, in the order of their names."""
    focal_gamma: Annotated[float, Field(ge=0)] = 2
    """Focusing parameter (gamma): the higher, the less easy examples count."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced`: class weights inversely related to the gloss's frequency among the training clips."""
    adversary: Weight = 0
    """Weight of the adversarial signer classifier; .5 as published."""
    adversary_lambda: Weight = 0.5
    """Factor of the reversed gradient from that classifier to the features."""
    contrastive: Weight = 0
    """Weight of the supervised contrastive loss within a batch; .1 as published."""
    contrastive_temperature: Annotated[float, Field(gt=0)] = 0.07
    """Temperature: the lower, the more the nearest clips count."""
    triplet: Weight = 0
    """Weight of the triplet loss; 1 as published."""
    triplets: Literal["hard", "all", "random"] = "hard"
    """Triplets of the loss: those of a batch that aren't easy (`hard`), `all` of a batch, or one for each clip of a
    batch, whose other two clips are drawn from all training clips at `random`."""
    triplet_margin: Annotated[float, Field(gt=0)] = 1
    """Margin of the triplet loss, in the features' units."""
    proxy: Weight = 0
    """Weight of the proxy loss, between the clips and one learned vector per gloss."""
    proxy_loss: Literal["anchor", "nca"] = "anchor"
    """Proxy-Anchor (Kim et al., CVPR 2020) or Proxy-NCA (Movshovitz-Attias et al., ICCV 2017)."""
    mutual_information: Weight = 0
    """Weight of the mutual information between features and signer (CLUB, an upper bound in nats); .1 as published."""
    mutual_information_with: Literal["embedding", "signers"] = "embedding"
    """Representation of the signer: the model's signer embedding, or the (pseudo-)signer labels."""
    mutual_information_hidden: Positive = 128
    """Hidden width of CLUB's estimator."""
    attention_sparsity: Weight = 0
    """Weight of the entropy of the temporal attention, in nats; as published, of the magnitude of what it gives."""
    attention_smoothness: Weight = 0
    """Weight of the squared differences of the attention between consecutive frames; as published, of the magnitude
    of the differences of what it gives."""


class BatchingParams(Section):
    """Batch composition, for losses between clips. By default a batch holds clips of similar length."""

    clips_per_sign: Annotated[int, Field(ge=0)] = 0
    """Clips of the same sign per group, so that each has positives in its batch; 0 for plain shuffling."""
    signers_per_sign: Annotated[int, Field(ge=0)] = 0
    """Different signers per group, where the sign has that many; 0 for no constraint. Signer labels:
    `losses.signers`."""
    pool: Positive = 8
    """Number of random batches whose clips are sorted by length among each other, to save padding; 1 for plain
    shuffling, as published."""
    hard_from_epoch: Annotated[int, Field(ge=0)] = 0
    """First epoch of hard-batch grouping, which puts clips that are easily confused into one batch (200 as published);
    0 for never."""
    hard_batches: Annotated[int, Field(ge=2)] = 16
    """Number of batches that are regrouped at a time."""
    hard_loops: Positive = 5
    """How often each regrouped batch is trained on."""
    hard_min_triplets: Annotated[float, Field(ge=0)] = 10
    """Grouping relaxes its distance threshold and same-sign weight once steps use fewer hard triplets than this, on
    average; 0 for never."""
    hard_decay: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Factor by which the distance threshold of .5 falls each time."""
    hard_least: Annotated[float, Field(ge=0, le=0.5)] = 0.2
    """Least distance threshold."""
    hard_pause: Positive = 10
    """Fewest epochs between two such changes."""
    hard_grouping: Literal["fitting", "published"] = "fitting"
    """How clips are regrouped. `fitting`: groups that fit into one batch are merged. As published: those that don't
    fill one; hardness is measured with dropout; and a last pool of fewer than `hard_batches` stays as it is."""


class EmbeddingParams(Section):
    """Clip embedding: clips of one sign are close together, including signs that were never trained on."""

    size: Positive = 32
    """Dimensions of the embedding."""
    normalise: bool = False
    """Normalise every vector to length 1."""
    dropout: Dropout = 0
    """Share of the network's features that are dropped before the embedding layer."""


class PlateauParams(Section):
    """When `schedule: plateau` reduces the learning rate: torch's `ReduceLROnPlateau`."""

    watch: Literal["selection", "val_loss", "train_loss"] = "selection"
    """What has to improve: the metric that selects the checkpoint, or a loss; without validation clips the training
    loss."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Factor of the learning rate at each reduction."""
    patience: Annotated[int, Field(ge=0)] = 10
    """Epochs without improvement before a reduction."""
    start_epoch: Annotated[int, Field(ge=0)] = 0
    """Number of first epochs that don't count, besides those of the warm-up."""


class ModelParams(Section):
    """Settings of the training loop, common to all models; a model's own block adds its architecture.

    Attributes
    ----------
    network : str
        Dotted name of the family's network, a class that takes the settings, the skeleton and the number of classes. It
        is imported only when a network is built, so that reading params.yaml doesn't import torch.
    task : str
        The model's task: a name in `slr.tasks.TASKS`, an entry point of the group `slr.tasks`, or a dotted name.
    inputs : str
        Dotted name of the model's input type: `slr.preprocessing.inputs`.
    needs_video : bool
        Whether the model needs video, so that a landmark corpus can't be used.
    """

    network: ClassVar[str] = ""
    task: ClassVar[str] = "isolated"
    inputs: ClassVar[str] = "slr.preprocessing.inputs:LandmarkInputs"
    needs_video: ClassVar[bool] = False

    joints: str = "spoter-54"
    """Skeleton of the input, selected or derived from the stored landmarks."""
    channels: Literal[2, 3, 4] = 2
    """Input channels per joint: the first 2, 3 or 4 of x, y, z and visibility."""
    frames: Frames | None = None
    """Resample every clip to this many frames by linear interpolation; null keeps each clip's length."""
    units: Literal["height", "frame"] = "height"
    """Units of x and y before normalisation: frame heights, so that the aspect ratio is corrected; or the `frame`'s own
    width and height, as published."""
    normalise: Normalisation = "clip"
    """SPOTER's boxes, with the body measured in each `frame` or once per `clip`, or as in its code (`published`, with y
    upwards; SPOTER embeddings: `published_down`); `shoulders`: shoulder widths, with the neck as origin; `hands`: as
    `shoulders`, and each hand in palm lengths from its wrist; `none`: `units` from the frame's centre; `raw`: with
    `units: frame`, from its upper left corner."""
    epochs: Positive = 60
    """Maximum number of epochs."""
    batch_size: Positive = 32
    """Clips per step, of similar length."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    """`sgd` has no momentum, as published; `adam` applies weight decay through the gradient."""
    lr: Annotated[float, Field(gt=0)] = 0.001
    """Learning rate after the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    """Applied to weight matrices only; biases, norms and single learned vectors have none."""
    warmup_epochs: Annotated[int, Field(ge=0)] = 5
    """Epochs in which the learning rate rises linearly from 0."""
    schedule: Literal["cosine", "constant", "plateau"] = "cosine"
    """Learning rate after the warm-up: cosine decay to 0, constant, or reduced when a metric stops improving."""
    plateau: PlateauParams = PlateauParams()
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Probability mass spread uniformly over all glosses in the target."""
    gradient_clip: Annotated[float, Field(ge=0)] = 1.0
    """Maximum gradient norm; 0 for no clipping."""
    patience: Positive = 20
    """Early stopping: epochs without a better validation score before training stops."""
    selection: str | None = None
    """Validation metric that selects the checkpoint: `top1`, `top5`, `macro_f1`, `loss`, of an embedding `silhouette`;
    in detection `pr_auc`, `f1`, `macro_f1`, `accuracy`, `loss`; of sentences `wer`, `loss`. Null for the first."""
    start_from: str | None = None
    """Folder of a trained model whose weights are the initial ones (fine-tuning); null for random initialisation."""
    freeze: list[str] = []
    """Parts of the network whose initial weights stay, such as `encoder`: names of weights, or their beginnings up to a
    dot."""
    train_share: Annotated[float, Field(gt=0, le=1)] = 1
    """Share of the training clips that is used, drawn by `train.seed` from each gloss (of sentences and streams, from
    all), at least one clip of each gloss; a larger share contains a smaller one's clips."""
    keep_last: bool = False
    """Keep the last epoch's weights too, as `last.safetensors` beside the best."""
    augment: AugmentParams = AugmentParams()
    losses: LossParams = LossParams()
    batching: BatchingParams = BatchingParams()
    embedding: EmbeddingParams | None = None
    """Map a clip to a vector, and classify it by the nearest training clip; null for a classifier."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "family" in cls.model_fields and cls.network:
            FAMILIES[cls.model_fields["family"].default] = cls

    @classmethod
    def as_published(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings that `published: true` replaces, for families that have this option."""
        return {}

    @model_validator(mode="before")
    @classmethod
    def _publish(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and settings.get("published") is True:
            return {**settings, **cls.as_published(settings)}
        return settings

    @property
    def in_fractions(self) -> bool:
        """Whether x and y are read as fractions of the frame's width and height, its aspect ratio uncorrected."""
        return self.units == "frame" or self.normalise in ("published", "published_down")

    @property
    def initial_weights(self) -> tuple[str, str | None] | None:
        """File or URL of pretrained weights, and the file's SHA-256; None for random initialisation.

        They are loaded by the network's `load_pretrained`.
        """
        return None

    @model_validator(mode="after")
    def _the_corner_is_where_it_is(self) -> Self:
        if self.normalise == "raw" and self.units != "frame":
            raise ValueError("normalise: raw coordinates are in widths and heights of the frame; set units: frame, or "
                             "normalise: none")
        return self

    @model_validator(mode="after")
    def _selection_is_a_metric_of_the_task(self) -> Self:
        if self.selection is not None:
            names = list(locate("slr.tasks:task_of")(self).scores(self))  # by dotted name: tasks stand above settings
            if self.selection not in names:
                raise ValueError(f"selection: {self.selection!r} can't select this model's checkpoint; use one of "
                                 f"{', '.join(names)}, or null")
        return self

    @model_validator(mode="after")
    def _initial_weights_are_of_one_model(self) -> Self:
        if self.start_from is not None and self.initial_weights is not None:
            raise ValueError("start_from: this model has pretrained weights already; leave one of them out")
        if self.freeze and self.start_from is None and self.initial_weights is None:
            raise ValueError("freeze: random weights would stay random; set start_from, or freeze: []")
        return self

    @model_validator(mode="after")
    def _augmentation_can_do_something(self) -> Self:
        from slr.dataset.skeleton import skeleton

        if self.frames is not None and self.augment.frame_rate:
            raise ValueError(f"augment.frame_rate: every clip is resampled to {self.frames} frames, whatever its frame "
                             "rate; set augment.frame_rate: 0 (augment.crop does change it) or frames: null")
        if self.augment.yaw_degrees and self.channels < 3 and skeleton(self.joints).space == "metric":
            raise ValueError(f"augment.yaw_degrees: a turn around '{self.joints}' needs its depth; set channels: 3 or "
                             "augment.yaw_degrees: 0")
        if self.augment.yaw_degrees and self.augment.views != "person":
            raise ValueError("augment.yaw_degrees: SPOTER's code has no such turn; set it to 0, or "
                             "augment.views: person")
        return self

    @property
    def signer_embedding(self) -> int:
        """Dimensions of the model's signer embedding; 0 if it has none, and then no temporal attention either."""
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
        if batching.hard_from_epoch and self.losses.triplets == "random":
            raise ValueError("batching.hard_from_epoch: random triplets aren't of one batch; set it to 0, or "
                             "losses.triplets: hard")
        return self
