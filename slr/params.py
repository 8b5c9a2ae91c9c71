"""The typed schema of `params.yaml`, and the one place where defaults live.

`load` validates the whole file at once, so that a misspelt name in a model's settings fails before the first stage and
not after an hour; the message carries the nearest right name.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from slr.errors import ParamsError

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A block of `params.yaml`: unknown names are errors, values are checked, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class SampleParams(Section):
    """The built-in corpus: a drawn signer (`corpus.name: sample`)."""

    parts: list[Literal["isolated", "sentences", "streams"]] = ["isolated"]
    """What is drawn: clips with one sign, sentences, and streams of signing, idling and speaking-like gestures."""
    signs: Annotated[int, Field(ge=2, le=16)] = 16
    """How many of the invented signs."""
    signers: Positive = 8
    """How many drawn people."""
    repetitions: Positive = 3
    """Clips of each sign by each signer."""
    sentences: Positive = 120
    streams: Positive = 24
    fps: Annotated[float, Field(gt=0)] = 15
    size: Annotated[int, Field(ge=128)] = 320
    seed: int = 1


class CorpusParams(Section):
    """Which corpus, where its media lie, and what to do about a clip that can't be used."""

    name: Literal["sample", "folder"] = "sample"
    """`sample`: the built-in drawn signer; `folder`: your own recordings, see `slr use folder`."""
    source: str = "slr/corpora/sample"
    """What the corpus stage is rerun for when it changes: the drawing code, or the recordings."""
    root: str = "data/sample"
    """Folder that the manifest's media paths are relative to."""
    annotations: str | None = None
    """CSV with the columns `path,gloss[,signer][,split][,start_s,end_s][,glosses]`; null reads `<gloss>/<clip>`."""
    on_error: Literal["fail", "skip"] = "fail"
    """Whether a clip that can't be used stops the stage at its end, or is left out and listed."""
    max_failures: Fraction = 0.05
    """With `on_error: skip`: the largest share of clips that may fail."""
    sample: SampleParams = SampleParams()


class FramesParams(Section):
    """Video to JPEG frames."""

    fps: Annotated[float, Field(gt=0)] | None = 15
    """Frames taken a second; null keeps the native rate."""
    size: Annotated[int, Field(ge=64)] | None = 320
    """Short side in pixels, never enlarged; null keeps the native size."""
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    """JPEG quality."""
    clips_per_shard: Positive = 64


class LandmarksParams(Section):
    """Frames to landmarks, by MediaPipe Holistic."""

    skeleton: Literal["holistic-75", "holistic-553"] = "holistic-553"
    """Joints that are stored: pose 33 + hands 42, and with 553 the face's 478."""
    min_detection_confidence: Fraction = 0.5
    min_tracking_confidence: Fraction = 0.5
    clips_per_shard: Positive = 256


class SplitsParams(Section):
    """Which clips are for training, validation and test."""

    by: Literal["auto", "official", "signer", "video"] = "auto"
    """`auto`: the corpus's own split where it has one, else by signer where signers are known, else by video."""
    val: Fraction = 0.125
    test: Fraction = 0.25
    """Shares of the signers (by signer) or of each gloss's videos (by video)."""
    folds: Annotated[int, Field(ge=0)] = 0
    """Test folds written beside the split, each with signers (by video: files) of its own; with at least as many folds
    as signers, each leaves one signer out. 0 for none."""
    seed: int = 1


class SignersParams(Section):
    """Pseudo-signers: clusters of clips by what describes a person."""

    clusters: Annotated[int, Field(ge=2)] | Literal["auto"] = "auto"
    """Number of clusters, or `auto`: the best silhouette between 2 and `max_clusters`."""
    max_clusters: Annotated[int, Field(ge=2)] = 16
    seed: int = 1


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


class TrainingParams(Section):
    """What every model's training loop takes; a model's own block adds its architecture."""

    joints: str = "spoter-54"
    """Skeleton that the model sees, picked or derived from the landmarks'."""
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


