"""`slr use NAME`: choose the corpus. Most corpora differ only in help and options, which are in `CORPORA`."""

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from slr.cli.common import PARAMS, ParamsFile, flag, panels, readable_errors
from slr.cli.use_folder import use_folder
from slr.params.windows import SIGNING, spelled

PANELS = {
    "Your own, and the built-in one": ("folder", "sample"),
    "Published: signs and gestures": ("wlasl", "msasl", "asl-citizen", "asl-signs", "lsa64", "autsl", "include",
                                       "isl-kinect", "ipn"),
    "Published: sentences": ("phoenix2014", "phoenix2014t", "csl-daily", "ustc-csl", "how2sign", "boston104"),
    "Landmarks, without video": ("spoter-csv", "sca-npz", "arrays", "pose", "openpose", "coco-wholebody",
                                 "sign-language-datasets", "joined"),
}

app = typer.Typer(no_args_is_help=True, cls=panels(PANELS),
                  help="Choose the corpus: rewrites params.yaml, keeping comments.")

Root = Annotated[Path, typer.Option(metavar="FOLDER", help="The corpus.")]


_NEXT = "Next: `slr check`, then `dvc repro`."
_SAMPLES = {str: "NAME", tuple[int, int]: "1280 720"}
_METAVARS = {Path: "PATH", list[Path]: "PATH", bool: "", int: "N", float: "NUMBER", str: "NAME",
             tuple[int, int]: "WIDTH HEIGHT"}


