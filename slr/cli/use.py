"""`slr use NAME`: choose the corpus. Most corpora differ only in help and options, which are in `CORPORA`."""

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from slr.cli.common import PARAMS, ParamsFile, panels, readable_errors

PANELS = {
    "Your own, and the built-in one": ("folder", "sample"),
    "Published: signs and gestures": ("wlasl", "lsa64", "autsl", "isl-kinect", "ipn"),
    "Published: sentences": ("phoenix2014", "phoenix2014t", "csl-daily", "ustc-csl", "boston104"),
    "Landmarks, without video": ("spoter-csv", "sca-npz", "arrays", "pose", "joined"),
}

app = typer.Typer(no_args_is_help=True, cls=panels(PANELS),
                  help="Choose the corpus: rewrites params.yaml, keeping comments.")

Root = Annotated[Path, typer.Option(metavar="FOLDER", help="The corpus.")]


_NEXT = "Next: `slr check`, then `dvc repro`."
_METAVARS = {Path: "PATH", bool: "", int: "N", float: "NUMBER", str: "NAME", tuple[int, int]: "WIDTH HEIGHT"}


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
        Maps the option's value to the setting's; by default the identity.
    """

    setting: str
    flag: str
    help: str
    kind: Any = Path
    default: Any = None
    least: int | None = None
    meaning: Callable[[Any], Any] | None = None

    @property
    def parameter(self) -> Parameter:
        """The command's parameter in Typer's form."""
        kind = self.kind | None if self.default is None else self.kind
        return Parameter(self.setting.replace(".", "_"), Parameter.KEYWORD_ONLY,
                         default=Parameter.empty if self.default is ... else self.default,
                         annotation=Annotated[kind, typer.Option(
                             self.flag, min=self.least, metavar=_METAVARS.get(self.kind), help=self.help)])


def _switch(setting: str, flag: str, help: str, on: Any, off: Any = None) -> Option:
    """A boolean flag, and the values that it sets."""
    return Option(setting, flag, help, bool, False, meaning={True: on, False: off}.__getitem__)


def _lists(help: str) -> Option:
    return Option("annotations", "--lists", help)


_FPS = Option("imported.fps", "--fps", "Frame rate, frames per second.", float, 25)
_JOINTS = Option("imported.skeleton", "--joints", "Skeleton: its name, or a file below the root.", str)
_TABLE = Option("annotations", "--csv", "CSV with path, gloss and, if known, signer, split; else the root's.")

CORPORA: dict[str, tuple[str, tuple[Option, ...]]] = {
    "wlasl": ("WLASL (American); `slr download wlasl` fetches its videos.", (
        Option("annotations", "--json", "WLASL_v0.3.json, if not in the root."),
        Option("subset", "--subset", "100, 300, 1000 or 2000: its first glosses.", int),
        Option("crop", "--crop", "bbox crops the frames to the signer.", Literal["none", "bbox"], "none"),
    )),
    "ipn": ("IPN Hand (gestures): frames/ or videos/ and the lists.", (
        _lists("Folder of trainlistall.txt, vallistall.txt, classIndAll.txt; else ROOT/annotations or the root."),
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
    "spoter-csv": ("SPOTER's CSV.", (
        Option("annotations", "--csv", "One CSV below the root; else all of them."),
        Option("imported.y_axis", "--y-axis", "Direction of y.", Literal["auto", "down", "up"], "auto"),
    )),
    "sca-npz": ("SCA-STGCN's NPZ, with frame labels.", (
        Option("annotations", "--labels", "The frame labels; else ROOT/groundtruth[.txt]."),
        Option("windows.classes", "--classes", "Classes: 2, 3, 4 or found.", str, "found",
               meaning=lambda classes: int(classes) if classes.isdecimal() else classes),
        Option("windows.frames", "--frames", "Window length, in frames.", int, 25, least=1),
        Option("windows.stride", "--stride", "Window stride, in frames.", int, 1, least=1),
        Option("windows.rule", "--rule", "any: a single positive frame makes a window positive.",
               Literal["majority", "any"], "majority"),
        _switch("windows.unknown_as_n", "--unknown-as-n", "Frames labelled ? count as n.", True, False),
        _FPS, _JOINTS,
    )),
    "arrays": ("Arrays in .npy or .npz files.", (
        _JOINTS._replace(default=...), _TABLE, _FPS,
        Option("imported.missing", "--missing", "x and y of a missing joint; else NaN.", float),
        Option("imported.size", "--size", "Frame width and height, in pixels.", tuple[int, int],
               meaning=lambda size: size and list(size)),
        _switch("imported.units", "--pixels", "x and y are in pixels of a frame of --size.", "pixel", "fraction"),
    )),
    "pose": (".pose files.", (_TABLE, _JOINTS)),
    "joined": ("Sentences concatenated from another project's signs.", (
        Option("joined.sentences", "--sentences", "Number of training sentences.", int, 1200, least=1),
        Option("joined.test_sentences", "--test-sentences", "Number of test sentences.", int, 200, least=1),
        Option("joined.vocabulary", "--vocabulary", "Only the first this many glosses; else all.", int, least=1),
    )),
}
"""Help and options of each corpus of `slr.corpora.use.use_published`, where its name has `_` for `-`."""


@app.command("folder")
def use_folder(
    root: Annotated[Path, typer.Option(metavar="PATH", help=(
        "Folder with <gloss>/<clip>.mp4 (or .webm .avi .mov .mkv, or a folder of images per clip), or with a CSV; "
        "or the CSV itself."))],
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help=(
        "CSV with path, gloss and, if known, signer, split, start_s, end_s (seconds), glosses; its paths are relative "
        "to --root."))] = None,
    params: ParamsFile = PARAMS,
) -> None:
    """Your own recordings, as folders of glosses or with a CSV.

    Next: `slr check`, then `dvc repro`.

    Examples:
      slr use folder --root recordings
      slr use folder --root recordings --csv clips.csv
    """
    from slr.corpora.use import use_folder

    with readable_errors():
        typer.echo(use_folder(params, root, csv))


def _published(name: str, help: str, options: tuple[Option, ...]) -> None:
    """Add the command for a corpus in `CORPORA`."""

    def use_corpus(root: Path, params: Path, **given: Any) -> None:
        from slr.corpora.use import use_published

        settings: dict[str, Any] = {}
        for option in options:
            value = given[option.parameter.name]
            block, _, key = option.setting.rpartition(".")
            into = settings.setdefault(block, {}) if block else settings
            into[key] = option.meaning(value) if option.meaning else value
        with readable_errors():
            typer.echo(use_published(params, name.replace("-", "_"), root, **settings))

    vars(use_corpus)["__signature__"] = Signature([
        Parameter("root", Parameter.KEYWORD_ONLY, annotation=Root), *(option.parameter for option in options),
        Parameter("params", Parameter.KEYWORD_ONLY, annotation=ParamsFile, default=PARAMS)])
    required = "".join(f" {option.flag} {option.flag[2:].upper()}" for option in options if option.default is ...)
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
