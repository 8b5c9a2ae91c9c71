"""`slr use NAME`: choose the corpus. Most corpora differ in help and options alone, and stand in `CORPORA`."""

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from slr.cli.common import PARAMS, ParamsFile, panels, readable_errors

PANELS = {
    "Your own, and the built-in one": ("folder", "sample"),
    "Published: signs and gestures": ("wlasl", "lsa64", "autsl", "isl-kinect", "ipn"),
    "Published: sentences": ("phoenix2014", "phoenix2014t", "csl-daily", "boston104"),
    "Landmarks, without video": ("spoter-csv", "sca-npz", "arrays", "pose", "joined"),
}

app = typer.Typer(no_args_is_help=True, cls=panels(PANELS),
                  help="Choose the corpus: rewrites params.yaml, comments kept.")

Root = Annotated[Path, typer.Option(metavar="FOLDER", help="The corpus.")]


_NEXT = "Next: `slr check`, then `dvc repro`."
_METAVARS = {Path: "PATH", bool: "", int: "N", float: "NUMBER", str: "NAME", tuple[int, int]: "WIDTH HEIGHT"}


class Option(NamedTuple):
    """An option of a corpus.

    Attributes
    ----------
    setting : str
        What it sets: an argument of `slr.corpora.use.use_published`, or a value of one of its dicts (`imported.fps`).
    flag, help : str
    kind : type, default Path
        Of what is given.
    default : object
        `...` where it has to be given.
    least : int, optional
    meaning : callable, optional
        From what is given to the setting's value; without it, they are the same.
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
        """The parameter of the command, as Typer reads it."""
        kind = self.kind | None if self.default is None else self.kind
        return Parameter(self.setting.replace(".", "_"), Parameter.KEYWORD_ONLY,
                         default=Parameter.empty if self.default is ... else self.default,
                         annotation=Annotated[kind, typer.Option(
                             self.flag, min=self.least, metavar=_METAVARS.get(self.kind), help=self.help)])


def _switch(setting: str, flag: str, help: str, on: Any, off: Any = None) -> Option:
    """An option that is given or not, and what it sets then."""
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
        Option("crop", "--crop", "bbox cuts the picture to the signer.", Literal["none", "bbox"], "none"),
    )),
    "ipn": ("IPN Hand (gestures): frames/ or videos/ and the lists.", (
        _lists("Folder of trainlistall.txt, vallistall.txt, classIndAll.txt; else ROOT/annotations or the root."),
        _switch("subset", "--rests", "Keep stretches without a gesture (D0X) as a class.", "all"),
    )),
    "lsa64": ("LSA64 (Argentinian): SSS_PPP_RRR.mp4.", (
        Option("annotations", "--glosses", "CSV sign,gloss; else a sign's number is its gloss."),
    )),
    "autsl": ("AUTSL (Turkish): folders train, val, test and their labels.", (
        Option("annotations", "--labels", "Folder of the CSVs of labels, if it isn't the root."),
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
    "isl-kinect": ("ISL Kinect (Indian): landmarks in clips.parquet, no video.", ()),
    "boston104": ("RWTH-BOSTON-104 (American): tracks of hands and nose.", (
        _switch("subset", "--words", "Each word is a clip, instead of each sentence.", "words"),
    )),
    "spoter-csv": ("SPOTER's CSV.", (
        Option("annotations", "--csv", "One CSV below the root; else all in it."),
        Option("imported.y_axis", "--y-axis", "Where y grows to.", Literal["auto", "down", "up"], "auto"),
    )),
    "sca-npz": ("SCA-STGCN's NPZ, with labels of frames.", (
        Option("annotations", "--labels", "The labels of frames; else ROOT/groundtruth[.txt]."),
        Option("windows.classes", "--classes", "Labels that are told apart: 2, 3, 4 or found.", str, "found",
               meaning=lambda classes: int(classes) if classes.isdecimal() else classes),
        Option("windows.frames", "--frames", "Length of a window, in frames.", int, 25, least=1),
        Option("windows.stride", "--stride", "From window to window, in frames.", int, 1, least=1),
        Option("windows.rule", "--rule", "any: one positive frame makes a window positive.",
               Literal["majority", "any"], "majority"),
        _switch("windows.unknown_as_n", "--unknown-as-n", "Frames labelled ? count as n.", True, False),
        _FPS, _JOINTS,
    )),
    "arrays": ("Arrays in .npy or .npz files.", (
        _JOINTS._replace(default=...), _TABLE, _FPS,
        Option("imported.missing", "--missing", "x and y of a joint that was not found; else NaN.", float),
        Option("imported.size", "--size", "Width and height of the frames, pixels.", tuple[int, int],
               meaning=lambda size: size and list(size)),
        _switch("imported.units", "--pixels", "x and y are pixels of a frame of --size.", "pixel", "fraction"),
    )),
    "pose": (".pose files.", (_TABLE, _JOINTS)),
    "joined": ("Sentences joined of single signs of another project's data.", (
        Option("joined.sentences", "--sentences", "Sentences for training.", int, 1200, least=1),
        Option("joined.test_sentences", "--test-sentences", "Sentences for test.", int, 200, least=1),
        Option("joined.vocabulary", "--vocabulary", "Only the first so many glosses; else all.", int, least=1),
    )),
}
"""Help and options of each corpus that `slr.corpora.use.use_published` chooses; its name there has `_` for `-`."""


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
    """Add the command of a corpus of the table."""

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
    """The built-in corpus: a drawn signer with invented signs.

    Next: `dvc repro`.

    Example:
      slr use sample
    """
    from slr.corpora.use import use_sample

    with readable_errors():
        typer.echo(use_sample(params))
