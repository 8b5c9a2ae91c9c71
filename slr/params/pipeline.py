"""Settings of the pipeline's stages, in the order of `params.yaml`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slr.errors import ParamsError
from slr.params.corpora import BUILT_IN, reader_named
from slr.params.section import Fraction, Positive, Section
from slr.params.windows import WindowsParams


class SampleParams(Section):
    """The built-in corpus: a drawn signer (`corpus.name: sample`)."""

    parts: list[Literal["isolated", "sentences", "streams"]] = ["isolated", "sentences", "streams"]
    """What is drawn: clips with one sign, sentences, and streams of signing, idling and speaking-like gestures."""
    signs: Annotated[int, Field(ge=2, le=16)] = 16
    """How many of the invented signs."""
    signers: Positive = 8
    """How many drawn people."""
    repetitions: Positive = 2
    """Clips of each sign by each signer."""
    sentences: Positive = 60
    streams: Positive = 8
    fps: Annotated[float, Field(gt=0)] = 12
    size: Annotated[int, Field(ge=128)] = 320
    seed: int = 1


class ImportedParams(Section):
    """Corpora that come as landmarks, without video: what their files don't say."""

    skeleton: str | None = None
    """The joints: the name of a skeleton, or a YAML or JSON file that defines one; null where the format says."""
    fps: Annotated[float, Field(gt=0)] = 25
    """Frame rate of recordings whose files don't say."""
    size: tuple[Positive, Positive] | None = None
    """Width and height in pixels of the frames of recordings whose files don't say; null: as wide as high."""
    units: Literal["fraction", "pixel"] = "fraction"
    """Of x and y in image coordinates: fractions of the frame's width and height, or pixels of a frame of `size`."""
    y_axis: Literal["auto", "down", "up"] = "auto"
    """Where y grows to in image coordinates; `auto`: as in the files, or for SPOTER's as their noses and shoulders
    tell."""
    missing: float | None = None
    """A joint whose x and y both have this value is missing, as one that is NaN is; null: only NaN."""


class JoinedParams(Section):
    """Sentences joined of takes of one sign each (`corpus.name: joined`)."""

    sentences: Positive = 1200
    """Sentences for training; or all, of takes that have no split."""
    test_sentences: Positive = 200
    """Sentences for test, and as many for validation where takes are for that."""
    min_glosses: Positive = 2
    max_glosses: Positive = 5
    """Glosses of a sentence, at least and at most; each number as often as any other."""
    vocabulary: Positive | None = None
    """Only the first so many glosses, in the order of the takes' clip ids; null for every one."""
    rest_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """A sign begins and ends where a hand is so far from rest, as a share of the farthest in the take."""
    margin_s: Annotated[float, Field(ge=0)] = 0.1
    """The longest that a take goes on before and after its sign, within a sentence; how long is drawn each time."""
    edge_margin_s: Annotated[float, Field(ge=0)] = 0.6
    """The same before a sentence's first sign and after its last."""
    transition_s: Annotated[float, Field(ge=0)] = 0.2
    """Time in which every joint goes straight from the end of one take to the start of the next."""
    seed: int = 1

    @model_validator(mode="after")
    def _glosses_in_order(self) -> Self:
        if self.max_glosses < self.min_glosses:
            raise ValueError(f"max_glosses: {self.max_glosses} is below min_glosses ({self.min_glosses}); "
                             "raise it")
        return self


