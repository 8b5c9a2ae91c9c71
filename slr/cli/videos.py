"""Commands that read videos: the sign in each, where signing is, and the glosses of it."""

from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import AnyExtractor, Json, TrainedFolder, print_error, print_json, readable_errors
from slr.dataset.paths import SELECTED
from slr.errors import SlrError

commands = typer.Typer()


@commands.command()
def predict(
    videos: Annotated[list[Path], typer.Argument(help="Video files, each with one sign.")],
    model: TrainedFolder = SELECTED,
    top: Annotated[int, typer.Option(min=1, help="How many glosses to name.")] = 5,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """Recognise the sign in each video: the most likely glosses with their probabilities."""
    from slr.predict import Predictor, print_predictions

    failed = False
    with readable_errors():
        predictor = Predictor(model, any_extractor=any_extractor)
    predictions = {}
    for video in videos:
        try:
            predictions[str(video)] = predictor.predict(video, top)
        except SlrError as error:  # one bad video doesn't cost the others their answers
            failed = True
            print_error(f"{video}: {error}")
    if as_json:
        print_json([{"video": video, "glosses": [{"gloss": gloss, "probability": p} for gloss, p in ranked]}
                    for video, ranked in predictions.items()])
    else:
        print_predictions(predictions)
    raise typer.Exit(failed)


Video = Annotated[Path, typer.Argument(help="A video file of any length, or a folder of images.")]
Detector = Annotated[Path, typer.Option(help="Folder of a model that finds where signing is.")]
SegmentFiles = Annotated[list[Path] | None, typer.Option(
    "--out", "-o", help="A file to write: .csv, .json, .vtt (subtitles) or .eaf (ELAN). May be given more than once; "
                        "without it, a table is printed.")]


@commands.command("segments")
def find_segments(
    video: Video,
    model: Detector = Path("models/sca_stgcn_detection"),
    out: SegmentFiles = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """Where signing is in a video: from when to when, and how sure that is."""
    _transcribe(video, model, None, out or [], any_extractor, as_json)


@commands.command("transcribe")
def transcribe_video(
    video: Video,
    detector: Detector = Path("models/sca_stgcn_detection"),
    recogniser: Annotated[Path, typer.Option(help="Folder of a model that reads sentences, from landmarks or from "
                                                  "pictures.")] = Path("models/pose_ctc"),
    whole: Annotated[bool, typer.Option("--whole", help="Recognise all of the video: no detector, which says where "
                                                        "signing is.")] = False,
    out: SegmentFiles = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """The glosses of a video, each from when to when: finds signing, and recognises it."""
    _transcribe(video, None if whole else detector, recogniser, out or [], any_extractor, as_json)


def _transcribe(video: Path, detector: Path | None, recogniser: Path | None, out: list[Path], any_extractor: bool,
                as_json: bool) -> None:
    from slr.segments.files import as_dict, format_of, write
    from slr.transcribe import Transcriber, print_tiers, summary

    with readable_errors():
        for path in out:
            format_of(path)  # minutes before it is written
        tiers = Transcriber(detector, recogniser, any_extractor)(video)
        for path in out:
            write(path, tiers, video)
    if as_json:
        print_json(as_dict(tiers, video))
    elif out:
        typer.echo(f"{', '.join(map(str, out))}: {summary(tiers)}")
    else:
        print_tiers(tiers)
