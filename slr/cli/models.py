"""Commands about what a trained model has learned."""

from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import AnyExtractor, AnyLandmarks, Json, TrainedFolder, print_json, readable_errors
from slr.dataset.paths import SELECTED

commands = typer.Typer()


@commands.command("transfer")
def transfer_model(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model.")],
    data: Annotated[Path, typer.Option(help="Folder with the other corpus' manifest.parquet and landmarks.")],
    any_landmarks: AnyLandmarks = False,
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
    any_landmarks: AnyLandmarks = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file.")] = Path("reports/map.html"),
):
    """Every clip by a model's features, as one interactive page: what is near what, and how it is signed."""
    from slr.embedding_map.page import write_map

    with readable_errors():
        typer.echo(write_map(out, model=model, data=data, method=method, any_landmarks=any_landmarks))


@commands.command("explain")
def explain_clip(
    clip: Annotated[str, typer.Argument(help="A clip id of the corpus, or a video file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.")],
    model: TrainedFolder = SELECTED,
    any_extractor: AnyExtractor = False,
):
    """What a model went by: where it looked (Grad-CAM, models of frames), or which joints spoke for each gloss."""
    from slr.explain import explain

    with readable_errors():
        glosses = explain(clip, model, out, any_extractor=any_extractor)
    typer.echo(f"{out}: {' '.join(gloss.label for gloss in glosses) or 'no gloss was read'}")


@commands.command("features")
def write_features(
    out: Annotated[Path, typer.Option("--out", "-o", help="A .parquet file.")],
    model: TrainedFolder = SELECTED,
    data: Annotated[Path, typer.Option(help="Folder with manifest.parquet, splits.parquet, and landmarks or frames.")]
    = Path("data"),
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
):
    """A model's features of every clip, or of every moment of every sentence, as a table for other programs."""
    from slr.evaluation.features import write_features

    with readable_errors():
        clips, vectors = write_features(out, model=model, data=data, split=split)
    typer.echo(f"{out}: {vectors} vectors of {clips} clips")
