"""Settings of the pipeline's stages, in the order of `params.yaml`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slr.errors import ParamsError
from slr.params.corpora import BUILT_IN, reader_named
from slr.params.section import Device, Fraction, Positive, Section
from slr.params.windows import WindowsParams


class SampleParams(Section):
    """The built-in corpus of a synthetic signer (`corpus.name: sample`)."""

    parts: list[Literal["isolated", "sentences", "streams"]] = ["isolated", "sentences", "streams"]
    """Parts to render: clips of single signs, sentences, and streams of signing, idling and speaking-like gestures."""
    signs: Annotated[int, Field(ge=2, le=16)] = 16
    """Number of invented signs."""
    signers: Positive = 8
    """Number of synthetic signers."""
    repetitions: Positive = 2
    """Clips of each sign by each signer."""
    sentences: Positive = 60
    streams: Positive = 8
    fps: Annotated[float, Field(gt=0)] = 12
    size: Annotated[int, Field(ge=128)] = 320
    seed: int = 1


class ImportedParams(Section):
    """Landmark corpora without video: what their files don't specify."""

    skeleton: str | None = None
    """The joints: the name of a skeleton, or a YAML or JSON file that defines one; null if the format defines them."""
    fps: Annotated[float, Field(gt=0)] = 25
    """Frame rate of recordings whose files don't specify it."""
    size: tuple[Positive, Positive] | None = None
    """Frame width and height in pixels of recordings whose files don't specify them; null: square."""
    units: Literal["fraction", "pixel"] = "fraction"
    """Units of x and y in image coordinates: fractions of the frame's width and height, or pixels of a frame of
    `size`."""
    y_axis: Literal["auto", "down", "up"] = "auto"
    """Direction of y in image coordinates; `auto`: as in the files, or for SPOTER's inferred from noses and
    shoulders."""
    confidence: Annotated[float, Field(ge=0)] = 0
    """Of `openpose` and `coco_wholebody`: a joint whose confidence is at most this is missing."""
    missing: float | None = None
    """A joint whose x and y both have this value is missing, like one that is NaN; null: only NaN."""


class JoinedParams(Section):
    """Sentences concatenated from isolated-sign takes (`corpus.name: joined`)."""

    sentences: Positive = 1200
    """Number of training sentences; or of all sentences, if the takes have no split."""
    test_sentences: Positive = 200
    """Number of test sentences, and of validation sentences if there are takes for validation."""
    min_glosses: Positive = 2
    max_glosses: Positive = 5
    """Glosses per sentence: minimum and maximum; every number in between is equally frequent."""
    vocabulary: Positive | None = None
    """Use only the first this many glosses, in the order of the takes' clip ids; null for all."""
    rest_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """A sign starts and ends where a hand is this far from its rest position, as a share of its maximum in the take."""
    margin_s: Annotated[float, Field(ge=0)] = 0.1
    """Maximum part of a take kept before and after its sign, within a sentence; the length is drawn each time."""
    edge_margin_s: Annotated[float, Field(ge=0)] = 0.6
    """The same before a sentence's first sign and after its last."""
    transition_s: Annotated[float, Field(ge=0)] = 0.2
    """Duration of the linear transition of every joint from the end of one take to the start of the next."""
    seed: int = 1

    @model_validator(mode="after")
    def _glosses_in_order(self) -> Self:
        if self.max_glosses < self.min_glosses:
            raise ValueError(f"max_glosses: {self.max_glosses} is below min_glosses ({self.min_glosses}); "
                             "raise it")
        return self


class CorpusParams(Section):
    """Which corpus, where its media are, and how unusable clips are handled."""

    name: str = "sample"
    """`sample`: the built-in synthetic signer; `folder`: your own recordings, see `slr use folder`; the others:
    published corpora, see `docs/corpora.md`, and landmark corpora, see `docs/corpora-landmarks.md`; or the dotted name
    of a reader of your own, see `CONTRIBUTING.md`."""
    source: str = "pipeline/corpus.py"
    """Dependency of the corpus stage besides its code, usually the recordings: the stage reruns when it changes."""
    root: str = "data/sample"
    """Folder that the manifest's media paths are relative to."""
    annotations: str | None = None
    """For `folder`: CSV with the columns `path,gloss[,signer][,split][,start_s,end_s][,glosses]`; null reads
    `<gloss>/<clip>`. For a published corpus: its annotation file or folder; null looks for it in the root."""
    splits: str | None = None
    """For `sca_npz`: SCA-STGCN's `splits.json`, the split of each video; null reads the one in the root, if there is
    one."""
    subset: Literal[50, 100, 200, 300, 500, 1000, 2000, "all", "SI5", "words"] | None = None
    """For `wlasl` and `msasl`: the first this many glosses, null = all; for `include`: 50 is INCLUDE-50; for `ipn`:
    `all` keeps the segments without a gesture (D0X) as a class, null leaves them out; for `phoenix2014`: `SI5` is its
    signer-independent setup; for `boston104`: `words` makes each word a clip, null each sentence."""
    crop: Literal["none", "bbox"] = "none"
    """For `wlasl` and `msasl`: `bbox` crops each frame to the corpus's bounding box of the signer."""
    on_error: Literal["fail", "skip"] = "fail"
    """Whether an unusable clip makes the stage fail at its end, or is skipped and listed."""
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
            boxes = False
        else:
            try:
                reader = reader_named(self.name)
            except ParamsError as error:
                raise ValueError(f"name: {error}") from None
            subsets, boxes = reader.subsets, "crop" in reader.settings
        if self.subset is not None and self.subset not in subsets:
            raise ValueError(f"subset {self.subset!r} is not one of corpus {self.name}'s; " + (
                f"use {', '.join(map(str, subsets))} or null" if subsets else "it has none, use null"))
        if self.crop == "bbox" and not boxes:
            raise ValueError(f"crop: corpus {self.name} has no boxes; use none")
        return self


