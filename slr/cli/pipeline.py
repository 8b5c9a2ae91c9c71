"""Commands about the pipeline: its settings, and whether it gives the committed results."""

import json
from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import Json, flag, print_json, readable_errors

commands = typer.Typer()


@commands.command()
def settings(as_json: Json = False) -> None:
    """Every setting of params.yaml: its default and what it means.

    Whatever params.yaml doesn't set has its default.

    Example:
      slr settings
    """
    from slr.params import describe

    rows = list(describe())
    if as_json:
        print_json([{"setting": s, "default": d, "meaning": m} for s, d, m in rows])
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "default", "meaning")
    for place, default, meaning in rows:
        table.add_row(place, json.dumps(default), meaning)
    Console().print(table)


@commands.command()
def verify(
    scratch: Annotated[bool, flag("--scratch", help="Run every stage again, not only those out of date.")] = False,
    zoo: Annotated[bool, flag("--zoo", help="Also every model of the zoo.")] = False,
    zoo_models: Annotated[int, typer.Option(
        min=0, help="Also so many models of the zoo, chosen by the last commit's hash, so that all come round.")] = 0,
    as_json: Json = False,
) -> None:
    """Rerun the pipeline and compare with the committed metrics.

    Runs what is out of date. Data must be equal bit for bit; a trained model's fractions may differ by half their
    95 % interval, since another kind of processor rounds otherwise. Exit code 1 if something is out of tolerance.

    Examples:
      slr verify
      slr verify --zoo-models 2
    """
    from slr.evaluation.verify import print_comparison, verify_metrics

    with readable_errors():
        comparison = verify_metrics(Path.cwd(), scratch=scratch, zoo=zoo, zoo_models=zoo_models)
    if as_json:
        print_json([vars(row) for row in comparison])
    else:
        print_comparison(comparison)
    raise typer.Exit(any(not row.within for row in comparison))
