"""Commands about the corpus: check it, view it, and export its landmarks."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from slr.cli.common import PARAMS, Json, ParamsFile, flag, print_json, readable_errors
from slr.dataset.paths import LANDMARKS, SAMPLE

commands = typer.Typer()


@commands.command()
def check(
    params: ParamsFile = PARAMS, as_json: Json = False,
    every: Annotated[bool, flag("--all", help="All problems of each kind, not three.")] = False,
) -> None:
    """Find all problems of the corpus, before any computation.

    Reads the whole corpus, splits it, and names the models of train.models that it can't train. Exit code 1 if there
    are errors, 0 with only warnings; then run `dvc repro`.

    Examples:
      slr check
      slr check --all
    """
    from functools import partial

    from slr.corpora.check import check_corpus, print_problems
    from slr.params import load
    from slr.partition.feasible import foreseen

    with readable_errors():
        settings = load(params)
        problems = check_corpus(settings.corpus, settings.compute.workers, partial(foreseen, settings))
    if as_json:
        print_json([vars(problem) for problem in problems])
    else:
        print_problems(problems, every)
    raise typer.Exit(any(problem.severity == "error" for problem in problems))


@commands.command()
def show(
    clip: Annotated[str | None, typer.Argument(help="A clip id of the corpus, or a video file.")] = None,
    sheet: Annotated[bool, flag("--sheet", help="Draw a contact sheet instead: one example per gloss.")] = False,
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="FILE", help="The output: .mp4 or .gif for a clip, .png for the sheet.",
        show_default="CLIP.mp4 or sheet.png, here")] = None,
) -> None:
    """Draw landmarks over a clip, or a contact sheet of all glosses.

    The left hand is orange, the right hand blue, the body grey, the face violet.

    Examples:
      slr show s00-balo-1 --out clip.gif
      slr show recordings/HOUSE/anna_01.mp4
      slr show --sheet
    """
    from slr.report import show as looking

    if sheet == (clip is not None):
        raise typer.BadParameter("name a clip (or a video file), or ask for --sheet")
    with readable_errors():
        typer.echo(looking.contact_sheet(out or Path("sheet.png")) if clip is None else looking.show_clip(clip, out))


@commands.command("convert")
def convert_landmarks(
    kind: Annotated[Literal["spoter", "silt", "npz", "pose"], typer.Argument(
        help="The format: SPOTER's or SiLT's CSV, SCA-STGCN's NPZ, or .pose files.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="A new folder.")],
    y_up: Annotated[bool, flag("--y-up", help="spoter only: y points up, as in the published files.")] = False,
    joints: Annotated[Literal["holistic-75", "right-hand-21"], typer.Option(
        "--joints", metavar="NAME", help="silt only: holistic-75, as of WLASL, or right-hand-21, as of IPN Hand.")
    ] = "holistic-75",
) -> None:
    """Export the landmarks to formats of other programs.

    All clips of data/landmarks, with the glosses and splits of the manifest.

    Example:
      slr convert pose --out poses
    """
    from slr.corpora.exporting import convert

    with readable_errors():
        typer.echo(f"{convert(kind, out, y_up=y_up, joints=joints)} clips are in {out}")


@commands.command("sample-error")
def sample_error(
    root: Annotated[Path, typer.Option(metavar="FOLDER", help="The built-in corpus, with its ground truth.")] = SAMPLE,
    landmarks: Annotated[Path, typer.Option(metavar="FOLDER", help="The extracted landmarks.")] = LANDMARKS,
    as_json: Json = False,
) -> None:
    """Landmark error on the synthetic signer's ground truth.

    Mean distances to the true joints in shoulder widths, and the detection rate of each part.

    Example:
      slr sample-error
    """
    from slr.corpora.sample.extraction_error import extraction_error

    with readable_errors():
        errors = extraction_error(root, landmarks)
    if as_json:
        print_json(errors)
    else:
        typer.echo("\n".join(f"{name:32} {value:.4f}" for name, value in errors.items()))
