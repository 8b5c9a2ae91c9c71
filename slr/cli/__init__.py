"""The `slr` command: a thin face over the library, a module for each subject.

Heavy imports happen inside the commands, so that `slr --help` is quick.
"""

import typer

from slr.cli import corpus, download, index, models, pipeline, use, videos

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
                  help="Sign-language recognition: bring recordings, run `dvc repro`, look, predict.")
app.add_typer(use.app, name="use")
app.add_typer(download.app, name="download")
app.add_typer(index.app, name="index")
for commands in (pipeline, corpus, videos, index, models):
    app.add_typer(commands.commands)
