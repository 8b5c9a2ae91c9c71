"""`slr use NAME`: choose the corpus. Most corpora differ in help and options alone, and stand in `CORPORA`."""

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from slr.cli.common import PARAMS, ParamsFile, readable_errors

app = typer.Typer(no_args_is_help=True, help="Choose the corpus: rewrites params.yaml, comments kept.")

Root = Annotated[Path, typer.Option(help="Folder of the corpus.")]


class Option(NamedTuple):
    """An option of a corpus.

    Attributes
    ----------
    setting : str
        What it sets: an argument of `slr.presets.use_published`, or a value of one of its dicts (`imported.fps`).
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
                         annotation=Annotated[kind, typer.Option(self.flag, min=self.least, help=self.help)])


def _switch(setting: str, flag: str, help: str, on: Any, off: Any = None) -> Option:
    """An option that is given or not, and what it sets then."""
    return Option(setting, flag, help, bool, False, meaning={True: on, False: off}.__getitem__)


def _lists(help: str) -> Option:
    return Option("annotations", "--lists", help)


_FPS = Option("imported.fps", "--fps", "Frames a second.", float, 25)
_JOINTS = Option("imported.skeleton", "--joints", "The joints: a skeleton's name, or a file below the root.", str)
_TABLE = Option("annotations", "--csv", "CSV path,gloss[,signer][,split]; else the root's.")

CORPORA: dict[str, tuple[str, tuple[Option, ...]]] = {
    "wlasl": ("WLASL (American). Its videos: `slr download wlasl`. Next: `slr check`.", (
        Option("annotations", "--json", "WLASL_v0.3.json, if not in the root."),
        Option("subset", "--subset", "100, 300, 1000 or 2000: its first glosses.", int),
        Option("crop", "--crop", "bbox cuts the picture to the signer.", str, "none"),
    )),
    "ipn": ("IPN Hand (gestures): frames/ or videos/ and the lists. Next: `slr check`.", (
        _lists("Folder of trainlistall.txt, vallistall.txt, classIndAll.txt; else ROOT/annotations or the root."),
        _switch("subset", "--rests", "Keep stretches without a gesture (D0X) as a class.", "all"),
    )),
    "lsa64": ("LSA64 (Argentinian): SSS_PPP_RRR.mp4. Next: `slr check`.", (
        Option("annotations", "--glosses", "CSV sign,gloss; else a sign's number is its gloss."),
    )),
    "autsl": ("AUTSL (Turkish): train, val and test folders with their labels. Next: `slr check`.", (
        Option("annotations", "--labels", "Folder of the CSVs of labels, if it isn't the root."),
    )),
    "phoenix2014": ("RWTH-PHOENIX-Weather 2014 (German): sentences as folders of images. Next: `slr check`.", (
        _lists("Folder of the .corpus.csv; else ROOT/annotations/manual."),
        _switch("subset", "--si5", "The signer-independent setup.", "SI5"),
    )),
    "phoenix2014t": ("RWTH-PHOENIX-Weather 2014 T (German): sentences as folders of images. Next: `slr check`.", (
        _lists("Folder of the .corpus.csv; else ROOT/annotations/manual."),
    )),
    "csl-daily": ("CSL-Daily (Chinese): sentences as folders of images. Next: `slr check`.", (
        _lists("Folder of video_map.txt, split_1.txt; else ROOT/sentence_label."),
    )),
    "isl-kinect": ("ISL Kinect (Indian): landmarks in clips.parquet, no video. Next: `dvc repro`.", ()),
    "boston104": ("RWTH-BOSTON-104 (American): sentences as tracks of the hands and the nose, no video. "
                  "Next: `dvc repro`.", (
        _switch("subset", "--words", "Each word is a clip, instead of each sentence.", "words"),
    )),
    "spoter-csv": ("Landmarks in SPOTER's CSV, no video. Next: `slr check`.", (
        Option("annotations", "--csv", "One CSV below the root; else all in it."),
        Option("imported.y_axis", "--y-axis", "Where y grows to: auto, down or up.", str, "auto"),
    )),
    "sca-npz": ("Landmarks in SCA-STGCN's NPZ with labels of frames, no video. Next: `slr check`.", (
        Option("annotations", "--labels", "The labels of frames; else ROOT/groundtruth[.txt]."),
        Option("windows.classes", "--classes", "Labels that are told apart: 2, 3, 4 or found.", str, "found",
               meaning=lambda classes: int(classes) if classes.isdecimal() else classes),
        Option("windows.frames", "--frames", "Frames of a window.", int, 25, least=1),
        Option("windows.stride", "--stride", "Frames from window to window.", int, 1, least=1),
        Option("windows.rule", "--rule", "majority, or any: one positive frame makes a window positive.", str,
               "majority"),
        _switch("windows.unknown_as_n", "--unknown-as-n", "Frames labelled ? count as n.", True, False),
        _FPS, _JOINTS,
    )),
    "arrays": ("Landmarks in .npy or .npz files, no video. Next: `slr check`.", (
        _JOINTS._replace(default=...), _TABLE, _FPS,
        Option("imported.missing", "--missing", "x and y of a missing joint; else NaN.", float),
        Option("imported.size", "--size", "Width and height of the frames, pixels.", tuple[int, int],
               meaning=lambda size: size and list(size)),
        _switch("imported.units", "--pixels", "x and y are pixels of a frame of --size.", "pixel", "fraction"),
    )),
    "pose": ("Landmarks in .pose files, no video. Next: `slr check`.", (_TABLE, _JOINTS)),
    "joined": ("Sentences joined of another project's landmarks of single signs: --root is its data folder. "
               "Next: `slr check`.", (
        Option("joined.sentences", "--sentences", "Sentences for training.", int, 1200, least=1),
        Option("joined.test_sentences", "--test-sentences", "Sentences for test.", int, 200, least=1),
        Option("joined.vocabulary", "--vocabulary", "Only the first so many glosses.", int, least=1),
    )),
}
"""Help and options of each corpus that `slr.presets.use_published` chooses; its name there has `_` for `-`."""


@app.command("folder")
def use_folder(
    root: Annotated[Path, typer.Option(help="Folder with <gloss>/<clip>.mp4 (or .webm .avi .mov .mkv, or a folder of "
                                            "images per clip), or with a CSV; or the CSV itself.")],
    csv: Annotated[Path | None, typer.Option(help="CSV path,gloss[,signer][,split][,start_s,end_s][,glosses]; "
                                                  "its paths are relative to --root.")] = None,
    params: ParamsFile = PARAMS,
):
    """Your own recordings. Next: `slr check`, then `dvc repro`."""
    from slr.presets import use_folder

    with readable_errors():
        typer.echo(use_folder(params, root, csv))


def _published(name: str, help: str, options: tuple[Option, ...]) -> None:
    """Add the command of a corpus of the table."""

    def use_corpus(root: Path, params: Path, **given: Any) -> None:
        from slr.presets import use_published

        settings: dict[str, Any] = {}
        for option in options:
            value = given[option.parameter.name]
            block, _, key = option.setting.rpartition(".")
            into = settings.setdefault(block, {}) if block else settings
            into[key] = option.meaning(value) if option.meaning else value
        with readable_errors():
            typer.echo(use_published(params, name.replace("-", "_"), root, **settings))

    use_corpus.__signature__ = Signature([
        Parameter("root", Parameter.KEYWORD_ONLY, annotation=Root), *(option.parameter for option in options),
        Parameter("params", Parameter.KEYWORD_ONLY, annotation=ParamsFile, default=PARAMS)])
    app.command(name, help=help)(use_corpus)


for _name, (_help, _options) in CORPORA.items():
    _published(_name, _help, _options)


@app.command("sample")
def use_sample(params: ParamsFile = PARAMS):
    """The built-in corpus: a drawn signer with invented signs."""
    from slr.presets import use_sample

    with readable_errors():
        typer.echo(use_sample(params))