class FramesParams(Section):
    """Extraction of JPEG frames from video."""

    fps: Annotated[float, Field(gt=0, le=1000)] | None = 12
    """Frames per second to sample; null keeps the native rate."""
    size: Annotated[int, Field(ge=64)] | None = 320
    """Short side in pixels, never enlarged; null keeps the native size."""
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    """JPEG quality."""
    clips_per_shard: Positive = 64


class LandmarksParams(Section):
    """Landmark extraction by MediaPipe Holistic."""

    skeleton: Literal["holistic-75", "holistic-553"] = "holistic-75"
    """Joints that are extracted and stored: pose 33 + hands 42, and with 553 the face's 478, which takes an eighth
    longer and eight times the space."""
    min_detection_confidence: Fraction = 0.5
    min_tracking_confidence: Fraction = 0.5
    clips_per_shard: Positive = 256


class SplitsParams(Section):
    """Split into training, validation and test clips."""

    by: Literal["auto", "official", "signer", "video"] = "auto"
    """`auto`: the corpus's own split if it has one, else by signer if signers are known, else by video."""
    val: Fraction = 0.125
    test: Fraction = 0.25
    """Share of the signers (by signer) or of each gloss's videos (by video)."""
    folds: Annotated[int, Field(ge=0)] = 0
    """Test folds written beside the split, each with disjoint signers (by video: files); with at least as many folds as
    signers, each leaves one signer out. 0 for none."""
    seed: int = 1


class SignersParams(Section):
    """Pseudo-signers: clusters of clips by features that describe the person."""

    clusters: Annotated[int, Field(ge=2)] | Literal["auto"] = "auto"
    """Number of clusters, or `auto`: the number with the best silhouette between 2 and `max_clusters`; 8 as published.
    """
    statistics: Literal["body", "published"] = "body"
    """What clips are clustered by: `body`, statistics of the person; or as published with SCA-STGCN, the mean and the
    standard deviation of x and y in the frame, a missing joint being at its corner."""
    max_clusters: Annotated[int, Field(ge=2)] = 16
    seed: int = 1


class TrainParams(Section):
    """Which models are trained, and settings common to all."""

    model: str = "spoter"
    """The selected model: its metrics and weights become `metrics/metrics.json` and `models/selected`."""
    models: list[str] = ["spoter"]
    """The models that `dvc repro` trains; each names a block of `models`."""
    budget: Literal["full", "smoke"] = "full"
    """`smoke`: two epochs on at most 128 clips, to check that every model runs; the accuracies are meaningless."""
    seed: int = 1
    device: Device = "auto"
    """`auto` takes a GPU if there is one; or `cpu`, `mps`, `cuda`, `cuda:1` for the second GPU."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Of training; `auto`: bf16 where it is faster, fp16 on GPUs without it."""


class ZooParams(Section):
    """The models of `zoo/params.yaml`, which are trained on request."""

    models: list[str] = []
    """The models that `make zoo` trains; each names a block of `models` in the same file."""


class EvaluationParams(Section):
    """Metrics in addition to the standard ones."""

    gloss_sets: dict[str, list[str]] = {}
    """Named sets of glosses; each adds the metric `top1_<name>`, over the clips of these glosses only."""
    metrics: list[str] = []
    """Custom metrics, by dotted names (`my_package.metrics:balanced_accuracy`) or entry points of the group
    `slr.metrics`: functions of the table of the model's predictions for all test clips."""
    device: Device = "cpu"
    """Device of the tests, as `train.device`; another one than the CPU rounds differently in the last digits."""
    cleanup: Literal["auto", "none", "phoenix2014", "phoenix2014t"] = "auto"
    """Clean-up of glosses before errors are counted: that of PHOENIX's own evaluation, or none; `auto`: according to
    `corpus.name`."""
    wer: Literal["own", "sclite"] = "own"
    """Program that aligns the test sentences for `wer` and its parts: `slr.metrics.wer`, which counts as sclite does,
    or NIST's sclite itself (apt-get install sctk), which also leaves its files test.stm and test.ctm."""


class ComputeParams(Section):
    """Compute resources; results don't depend on them."""

    workers: Annotated[int, Field(ge=0)] = 0
    """Number of processes; 0 for one per core."""
