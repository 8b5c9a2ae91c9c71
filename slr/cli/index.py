"""`slr index` builds galleries, `slr search` searches them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from slr.cli.common import AnyExtractor, Json, Split, TrainedFolder, print_error, print_json, readable_errors
from slr.dataset.paths import SELECTED
from slr.errors import SlrError
from slr.gallery import FALSE_ACCEPT_RATE, INDEX

app = typer.Typer(no_args_is_help=True, help="Build galleries: recognise signs from one example each.")
commands = typer.Typer()

Clips = Annotated[list[str] | None, typer.Argument(
    help="Clip ids of the corpus, videos as FILE=GLOSS, or a CSV path,gloss[,signer] of videos.")]
WholeSplit = Annotated[Split | None, typer.Option("--split", help="All clips of a split of the corpus.")]
Gallery = Annotated[Path, typer.Option("--index", metavar="FILE", help="The gallery.")]
ItsModel = Annotated[Path | None, typer.Option(
    "--model", metavar="FOLDER", help="The model that made the gallery, if it was moved.",
    show_default="the recorded folder")]


@app.command("build")
def build_index(
    clips: Clips = None,
    split: WholeSplit = None,
    model: TrainedFolder = SELECTED,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The gallery, a Parquet file.")] = INDEX,
    metric: Annotated[Literal["euclidean", "cosine"], typer.Option(
        help="Distance between the vectors of two clips.")] = "euclidean",
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
) -> None:
    """Build a gallery of signs from clips.

    `slr search` searches it. One clip per sign is enough, and nothing is trained.

    Examples:
      slr index build --split train
      slr index build anna.mp4=HOUSE ben.mp4=RAIN --out mine.parquet
    """
    from slr.gallery.build import build_index, describe

    with readable_errors():
        facts = describe(build_index(clips or (), split=split, model=model, out=out, metric=metric,
                                    any_extractor=any_extractor), out)
    _tell(facts, as_json)


@app.command("add")
def add_to_index(
    clips: Clips = None,
    split: WholeSplit = None,
    index: Gallery = INDEX,
    model: ItsModel = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
) -> None:
    """Add clips to a gallery.

    Clips that are already in it are replaced.

    Example:
      slr index add carla.mp4=SNOW
    """
    from slr.gallery.build import add_to_index, describe

    with readable_errors():
        gallery, replaced = add_to_index(clips or (), split=split, index=index, model=model,
                                         any_extractor=any_extractor)
    facts = describe(gallery, index, replaced)
    _tell(facts, as_json)


def _tell(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        typer.echo(facts["summary"])


@commands.command()
def search(
    clips: Annotated[list[str], typer.Argument(help="Video files, each with one sign, or clip ids of the corpus.")],
    index: Gallery = INDEX,
    model: ItsModel = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Number of glosses to return.")] = 5,
    false_accept_rate: Annotated[float, typer.Option(min=0, max=1, metavar="RATE", help=(
        "False-accept rate: share of unknown signs that may be accepted, as a fraction."))] = FALSE_ACCEPT_RATE,
    sheet: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw the neighbours: a .png file.")] = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
) -> None:
    """Search a gallery for a sign: the nearest glosses, or none.

    "None of these" rejects unknown signs at a calibrated false-accept rate, if the gallery is large enough to
    calibrate.

    Examples:
      slr search s00-balo-1
      slr search unknown.mp4 --index mine.parquet --sheet neighbours.png
    """
    from slr.figures.sheet import sheet_path
    from slr.gallery.answer import Finder, print_answers

    with readable_errors():
        if sheet:
            sheet_path(sheet)  # fail now, not after minutes
        finder = Finder(index, model, false_accept_rate=false_accept_rate, any_extractor=any_extractor)
    answers = []
    for clip in clips:
        try:
            answers.append(finder.find(clip, top))
        except SlrError as error:  # a bad clip doesn't affect the others
            print_error(error)
    if as_json:
        print_json([answer.to_json() for answer in answers])
    elif answers:
        print_answers(answers)
    if sheet and answers:
        with readable_errors():
            typer.echo(finder.sheet(answers, sheet), err=as_json)
    raise typer.Exit(len(answers) < len(clips))