class Option(NamedTuple):
    """An option of a corpus.

    Attributes
    ----------
    setting : str
        The setting: an argument of `slr.corpora.use.use_published`, or a value of one of its dicts (`imported.fps`).
    flag, help : str
    kind : type, default Path
        Type of the option's value.
    default : object
        `...` if the option is required.
    least : int, optional
    meaning : callable, optional
        Maps the option's value to the setting's, or to `...` to leave that as it is; by default the identity.
    """

    setting: str
    flag: str
    help: str
    kind: Any = Path
    default: Any = None
    least: int | None = None
    meaning: Callable[[Any], Any] | None = None

    @property
    def name(self) -> str:
        """The parameter's name: several options may be about one setting."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def parameter(self) -> Parameter:
        """The command's parameter in Typer's form."""
        kind = self.kind | None if self.default is None else self.kind
        return Parameter(self.name, Parameter.KEYWORD_ONLY,
                         default=Parameter.empty if self.default is ... else self.default,
                         annotation=Annotated[kind, typer.Option(
                             self.flag, min=self.least, metavar=_METAVARS.get(self.kind), help=self.help)])


def _switch(setting: str, flag: str, help: str, on: Any, off: Any = None) -> Option:
    """A boolean flag, and the values that it sets."""
    return Option(setting, flag, help, bool, False, meaning={True: on, False: off}.__getitem__)


def _positive(labels: str) -> str | list[str]:
    """Labels that count as signing besides S, which stays the name of their class."""
    others = [label for name in labels.split(",") if (label := name.strip()) and spelled(label) != SIGNING]
    return [SIGNING, *others] if others else SIGNING


def _lists(help: str) -> Option:
    return Option("annotations", "--lists", help)


_CROP = Option("crop", "--crop", "bbox crops the frames to the signer.", Literal["none", "bbox"], "none")
_FPS = Option("imported.fps", "--fps", "Frame rate, frames per second.", float, 25)
_JOINTS = Option("imported.skeleton", "--joints", "Skeleton: its name, or a file below the root.", str)
_TABLE = Option("annotations", "--csv", "CSV with path, gloss and, if known, signer, split (repeat it for several); "
                "else the root's.", list[Path])

_SIZE = Option("imported.size", "--size", "Frame width and height, in pixels.", tuple[int, int],
               meaning=lambda size: size and list(size))
_KEYPOINTS = (_TABLE, _JOINTS, _FPS, _SIZE._replace(default=...), _switch(
    "imported.units", "--fractions", "x and y are fractions of the frame, not pixels.", "fraction", "pixel"))
_CONFIDENCE = Option("imported.confidence", "--confidence", "A joint of at most this confidence is missing.", float, 0)

CORPORA: dict[str, tuple[str, tuple[Option, ...]]] = {
    "wlasl": ("WLASL (American); `slr download wlasl` fetches its videos.", (
        Option("annotations", "--json", "WLASL_v0.3.json, if not in the root."),
        Option("subset", "--subset", "100, 300, 1000 or 2000: its first glosses.", int),
        _CROP,
    )),
    "msasl": ("MS-ASL (American): videos named by YouTube's id.", (
        Option("annotations", "--json", "Folder of MSASL_train.json and so on, if not the root."),
        Option("subset", "--subset", "100, 200, 500 or 1000: the most frequent glosses.", int),
        _CROP,
    )),
    "asl-citizen": ("ASL Citizen (American): splits/ and videos/.", (
        _lists("Folder of train.csv, val.csv, test.csv; else ROOT/splits."),
    )),
    "asl-signs": ("Google's isolated signs (American): landmarks, no video.", (
        _FPS._replace(default=30), _JOINTS,
    )),
    "include": ("INCLUDE (Indian): folders CATEGORY/NUMBER. GLOSS.", (
        _lists("Folder of include_train.txt and so on, if not the root."),
        _switch("subset", "--include-50", "Only the 50 signs of INCLUDE-50.", 50),
    )),
    "how2sign": ("How2Sign (American): sentences, with English words.", (
        _lists("Folder of how2sign_realigned_train.csv and so on, if not below the root."),
    )),
    "ipn": ("IPN Hand (gestures): frames/ or videos/ and the lists.", (
        _lists("Folder of trainlistall.txt, vallistall.txt, classIndAll.txt, or of Annot_List.txt, metadata.csv; else "
               "ROOT/annotations or the root."),
        _switch("subset", "--rests", "Keep segments without a gesture (D0X) as a class.", "all"),
    )),
    "lsa64": ("LSA64 (Argentinian): SSS_PPP_RRR.mp4.", (
        Option("annotations", "--glosses", "CSV sign,gloss; else the gloss is the sign's number."),
    )),
    "autsl": ("AUTSL (Turkish): folders train, val, test and their labels.", (
        Option("annotations", "--labels", "Folder of the label CSVs, if not the root."),
    )),
    "phoenix2014": ("RWTH-PHOENIX-Weather 2014 (German): folders of images.", (
        _lists("Folder of the .corpus.csv; else ROOT/annotations/manual."),
        _switch("subset", "--si5", "The signer-independent setup.", "SI5"),
    )),
    "phoenix2014t": ("RWTH-PHOENIX-Weather 2014 T (German): folders of images.", (
        _lists("Folder of the .corpus.csv; else ROOT/annotations/manual."),
    )),
    "csl-daily": ("CSL-Daily (Chinese): folders of images.", (
        _lists("Folder of video_map.txt, split_1.txt; else ROOT/sentence_label."),
    )),
    "ustc-csl": ("USTC-CSL (Chinese): 100 sentences, videos or images.", (
        _lists("Folder of corpus.txt, or of train.txt and dev.txt; else the root."),
    )),
    "isl-kinect": ("ISL Kinect (Indian): landmarks in clips.parquet, no video.", ()),
    "boston104": ("RWTH-BOSTON-104 (American): tracks of hands and nose.", (
        _switch("subset", "--words", "Each word is a clip, instead of each sentence.", "words"),
    )),
    "spoter-csv": ("SPOTER's or SiLT's CSV.", (
        Option("annotations", "--csv", "One CSV below the root; else all of them."),
        Option("imported.y_axis", "--y-axis", "Direction of y.", Literal["auto", "down", "up"], "auto"),
    )),
    "sca-npz": ("SCA-STGCN's NPZ, with frame labels.", (
        Option("annotations", "--labels", "The frame labels; else ROOT/groundtruth[.txt]."),
        Option("windows.classes", "--classes", "Classes: 2, 3, 4 or found.", str, "found",
               meaning=lambda classes: int(classes) if classes.isdecimal() else classes),
        Option("windows.frames", "--frames", "Window length, in frames.", int, 25, least=1),
        Option("windows.stride", "--stride", "Window stride, in frames.", int, 1, least=1),
        _switch("windows.frames", "--streams", "Whole videos, to detect signing in, instead of windows.", None, ...),
        Option("windows.positive", "--positive", "Labels that count as signing besides S, such as sign,gesture.", str,
               SIGNING, meaning=_positive),
        Option("windows.rule", "--rule", "any: a single positive frame makes a window positive.",
               Literal["majority", "any"], "majority"),
        Option("splits", "--splits-json", "The split of each video; else ROOT/splits.json, if it is there."),
        _switch("windows.unknown_as_n", "--unknown-as-n", "Frames labelled ? count as n.", True, False),
        _FPS, _JOINTS,
    )),
    "arrays": ("Arrays in .npy or .npz files.", (
        _JOINTS._replace(default=...), _TABLE, _FPS,
        Option("imported.missing", "--missing", "x and y of a missing joint; else NaN.", float),
        _SIZE,
        _switch("imported.units", "--pixels", "x and y are in pixels of a frame of --size.", "pixel", "fraction"),
    )),
    "pose": (".pose files.", (_TABLE, _JOINTS)),
    "openpose": ("OpenPose's JSON: a folder per clip, a file per frame.", (*_KEYPOINTS, _CONFIDENCE)),
    "coco-wholebody": ("COCO-WholeBody's 133 keypoints in JSON: a file per clip.", (
        *_KEYPOINTS, _CONFIDENCE._replace(default=0.3))),
    "joined": ("Sentences concatenated from another project's signs.", (
        Option("joined.sentences", "--sentences", "Number of training sentences.", int, 1200, least=1),
        Option("joined.test_sentences", "--test-sentences", "Number of test sentences.", int, 200, least=1),
        Option("joined.vocabulary", "--vocabulary", "Only the first this many glosses; else all.", int, least=1),
    )),
}
"""Help and options of each corpus of `slr.corpora.use.use_published`, where its name has `_` for `-`."""


app.command("folder")(use_folder)


@app.command("sign-language-datasets")
def use_sign_language_datasets(
    root: Annotated[Path, typer.Option(metavar="FOLDER", help="Where its downloads and the landmarks are written.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="The package's name of the corpus: asl_citizen, ...")],
    label: Annotated[str | None, typer.Option(metavar="FEATURE", help=(
        "The feature with the gloss; else gloss, glosses, gloss_id or text."))] = None,
    sentences: Annotated[bool, flag("--sentences", help="Glosses are separated by spaces.")] = False,
    params: ParamsFile = PARAMS,
) -> None:
    """A corpus of the package sign-language-datasets, as landmarks.

    Downloads it by that package, which must be installed, and writes its MediaPipe landmarks as .pose files to
    ROOT/NAME; from then on they are a corpus of .pose files. Next: `slr check`, then `dvc repro`.

    Examples:
      slr use sign-language-datasets --root data/sld --name asl_citizen
      slr use sign-language-datasets --root data/sld --name rwth_phoenix2014_t --sentences
    """
    from slr.corpora.sign_language_datasets import fetch
    from slr.corpora.use import use_published

    with readable_errors():
        typer.echo(use_published(params, "pose", fetch(name, root, label=label, sentences=sentences)))


def _published(name: str, help: str, options: tuple[Option, ...]) -> None:
    """Add the command for a corpus in `CORPORA`."""

    def use_corpus(root: Path, params: Path, **given: Any) -> None:
        from slr.corpora.use import use_published

        settings: dict[str, Any] = {}
        for option in options:
            value = given[option.name] if option.meaning is None else option.meaning(given[option.name])
            block, _, key = option.setting.rpartition(".")
            if value is not ...:
                (settings.setdefault(block, {}) if block else settings)[key] = value
        with readable_errors():
            typer.echo(use_published(params, name.replace("-", "_"), root, **settings))

    vars(use_corpus)["__signature__"] = Signature([
        Parameter("root", Parameter.KEYWORD_ONLY, annotation=Root), *(option.parameter for option in options),
        Parameter("params", Parameter.KEYWORD_ONLY, annotation=ParamsFile, default=PARAMS)])
    required = "".join(f" {option.flag} {_SAMPLES[option.kind]}" for option in options if option.default is ...)
    text = f"{help}\n\n{_NEXT}\n\nExample:\n  slr use {name} --root FOLDER{required}"
    app.command(name, help=text)(use_corpus)


for _name, (_help, _options) in CORPORA.items():
    _published(_name, _help, _options)


@app.command("sample")
def use_sample(params: ParamsFile = PARAMS) -> None:
    """The built-in corpus: a synthetic signer with invented signs.

    Next: `dvc repro`.

    Example:
      slr use sample
    """
    from slr.corpora.use import use_sample

    with readable_errors():
        typer.echo(use_sample(params))
