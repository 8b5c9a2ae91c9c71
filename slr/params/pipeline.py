"""Settings of the pipeline's stages, in the order of `params.yaml`."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from slr.errors import ParamsError
from slr.params.corpora import BUILT_IN, reader_named
from slr.params.extractors import EXTRACTORS, extractor_named
from slr.params.nearest import nearest
from slr.params.persons import Person
from slr.params.section import Device, Fraction, Hash, Positive, Section
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
    units: Literal["fraction", "pixel", "normalised"] = "fraction"
    """Units of x and y in image coordinates: fractions of the frame's width and height; pixels of a frame of `size`; or
    normalised, with the origin between the shoulders and their width as unit. `.pose` files' are recognised by their
    values, unless this is `pixel` or `normalised`."""
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
    """`sample`: the built-in synthetic signer; `folder` and `eaf`: your own recordings, see `slr use folder`; the
    others: published corpora, see `docs/corpora.md`, and landmark corpora, see `docs/corpora-landmarks.md`; or the
    dotted name of a reader of your own, see `CONTRIBUTING.md`."""
    source: str = "pipeline/corpus.py"
    """Dependency of the corpus stage besides its code, usually the recordings: the stage reruns when it changes."""
    root: str = "data/sample"
    """Folder that the manifest's media paths are relative to."""
    annotations: str | list[str] | None = None
    """For `folder`: CSV with the columns `path,gloss[,signer][,split][,start_s,end_s][,glosses]`, or several, which may
    name a split in their file names (`train.csv`, ...); null reads `<gloss>/<clip>`. For a published corpus: its
    annotation file or folder; null looks for it in the root."""
    tier: str | None = None
    """For `eaf`: the tier of ELAN's files whose annotations are glosses."""
    sentence_tier: str | None = None
    """For `eaf`: the tier whose annotations are sentences, of the glosses of `tier` in them; the same tier if its
    annotations hold several glosses. null makes each gloss a clip."""
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
            boxes = lists = False
        else:
            try:
                reader = reader_named(self.name)
            except ParamsError as error:
                raise ValueError(f"name: {error}") from None
            subsets, boxes, lists = reader.subsets, "crop" in reader.settings, reader.lists
        if self.subset is not None and self.subset not in subsets:
            raise ValueError(f"subset {self.subset!r} is not one of corpus {self.name}'s; " + (
                f"use {', '.join(map(str, subsets))} or null" if subsets else "it has none, use null"))
        if isinstance(self.annotations, list) and not (self.annotations and lists):
            raise ValueError(f"annotations: corpus {self.name} takes one path; give it without brackets, or use null")
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
    person: Person | None = None
    """Crop each video to one person, before it is made smaller: the `largest`, or the one at the `left` or `right` of
    the picture; or to a box [x, y, width, height] in pixels. null keeps the whole picture, in which MediaPipe chooses
    a person. A clip with a box of its own is cropped to that."""
    clips_per_shard: Positive = 64


class LandmarksParams(Section):
    """Landmark extraction from video."""

    extractor: str = "holistic"
    """`holistic`: MediaPipe Holistic; `tasks`: the landmarkers of MediaPipe Tasks; `wholebody_onnx`: a network for
    COCO-WholeBody, in ONNX; or the dotted name of one of your own, see `CONTRIBUTING.md`."""
    skeleton: str = "holistic-75"
    """Joints that are extracted and stored. Of `holistic` and `tasks`: pose 33 + hands 42, and with `holistic-553` the
    face's 478, which takes an eighth longer and eight times the space; of `wholebody_onnx`: `wholebody-65`, body and
    hands, or `wholebody-133`, which has the face. By default the extractor's first."""
    min_detection_confidence: Fraction = 0.5
    """A person, or a hand, that is detected with less confidence is not there."""
    min_tracking_confidence: Fraction = 0.5
    """Of `holistic` and `tasks`: what is tracked with less confidence is detected anew."""
    min_joint_confidence: Fraction = 0.3
    """Of `wholebody_onnx`: a joint whose confidence is lower is missing."""
    weights: dict[str, str] = {}
    """Files of the extractor's networks, or their URLs: of `tasks` `pose`, `hands` and, for `holistic-553`, `face`; of
    `wholebody_onnx` `pose` and, if people don't fill the frame, `detector`."""
    weights_sha256: dict[str, Hash] = {}
    """SHA-256 of each of them; required for a URL."""
    clips_per_shard: Positive = 256

    @model_validator(mode="before")
    @classmethod
    def _skeleton_of_the_extractor(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "skeleton" in content or not isinstance(content.get("extractor"), str):
            return content
        try:
            return {**content, "skeleton": extractor_named(content["extractor"]).skeletons[0]}
        except ParamsError:  # the check below words it
            return content

    @model_validator(mode="after")
    def _settings_fit_the_extractor(self) -> Self:
        try:
            known = extractor_named(self.extractor)
        except ParamsError as error:
            raise ValueError(f"extractor: {error}") from None
        if self.skeleton not in known.skeletons:
            raise ValueError(f"skeleton: extractor {self.extractor} doesn't find {self.skeleton!r}"
                             f"{nearest(self.skeleton, known.skeletons)}")
        if self.extractor in EXTRACTORS:
            for field, given in (("weights", self.weights), ("weights_sha256", self.weights_sha256)):
                if strange := sorted(given.keys() - {*known.weights, *known.optional}):
                    takes = ", ".join((*known.weights, *known.optional)) or "none"
                    raise ValueError(f"{field}: extractor {self.extractor} has no '{strange[0]}'; its files: {takes}")
        return self


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
    """The models that `dvc repro` trains; each names a block of `models`. None for a gallery, of one clip a gloss."""
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
