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


@commands.command("import-checkpoint")
def import_published_checkpoint(
    system: Annotated[Literal["spoter", "silt", "spoter-embeddings", "sca-stgcn", "stfnet"], typer.Argument(
        help="The system whose authors' code wrote the checkpoint.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The weights: .pt, .pth or .safetensors.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="The model folder.")],
    labels: Annotated[Path | None, typer.Option(metavar="FILE", help=(
        "Its glosses in the order of its classes: a gloss a line, or JSON. Not for embeddings."))] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=(
        "A setting that no tensor shows, such as joints, heads or normalise; repeatable."))] = None,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help=(
        "The data set that the model will read, if there is one."))] = Path("data"),
) -> None:
    """Import a checkpoint of a published system.

    Writes a model folder that predicts like the authors' network. Code in the file isn't run. Exit code 1 if a tensor
    is missing, left over or misshapen.

    Example:
      slr import-checkpoint spoter checkpoint_v_10.pth --labels wlasl100.txt --out models/theirs
    """
    from slr.inference.checkpoints import import_checkpoint, parse_settings

    with readable_errors():
        params = import_checkpoint(system, file, labels, out, parse_settings(settings or ()), data)
    changed = params.model_dump(exclude_defaults=True)
    typer.echo(f"{out}: {', '.join(f'{name} {value}' for name, value in changed.items())}")


@commands.command("evaluate")
def evaluate_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a trained or imported model.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="A new folder for metrics and figures.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of manifest, landmarks or frames, splits.")]
    = Path("data"),
    params: ParamsFile = PARAMS,
) -> None:
    """Test a model outside the pipeline, such as an imported one.

    Prints the metrics of the test clips, as `dvc repro` writes them for the models that it trains.

    Example:
      slr evaluate models/theirs --out reports/theirs
    """
    from slr.dataset.dataset import Dataset
    from slr.dataset.model_folder import CONFIG, METRICS
    from slr.evaluation.evaluate import evaluate
    from slr.io.files import output_folder
    from slr.params import load

    with readable_errors():
        output_folder(out, replaced=(CONFIG, METRICS))  # of an earlier test
        print_json(evaluate(model, load(params), Dataset.below(data), None, out))


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
    split: Annotated[Literal["all", "train", "val", "test"], typer.Option(help="Clips on the map.")] = "all",
    videos: Annotated[int, typer.Option(
        min=0, metavar="N", help="Videos to include, evenly chosen; about 15 kB each.")] = 100,
    any_landmarks: AnyLandmarks = False,
    device: Device = "cpu",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The HTML page.")] = Path("reports/map.html"),
) -> None:
    """Interactive map of all clips by a model's features.

    Shows which clips are close in feature space; a click on a point plays the clip's video beside its skeleton.

    Example:
      slr map --method pca
    """
    from slr.report.embedding_map import write_map

    with readable_errors():
        typer.echo(write_map(out, model=model, data=data, method=method, any_landmarks=any_landmarks, split=split,
                             videos=videos, device=device))


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
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A table, .parquet, or a picture, .png.")],
    model: TrainedFolder = SELECTED,
    data: Annotated[Path, typer.Option(
        metavar="FOLDER", help="Folder of manifest, splits, and landmarks or frames.")] = Path("data"),
    split: Annotated[Literal["train", "val", "test", "all"], typer.Option(help="The split.")] = "test",
    of: Annotated[Literal["features", "signer"], typer.Option(
        help="The input of the classifier, or the signer embedding.")] = "features",
    method: Annotated[Literal["tsne", "umap", "pca"], typer.Option(help="Projection of a picture.")] = "tsne",
    perplexity: Annotated[float | None, typer.Option(
        min=1, metavar="NUMBER", help="Perplexity of t-SNE.", show_default="30, less for few clips")] = None,
    save_csv: Annotated[Path | None, typer.Option(
        metavar="FILE", help="With a picture: also its places, and all vectors.")] = None,
    device: Device = "cpu",
) -> None:
    """Write a model's features, or signer embeddings, of all clips.

    One vector per clip, per output frame of each sentence, or per window of each stream: as a table, or as a picture
    coloured by label and by signer.

    Examples:
      slr features --out features.parquet --split val
      slr features --of signer --out signers.png --save-csv signers.csv --perplexity 20
    """
    from slr.inference import features

    if out.suffix not in (".parquet", ".png"):
        raise typer.BadParameter(f"{out} is neither a .parquet nor a .png file")
    picture = out.suffix == ".png"
    if save_csv and not picture:
        raise typer.BadParameter("--save-csv goes with a picture; a table has the vectors already")
    with readable_errors():
        clips, vectors = (
            features.draw_features(out, model=model, data=data, split=split, of=of, method=method,
                                   perplexity=perplexity, save_csv=save_csv, device=device) if picture else
            features.write_features(out, model=model, data=data, split=split, of=of, device=device))
    typer.echo(f"{out}: {vectors} vectors of {clips} clips")