class CorpusParams(Section):
    """Which corpus, where its media lie, and what to do about a clip that can't be used."""

    name: str = "sample"
    """`sample`: the built-in drawn signer; `folder`: your own recordings, see `slr use folder`; the others: published
    corpora, see `docs/corpora.md`, and corpora that come as landmarks, see `docs/corpora-landmarks.md`; or the dotted
    name of a reader of your own, see `CONTRIBUTING.md`."""
    source: str = "pipeline/corpus.py"
    """What the corpus stage is rerun for when it changes, besides its code: the recordings."""
    root: str = "data/sample"
    """Folder that the manifest's media paths are relative to."""
    annotations: str | None = None
    """For `folder`: CSV with the columns `path,gloss[,signer][,split][,start_s,end_s][,glosses]`; null reads
    `<gloss>/<clip>`. For a published corpus: its annotation file or folder; null looks for it in the root."""
    subset: Literal[100, 300, 1000, 2000, "all", "SI5", "words"] | None = None
    """For `wlasl`: its first so many glosses, null = every one; for `ipn`: `all` keeps the stretches without a gesture
    (D0X) as a class, null leaves them out; for `phoenix2014`: `SI5` is its signer-independent setup; for
    `boston104`: `words` makes each word a clip, null each sentence."""
    crop: Literal["none", "bbox"] = "none"
    """For `wlasl`: `bbox` cuts each picture to the corpus's box around the signer."""
    on_error: Literal["fail", "skip"] = "fail"
    """Whether a clip that can't be used stops the stage at its end, or is left out and listed."""
    max_failures: Fraction = 0.05
    """With `on_error: skip`: the largest share of clips that may fail."""
    sample: SampleParams = SampleParams()
    imported: ImportedParams = ImportedParams()
    windows: WindowsParams = WindowsParams()
    joined: JoinedParams = JoinedParams()

    @model_validator(mode="after")
    def _settings_fit_the_corpus(self) -> Self:
        if self.name == BUILT_IN:
            subsets: tuple[int | str, ...] = ()
        else:
            try:
                subsets = reader_named(self.name).subsets
            except ParamsError as error:
                raise ValueError(f"name: {error}") from None
        if self.subset is not None and self.subset not in subsets:
            raise ValueError(f"subset {self.subset!r} is not one of corpus {self.name}'s; " + (
                f"use {', '.join(map(str, subsets))} or null" if subsets else "it has none, use null"))
        if self.crop == "bbox" and self.name != "wlasl":
            raise ValueError(f"crop: corpus {self.name} has no boxes; use none")
        return self


class FramesParams(Section):
    """Video to JPEG frames."""

    fps: Annotated[float, Field(gt=0)] | None = 12
    """Frames taken a second; null keeps the native rate."""
    size: Annotated[int, Field(ge=64)] | None = 320
    """Short side in pixels, never enlarged; null keeps the native size."""
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    """JPEG quality."""
    clips_per_shard: Positive = 64


class LandmarksParams(Section):
    """Frames to landmarks, by MediaPipe Holistic."""

    skeleton: Literal["holistic-75", "holistic-553"] = "holistic-75"
    """Joints that are found and stored: pose 33 + hands 42, and with 553 the face's 478, which takes an eighth longer
    and eight times the space."""
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


class TrainParams(Section):
    """What is trained, and what holds for every model."""

    model: str = "spoter"
    """The selected model: its metrics and weights become `metrics/metrics.json` and `models/selected`."""
    models: list[str] = ["spoter"]
    """The models that `dvc repro` trains; each names a block of `models`."""
    budget: Literal["full", "smoke"] = "full"
    """`smoke`: two epochs on at most 128 clips, to see that every model runs; the accuracies mean nothing."""
    seed: int = 1
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"


class ZooParams(Section):
    """The models of `zoo/params.yaml`, which are trained when they are asked for."""

    models: list[str] = []
    """The models that `make zoo` trains; each names a block of `models` in the same file."""


class EvaluationParams(Section):
    """What is measured besides the standard metrics."""

    gloss_sets: dict[str, list[str]] = {}
    """Named sets of glosses; each adds the metric `top1_<name>`, over the clips of these glosses alone."""
    metrics: list[str] = []
    """Metrics of your own, by dotted names (`my_package.metrics:balanced_accuracy`) or entry points of the group
    `slr.metrics`: functions of the table of what a model answered for each test clip."""
    cleanup: Literal["auto", "none", "phoenix2014", "phoenix2014t"] = "auto"
    """What is done to the glosses of sentences before errors are counted: the clean-up of PHOENIX's own evaluation, or
    nothing; `auto`: as `corpus.name` says."""


class ComputeParams(Section):
    """How much of the machine is used; results don't depend on it."""

    workers: Annotated[int, Field(ge=0)] = 0
    """Processes; 0 for one per core."""
