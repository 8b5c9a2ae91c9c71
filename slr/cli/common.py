"""What commands share: options that many have, answers as JSON, and mistakes as a sentence."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from slr.errors import SlrError

PARAMS = Path("params.yaml")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ParamsFile = Annotated[Path, typer.Option("--params", help="The settings file.")]
TrainedFolder = Annotated[Path, typer.Option("--model", help="Folder of a trained model.")]
AnyExtractor = Annotated[bool, typer.Option(
    "--any-extractor", help="Read videos although this machine's landmark extractor is not the one of the training.")]
AnyLandmarks = Annotated[bool, typer.Option(
    "--any-landmarks", help="Read landmarks although they were made differently from those of the training.")]


@contextmanager
def readable_errors():
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
