"""`slr use folder`: your own recordings, and the question which of several layouts is meant."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slr.cli.common import PARAMS, ParamsFile, flag, readable_errors
from slr.errors import CorpusError

if TYPE_CHECKING:
    from slr.corpora.layouts import AmbiguousLayout, Layout


def use_folder(
    root: Annotated[Path, typer.Option(metavar="PATH", help=(
        "Folder with <gloss>/<clip>.mp4 (or .webm .avi .mov .mkv, or a folder of images per clip), or with a CSV; "
        "or the CSV itself."))],
    csv: Annotated[list[Path] | None, typer.Option(metavar="FILE", help=(
        "CSV with path, gloss and, if known, signer, split, start_s, end_s (seconds), glosses; its paths are relative "
        "to --root. Repeat it for several, such as train.csv and test.csv."))] = None,
    folders: Annotated[bool, flag("--folders", help="The folders' names are the glosses, even beside a CSV.")] = False,
    eaf: Annotated[bool, flag("--eaf", help="The glosses are in ELAN's files beside the videos.")] = False,
    tier: Annotated[str | None, typer.Option(metavar="NAME", help="With --eaf: the tier of glosses.")] = None,
    sentence_tier: Annotated[str | None, typer.Option(metavar="NAME", help=(
        "With --eaf: the tier of sentences, each of the glosses of --tier in it; else each gloss is a clip."))] = None,
    params: ParamsFile = PARAMS,
) -> None:
    """Your own recordings: folders of glosses, a CSV, ELAN's files.

    If both folders and a CSV would do, a terminal is asked which. Next: `slr check`, then `dvc repro`.

    Examples:
      slr use folder --root recordings
      slr use folder --root recordings --csv train.csv --csv test.csv
      slr use folder --root recordings --eaf --tier Gloss
    """
    from slr.corpora.layouts import AmbiguousLayout
    from slr.corpora.use import use_folder, use_published

    with readable_errors():
        if eaf and (csv or folders):
            raise CorpusError("--eaf reads ELAN's files alone; leave out --csv and --folders")
        if eaf:
            typer.echo(use_published(params, "eaf", root, tier=tier, sentence_tier=sentence_tier))
            return
        if tier or sentence_tier:
            raise CorpusError("tiers are in ELAN's files; add --eaf")
        try:
            told = use_folder(params, root, csv, folders=folders)
        except AmbiguousLayout as found:
            if not sys.stdin.isatty():
                raise
            layout = _ask(found)
            told = use_folder(params, root, layout.lists, folders=not layout.lists)
        typer.echo(told)


def _ask(found: "AmbiguousLayout") -> "Layout":
    """Which of several layouts of a folder is meant."""
    for number, layout in enumerate(found.layouts, start=1):
        typer.echo(f"  {number}  {layout}")
    choice = 0
    while not 1 <= choice <= len(found.layouts):
        choice = typer.prompt(f"Which of these are the clips (1 to {len(found.layouts)})", type=int)
    return found.layouts[choice - 1]
