"""Commands that analyse a trained model."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from slr.cli.common import (
    PARAMS,
    AnyExtractor,
    AnyLandmarks,
    Device,
    Json,
    ParamsFile,
    Split,
    TrainedFolder,
    print_json,
    readable_errors,
)
from slr.dataset.paths import SELECTED

commands = typer.Typer()


@commands.command("transfer")
def transfer_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a trained model.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER",
                                       help="Folder with the other corpus's manifest.parquet and landmarks.")],
    gallery: Annotated[Split | None, typer.Option(help="Split whose clips are the examples; else all others'.")] = None,
    queries: Annotated[Split | None, typer.Option(help="Split whose clips are recognised; with --gallery.")] = None,
    any_landmarks: AnyLandmarks = False,
    as_json: Json = False,
) -> None:
    """Test a model on another corpus's signs, without training.

    Accuracy with one, five and all examples, by the nearest, by class means and by a vote; retrieval and open-set
    metrics.

    Example:
      slr transfer models/spoter_embedding --data ../other-project/data --gallery train --queries test
    """
    from slr.evaluation.transfer import print_transfer, transfer

    with readable_errors():
        metrics = transfer(model, data, any_landmarks, gallery, queries)
    if as_json:
        print_json(metrics)
    else:
        print_transfer(metrics)


@commands.command("learning-curve")
def draw_learning_curve(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name in the settings.")],
    shares: Annotated[str, typer.Option(metavar="LIST", help="Shares of the training clips.")] = ".1,.2,.5,1",
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="FOLDER", help="Table and picture.", show_default="reports/learning-curves/MODEL")]
    = None,
    params: ParamsFile = PARAMS,
    as_json: Json = False,
) -> None:
    """Train a model on shares of the training clips.

    Shows what more clips are worth, on the validation clips. The trained models of the project stay as they are.

    Example:
      slr learning-curve spoter --shares .25,.5,1
    """
    from slr.dataset.dataset import Dataset
    from slr.errors import ParamsError
    from slr.evaluation.learning_curve import learning_curve, print_curve
    from slr.params import load

    out = out or Path("reports/learning-curves") / model
    with readable_errors():
        try:
            numbers = [float(share) for share in shares.split(",")]
        except ValueError:
            raise ParamsError(f"--shares: {shares!r} is no list of numbers; give one such as .1,.5,1") from None
        table = learning_curve(model, load(params), Dataset(), numbers, out)
    if as_json:
        print_json(table.to_dict("records"))
    else:
        print_curve(table)
        typer.echo(f"{out}: curve.csv, curve.svg")


@commands.command("map")
def draw_map(
    model: TrainedFolder = SELECTED,
    method: Annotated[Literal["tsne", "umap", "pca"], typer.Option(help="Projection method.")] = "tsne",
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of manifest, landmarks, splits.")]
    = Path("data"),
    any_landmarks: AnyLandmarks = False,
    device: Device = "cpu",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The HTML page.")] = Path("reports/map.html"),
) -> None:
    """Interactive map of all clips by a model's features.

    Shows which clips are close in feature space; a click on a point plays the clip.

    Example:
      slr map --method pca
    """
    from slr.report.embedding_map import write_map

    with readable_errors():
        typer.echo(write_map(out, model=model, data=data, method=method, any_landmarks=any_landmarks,
                             device=device))


@commands.command("explain")
def explain_clip(
    clip: Annotated[str, typer.Argument(help="A clip id of the corpus, or a video file.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="A new folder.")],
    model: TrainedFolder = SELECTED,
    any_extractor: AnyExtractor = False,
    device: Device = "cpu",
) -> None:
    """Attribute a prediction to joints, or to pixels.

    Gradient times input for landmark models, Grad-CAM for RGB models; for each recognised gloss.

    Example:
      slr explain s00-balo-1 --out why
    """
    from slr.inference.explain import explain

    with readable_errors():
        glosses = explain(clip, model, out, any_extractor=any_extractor, device=device)
    typer.echo(f"{out}: {' '.join(gloss.label for gloss in glosses) or 'no gloss was read'}")


@commands.command("features")
def write_features(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A .parquet file.")],
    model: TrainedFolder = SELECTED,
    data: Annotated[Path, typer.Option(
        metavar="FOLDER", help="Folder of manifest, splits, and landmarks or frames.")] = Path("data"),
    split: Annotated[Split, typer.Option(help="The split.")] = "test",
    device: Device = "cpu",
) -> None:
    """Write a model's features of all clips of a split as a table.

    One row per clip, or per output frame of each sentence.

    Example:
      slr features --out features.parquet --split val
    """
    from slr.inference.features import write_features

    with readable_errors():
        clips, vectors = write_features(out, model=model, data=data, split=split, device=device)
    typer.echo(f"{out}: {vectors} vectors of {clips} clips")
