"""Common code of the commands: shared options, JSON output, and error messages."""

import errno
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from typer.core import TyperCommand, TyperGroup

from slr.errors import SlrError
from slr.io.files import reason

PARAMS = Path("params.yaml")

flag = partial(typer.Option, metavar="")  # otherwise help shows `<bool>`, as if a value were required
"""A boolean flag."""

Json = Annotated[bool, flag("--json", help="Print JSON, for scripts.")]
ParamsFile = Annotated[Path, typer.Option("--params", metavar="FILE", help="The settings file.")]
TrainedFolder = Annotated[Path, typer.Option("--model", metavar="FOLDER", help="A trained model.")]
AnyExtractor = Annotated[bool, flag(
    "--any-extractor", help="Accept a landmark extractor that differs from that of training.")]
AnyLandmarks = Annotated[bool, flag(
    "--any-landmarks", help="Accept landmarks that were made differently from those of training.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, mps, or auto: a GPU if there is one.")]
Split = Literal["train", "val", "test"]


def panels(names: Mapping[str, Sequence[str]]) -> type[TyperGroup]:
    """A command group whose help lists commands in panels, in this order; commands without a panel come last."""

    class Panels(TyperGroup):
        def __init__(self, **options: Any):
            super().__init__(**options)
            listed = {name: self.commands[name] for panel in names.values() for name in panel}
            for panel, commands in names.items():
                for name in commands:
                    cast(TyperCommand | TyperGroup, listed[name]).rich_help_panel = panel
            self.commands = {**listed, **self.commands}

    return Panels


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn an error meant for the user into its message and exit code 1."""
    try:
        yield
    except SlrError as error:
        print_error(error)
        raise typer.Exit(1) from None
    except OSError as error:  # of the disk, in the middle of the work: what can be known before is an SlrError
        if error.errno == errno.EPIPE:  # the reader of our output has gone, which Typer ends silently
            raise
        print_error(f"{error.filename or 'a file'} can't be used ({reason(error)}); choose another place, or make room")
        raise typer.Exit(1) from None


def print_error(error: object) -> None:
    typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)


def print_json(answer: Any) -> None:
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
