"""Commands for videos: isolated recognition, detection of signing, and transcription."""

from pathlib import Path
from typing import Annotated, Any

import typer

from slr.cli.common import AnyExtractor, Device, Json, TrainedFolder, flag, print_error, print_json, readable_errors
from slr.dataset.paths import SELECTED
from slr.errors import SlrError

commands = typer.Typer()

Person = Annotated[str | None, typer.Option("--person", metavar="WHO", help=(
    "Crop videos to one person first: largest, left, right, or a box X,Y,WIDTH,HEIGHT in pixels."))]
Crop = Annotated[bool, flag("--crop", help="Crop videos to the person first: --person largest.")]


@commands.command()
def predict(
    videos: Annotated[list[Path], typer.Argument(help="Video files, each with one sign.")],
    model: TrainedFolder = SELECTED,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Number of glosses to return.")] = 5,
    person: Person = None,
    crop: Crop = False,
    any_extractor: AnyExtractor = False,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Recognise the isolated sign in each video.

    Prints the most probable glosses with their probabilities, and on stderr what may make them wrong: a clip unlike
    those of training, hands that are rarely found, a second person. Exit code 1 if a video can't be read; the others
    are still recognised.

    Examples:
      slr predict data/sample/isolated/s00-balo-1.mp4
      slr predict recordings/HOUSE/*.mp4 --top 1 --json
    """
    from slr.inference.notes import as_dicts, print_notes
    from slr.inference.predict import Predictor, print_predictions

    failed = False
    with readable_errors():
        predictor = Predictor(model, any_extractor=any_extractor, device=device, person=_person(person, crop))
    predictions = {}
    for video in videos:
        try:
            predictions[str(video)] = predictor.answer(video, top)
        except SlrError as error:  # a bad video doesn't affect the others
            failed = True
            print_error(f"{video}: {error}")
    if as_json:
        print_json([{"video": video, "glosses": [{"gloss": gloss, "probability": p} for gloss, p in ranked],
                     "notes": as_dicts(notes)} for video, (ranked, notes) in predictions.items()])
    else:
        print_predictions({video: answer.glosses for video, answer in predictions.items()})
    print_notes({video: answer.notes for video, answer in predictions.items()})
    raise typer.Exit(failed)


Video = Annotated[Path, typer.Argument(help="A video of any length, a folder of images, or a clip id.")]
Detector = Annotated[Path, typer.Option(metavar="FOLDER", help="A trained detection model.")]
SegmentFiles = Annotated[list[Path] | None, typer.Option(
    "--out", "-o", metavar="FILE", help="Output file: .csv, .json, .vtt (subtitles) or .eaf (ELAN), times in "
                                        "seconds. Repeatable; without it, a table is printed.")]


@commands.command("segments")
def find_segments(
    video: Video,
    model: Detector = Path("models/sca_stgcn_detection"),
    out: SegmentFiles = None,
    person: Person = None,
    crop: Crop = False,
    any_extractor: AnyExtractor = False,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Detect the segments of a video in which somebody signs.

    Start and end in seconds, with the model's mean probability.

    Examples:
      slr segments talk.mp4
      slr segments talk.mp4 --out talk.eaf --out talk.csv
    """
    _transcribe(video, model, None, out or [], _person(person, crop), any_extractor, device, as_json)


@commands.command("transcribe")
def transcribe_video(
    video: Video,
    detector: Detector = Path("models/sca_stgcn_detection"),
    recogniser: Annotated[Path, typer.Option(metavar="FOLDER", help=(
        "A trained sentence model, from landmarks or RGB frames."))] = Path("models/pose_ctc"),
    whole: Annotated[bool, flag("--whole", help="Transcribe the entire video, without a detector.")] = False,
    out: SegmentFiles = None,
    person: Person = None,
    crop: Crop = False,
    any_extractor: AnyExtractor = False,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Transcribe a video of any length: glosses with times.

    Detects segments of signing and recognises their glosses; times are in seconds from the start. Notes on stderr say
    why there is no gloss.

    Examples:
      slr transcribe talk.mp4
      slr transcribe talk.mp4 --out talk.vtt --out talk.eaf
      slr transcribe sentence.mp4 --whole --json
    """
    _transcribe(video, None if whole else detector, recogniser, out or [], _person(person, crop), any_extractor,
                device, as_json)


def _person(person: str | None, crop: bool) -> Any:
    """The setting `frames.person` that the options stand for."""
    from slr.params.persons import parse_person

    with readable_errors():
        return parse_person(person) if person is not None else "largest" if crop else None


def _transcribe(video: Path, detector: Path | None, recogniser: Path | None, out: list[Path], person: Any,
                any_extractor: bool, device: str, as_json: bool) -> None:
    from slr.inference.notes import as_dicts, print_notes
    from slr.inference.transcribe import Transcriber, print_tiers, summary
    from slr.io.files import output_file
    from slr.segments.files import as_dict, format_of, write

    with readable_errors():
        for path in out:
            format_of(output_file(path, what="a table of segments"))  # fail now, not after minutes
        tiers, notes = Transcriber(detector, recogniser, any_extractor, device, person=person).transcribe(video)
        for path in out:
            write(path, tiers, video)
    if as_json:
        print_json({**as_dict(tiers, video), "notes": as_dicts(notes)})
    elif out:
        typer.echo(f"{', '.join(map(str, out))}: {summary(tiers)}")
    else:
        print_tiers(tiers)
    print_notes({str(video): notes})