class SpoterParams(TrainingParams):
    """SPOTER (Bohacek and Hruz, WACV-W 2022), repaired; `published: true` is the network and training of the paper."""

    family: Literal["spoter"] = "spoter"
    """Which network: a module of `slr/models`."""
    published: bool = False
    """Replace every setting of this block by the paper's, except `joints`, `epochs` and `patience`."""
    normalise: Literal["none", "frame", "clip"] = "clip"
    """SPOTER's boxes, the body's measured in each `frame` (as published) or once a `clip`; `none`: frame heights."""
    missing: Literal["learned", "zero"] = "learned"
    """What stands for a missing joint: a learned point, or zero before .5 is taken off (as published)."""
    positions: Literal["none", "published", "sinusoidal", "learned"] = "sinusoidal"
    """What tells the order of frames; `published` is one vector for all frames, so tells nothing."""
    d_model: Positive | None = 128
    """Width after a linear projection; null works on the coordinates themselves, as published."""
    heads: Positive = 8
    """Attention heads; they divide the width."""
    encoder_layers: Positive = 3
    """Self-attention over the frames."""
    decoder_layers: Positive = 2
    """Attention of the class query to the encoded frames."""
    feedforward: Positive = 256
    """Hidden width inside each layer."""
    norm_first: bool = True
    """Normalise before attention and feed-forward; after them, as published, needs smaller learning rates."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """In each layer."""

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and settings.get("published") is True:
            return {**settings, **SPOTER_AS_PUBLISHED}
        return settings

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        from slr.skeleton import skeleton

        width = self.d_model or 2 * len(skeleton(self.joints))
        if width % self.heads:
            raise ValueError(f"heads: {self.heads} heads don't divide the width of {width}; "
                             f"{'change d_model or heads' if self.d_model else 'set d_model or change heads'}")
        return self


SPOTER_AS_PUBLISHED = {
    "normalise": "frame", "missing": "zero", "positions": "published", "d_model": None, "heads": 9,
    "encoder_layers": 6, "decoder_layers": 6, "feedforward": 2048, "norm_first": False, "dropout": 0.1,
    "batch_size": 1, "optimizer": "sgd", "lr": 0.001, "weight_decay": 0, "warmup_epochs": 0, "schedule": "constant",
    "label_smoothing": 0, "gradient_clip": 0, "augment": {"one_at_a_time": True},
}


ModelParams = Annotated[SpoterParams, Field()]
"""Settings of one model; `family` tells which. (A union over families as they are added.)"""


class TrainParams(Section):
    """What is trained, and what holds for every model."""

    model: str = "spoter"
    """The selected model: its metrics and weights become `metrics/metrics.json` and `models/selected`."""
    models: list[str] = ["spoter", "spoter_published"]
    """The models that `dvc repro` trains; each names a block of `models`."""
    seed: int = 1
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"


class EvaluationParams(Section):
    """What is measured besides the standard metrics."""

    gloss_sets: dict[str, list[str]] = {}
    """Named sets of glosses; each adds the metric `top1_<name>`, over the clips of these glosses alone."""


class ComputeParams(Section):
    """How much of the machine is used; results don't depend on it."""

    workers: Annotated[int, Field(ge=0)] = 0
    """Processes; 0 for one per core."""


class Params(Section):
    """The whole of `params.yaml`."""

    task: Literal["isolated"] = "isolated"
    corpus: CorpusParams = CorpusParams()
    frames: FramesParams = FramesParams()
    landmarks: LandmarksParams = LandmarksParams()
    splits: SplitsParams = SplitsParams()
    signers: SignersParams = SignersParams()
    train: TrainParams = TrainParams()
    models: dict[str, ModelParams] = {"spoter": SpoterParams(), "spoter_published": SpoterParams(published=True)}
    evaluation: EvaluationParams = EvaluationParams()
    compute: ComputeParams = ComputeParams()

    @model_validator(mode="after")
    def _models_exist(self) -> Self:
        for where, name in [("train.model", self.train.model), *(("train.models", m) for m in self.train.models)]:
            if name not in self.models:
                raise ValueError(f"{where}: there is no model '{name}' under models{_nearest(name, self.models)}")
        if self.train.model not in self.train.models:
            raise ValueError(f"train.model: '{self.train.model}' is not in train.models, so nothing would train it; "
                             f"add it to train.models or select one of {', '.join(self.train.models)}")
        return self


def load(path: str | Path = "params.yaml") -> Params:
    """Read and check `params.yaml`.

    Raises
    ------
    ParamsError
        If the file is missing, isn't YAML, or holds an unknown name or a value out of range; all problems at once,
        each with its place, and with the nearest right name for a misspelt one.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ParamsError(f"{path} is not here; run this from the project's folder") from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {error}") from None
    return parse(content, str(path))


def parse(content: dict[str, Any], source: str = "params") -> Params:
    """Check settings that are already read; `source` names them in errors. Raises ParamsError like `load`."""
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        problems = "\n".join(f"  {_explain(problem)}" for problem in error.errors())
        raise ParamsError(f"{source} can't be used:\n{problems}") from None


def describe(section: type[Section] = Params, place: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every setting in the order of the file: its place (`frames.fps`), its default, and what it means."""
    for name, field in section.model_fields.items():
        default = field.get_default()
        if name == "models":
            yield from describe(SpoterParams, "models.<name>.")
        elif isinstance(default, Section):
            yield from describe(type(default), f"{place}{name}.")
        else:
            yield f"{place}{name}", default, " ".join((field.description or "").split())


def _explain(problem: Any) -> str:
    """One line for one of pydantic's problems: the place, what is wrong, the nearest right name or value."""
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        parent = _section_at(problem["loc"][:-1])
        names = list(parent.model_fields) if parent else []
        return f"{place}: unknown name{_nearest(str(problem['loc'][-1]), names)}"
    if problem["type"] == "literal_error":
        allowed = problem["ctx"]["expected"]
        options = [word.strip(" '") for word in allowed.replace(" or ", ",").split(",")]
        return f"{place}: {problem['input']!r} is not one of {allowed}{_nearest(str(problem['input']), options)}"
    message = problem["msg"].removeprefix("Value error, ")
    return message if not place else f"{place}: {message} (got {problem['input']!r})"


def _section_at(path: tuple[str | int, ...]) -> type[Section] | None:
    """The class of the block at a place in the file."""
    section: Any = Params
    for part in path:
        if section is Params and part == "models":
            return _section_at_model(path[path.index("models") + 1:])
        section = section.model_fields[part].annotation
    return section if isinstance(section, type) and issubclass(section, Section) else None


def _section_at_model(path: tuple[str | int, ...]) -> type[Section] | None:
    section: Any = SpoterParams
    for part in path[1:]:
        if part in section.model_fields:
            section = section.model_fields[part].annotation
    return section


def _nearest(name: str, names: Any) -> str:
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(sorted(names))}"
