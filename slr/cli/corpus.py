"""Commands about the corpus: check it, look at it, and write its landmarks for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import PARAMS, Json, ParamsFile, print_json, readable_errors
from slr.dataset.paths import LANDMARKS, SAMPLE

commands = typer.Typer()


@commands.command()
def check(params: ParamsFile = PARAMS, as_json: Json = False):
    """Read the whole corpus and list every problem, before any computing. Exit code 1 if something is broken."""
    from slr.check import check_corpus, print_problems
    from slr.params import load

    with readable_errors():
        settings = load(params)
        problems = check_corpus(settings.corpus, settings.compute.workers)
    if as_json:
        print_json([vars(problem) for problem in problems])
    else:
        print_problems(problems)
    raise typer.Exit(any(problem.severity == "error" for problem in problems))


@commands.command()
def show(
    clip: Annotated[str | None, typer.Argument(help="A clip id of the corpus, or a video file.")] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="A contact sheet: an example of each gloss, drawn.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file: .mp4 or .gif (clip), .png (sheet).")] = None,
):
    """Look at landmarks: drawn over a clip, or one example of each gloss on a sheet."""
    from slr import show as looking

    if sheet == (clip is not None):
        raise typer.BadParameter("name a clip (or a video file), or ask for --sheet")
    with readable_errors():
        typer.echo(looking.contact_sheet(out or Path("sheet.png")) if sheet else looking.show_clip(clip, out))


@commands.command("convert")
def convert_landmarks(
    kind: Annotated[str, typer.Argument(help="spoter, npz or pose.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.")],
    y_up: Annotated[bool, typer.Option("--y-up", help="spoter: y grows upwards, as in the published files.")] = False,
):
    """Write the landmarks for other programs: SPOTER's CSV, SCA-STGCN's NPZ, or .pose files."""
    from slr.convert import convert

    with readable_errors():
        typer.echo(f"{convert(kind, out, y_up=y_up)} clips are in {out}")


@commands.command("sample-error")
def sample_error(
    root: Annotated[Path, typer.Option(help="The rendered corpus, with its true joints.")] = SAMPLE,
    landmarks: Annotated[Path, typer.Option(help="The extracted landmarks.")] = LANDMARKS,
    as_json: Json = False,
):
    """How far the extracted landmarks are from the drawn signer's true joints, and how often parts are found."""
    from slr.landmarks.extraction_error import extraction_error

    with readable_errors():
        errors = extraction_error(root, landmarks)
    if as_json:
        print_json(errors)
    else:
        typer.echo("\n".join(f"{name:32} {value:.4f}" for name, value in errors.items()))
