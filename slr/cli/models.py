"""Commands about what a trained model has learned."""

from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import SELECTED, Json, TrainedFolder, print_json, readable_errors

commands = typer.Typer()


@commands.command("transfer")
def transfer_model(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model.")],
    data: Annotated[Path, typer.Option(help="Folder with the other corpus' manifest.parquet and landmarks.")],
    any_landmarks: Annotated[bool, typer.Option(help="Test although these landmarks were made differently from those "
                                                     "of the training.")] = False,
    as_json: Json = False,
):
    """Test a model on another corpus' signs, by one or five examples of each and without training."""
    from slr.evaluation.transfer import print_transfer, transfer

    with readable_errors():
        metrics = transfer(model, data, any_landmarks)
    if as_json:
        print_json(metrics)
    else:
        print_transfer(metrics)


@commands.command("map")
def draw_map(
    model: TrainedFolder = SELECTED,
    method: Annotated[str, typer.Option(help="tsne, umap or pca.")] = "tsne",
    data: Annotated[Path, typer.Option(help="Folder with manifest.parquet, landmarks and splits.parquet.")]
    = Path("data"),
    any_landmarks: Annotated[bool, typer.Option(help="Although these landmarks were made differently from those of the "
                                                     "training.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file.")] = Path("reports/map.html"),
):
    """Every clip by a model's features, as one interactive page: what is near what, and how it is signed."""
    from slr.embedding_map.page import write_map

    with readable_errors():
        typer.echo(write_map(out, model=model, data=data, method=method, any_landmarks=any_landmarks))
