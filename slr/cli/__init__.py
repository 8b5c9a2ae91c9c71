"""The `slr` command: a thin layer over the library, one module per subject.

Heavy imports happen inside the commands, so that `slr --help` is quick.
"""

import io
import sys
from typing import Annotated

import typer

from slr import __version__
from slr.cli import corpus, download, export, index, models, pipeline, use, videos
from slr.cli.common import flag, panels

PANELS = {
    "Corpus": ("use", "download", "check"),
    "Look": ("show", "map", "explain", "sample-error"),
    "Models": ("settings", "learning-curve", "import-checkpoint", "evaluate", "transfer"),
    "Recognise": ("predict", "segments", "transcribe", "index", "search"),
    "Publish": ("verify", "export", "convert", "features"),
}
"""The commands in the order of a typical workflow, as listed by `slr --help`."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, cls=panels(PANELS),
                  context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(use.app, name="use")
app.add_typer(download.app, name="download")
app.add_typer(index.app, name="index")
for commands in (pipeline, corpus, videos, index, models, export):
    app.add_typer(commands.commands)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slr {__version__}")
        raise typer.Exit


@app.callback()
def main(version: Annotated[bool, flag("--version", callback=_print_version, is_eager=True,
                                       help="Print the version.")] = False) -> None:
    """Sign-language recognition, from recordings to tested models.

    Choose a corpus, run `dvc repro`, look, recognise:
      slr use folder --root recordings
      slr check
      dvc repro
      slr predict recordings/HOUSE/anna_01.mp4

    `slr COMMAND --help` has examples of each.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # the name of a file may be no text
