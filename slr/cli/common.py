"""What commands share: options that many have, answers as JSON, and mistakes as a sentence."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from typer.core import TyperCommand, TyperGroup

from slr.errors import SlrError

PARAMS = Path("params.yaml")

flag = partial(typer.Option, metavar="")  # without it, help shows `<bool>`, as if a value had to follow
"""An option that is given or not."""

Json = Annotated[bool, flag("--json", help="Print JSON, for scripts.")]
ParamsFile = Annotated[Path, typer.Option("--params", metavar="FILE", help="The settings file.")]
TrainedFolder = Annotated[Path, typer.Option("--model", metavar="FOLDER", help="A trained model.")]
AnyExtractor = Annotated[bool, flag(
    "--any-extractor", help="Read videos although this machine's landmark extractor is not the one of the training.")]
AnyLandmarks = Annotated[bool, flag(
    "--any-landmarks", help="Read landmarks although they were made differently from those of the training.")]
Split = Literal["train", "val", "test"]


def panels(names: Mapping[str, Sequence[str]]) -> type[TyperGroup]:
    """A group whose help lists its commands in panels, in this order; a command without a panel comes last."""

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
    """Turn an error that is meant for the user into its message and exit code 1."""
    try:
        yield
    except SlrError as error:
        print_error(error)
        raise typer.Exit(1) from None


def print_error(error: object) -> None:
    typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)


def print_json(answer: Any) -> None:
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
