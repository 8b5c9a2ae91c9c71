"""Commands about the pipeline: its settings, and reproduction of the committed results."""

import json
from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import Json, flag, print_json, readable_errors

commands = typer.Typer()


@commands.command()
def settings(as_json: Json = False) -> None:
    """All settings of params.yaml, with default and meaning.

    Settings that params.yaml omits have their default.

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
    scratch: Annotated[bool, flag("--scratch", help="Rerun all stages, not only outdated ones.")] = False,
    zoo: Annotated[bool, flag("--zoo", help="Include all models of the zoo.")] = False,
    zoo_models: Annotated[int, typer.Option(
        min=0, help="Include this many zoo models, in rotation by the last commit's hash.")] = 0,
    as_json: Json = False,
) -> None:
    """Rerun the pipeline and compare with the committed metrics.

    Runs outdated stages. Data must be bit-identical; a trained model's fractions may differ by half of their 95 %
    interval, since rounding depends on the processor. Exit code 1 if anything is out of tolerance.

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
