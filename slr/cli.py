"""The `slr` command: a thin face over the library. Heavy imports happen inside the commands."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from slr.errors import SlrError
from slr.index import ALARM, INDEX

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
                  help="Sign-language recognition: bring recordings, run `dvc repro`, look, predict.")
use = typer.Typer(no_args_is_help=True, help="Choose the corpus: rewrites params.yaml, comments kept.")
app.add_typer(use, name="use")
fetch = typer.Typer(no_args_is_help=True, help="Fetch a published corpus from its addresses.")
app.add_typer(fetch, name="download")
index = typer.Typer(no_args_is_help=True, help="Galleries: signs known by an example each, without training.")
app.add_typer(index, name="index")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ParamsFile = Annotated[Path, typer.Option("--params", help="The settings file.")]
Root = Annotated[Path, typer.Option(help="Folder of the corpus.")]
PARAMS = Path("params.yaml")


@contextmanager
def _readable_errors():
    """Turn an error that is meant for the user into its message and exit code 1."""
    try:
        yield
    except SlrError as error:
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None


@use.command("folder")
def use_folder(
    root: Annotated[Path, typer.Option(help="Folder with <gloss>/<clip>.mp4 (or .webm .avi .mov .mkv, or a folder of "
                                            "images per clip), or with a CSV; or the CSV itself.")],
    csv: Annotated[Path | None, typer.Option(help="CSV path,gloss[,signer][,split][,start_s,end_s][,glosses]; "
                                                  "its paths are relative to --root.")] = None,
    params: ParamsFile = PARAMS,
):
    """Your own recordings. Next: `slr check`, then `dvc repro`."""
    from slr.presets import use_folder

    with _readable_errors():
        typer.echo(use_folder(params, root, csv))


@use.command("wlasl")
def use_wlasl(
    root: Root,
    annotations: Annotated[Path | None, typer.Option("--json", help="WLASL_v0.3.json, if not in the root.")] = None,
    subset: Annotated[int | None, typer.Option(help="100, 300, 1000 or 2000: its first glosses.")] = None,
    crop: Annotated[str, typer.Option(help="bbox cuts the picture to the signer.")] = "none",
    params: ParamsFile = PARAMS,
):
    """WLASL (American). Its videos: `slr download wlasl`. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "wlasl", root, annotations, subset=subset, crop=crop))


@use.command("ipn")
def use_ipn(
    root: Root,
    lists: Annotated[Path | None, typer.Option(help="Folder of trainlistall.txt, vallistall.txt, classIndAll.txt; "
                                                    "else ROOT/annotations or the root.")] = None,
    rests: Annotated[bool, typer.Option("--rests", help="Keep stretches without a gesture (D0X) as a class.")] = False,
    params: ParamsFile = PARAMS,
):
    """IPN Hand (gestures): frames/ or videos/ and the lists. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "ipn", root, lists, subset="all" if rests else None))


@use.command("lsa64")
def use_lsa64(
    root: Root,
    glosses: Annotated[Path | None, typer.Option(help="CSV sign,gloss; else a sign's number is its gloss.")] = None,
    params: ParamsFile = PARAMS,
):
    """LSA64 (Argentinian): SSS_PPP_RRR.mp4. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "lsa64", root, glosses))


@use.command("autsl")
def use_autsl(
    root: Root,
    labels: Annotated[Path | None, typer.Option(help="Folder of the CSVs of labels, if it isn't the root.")] = None,
    params: ParamsFile = PARAMS,
):
    """AUTSL (Turkish): train, val and test folders with their labels. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "autsl", root, labels))


@use.command("phoenix2014")
def use_phoenix2014(
    root: Root,
    lists: Annotated[Path | None, typer.Option(help="Folder of the .corpus.csv; else ROOT/annotations/manual.")] = None,
    si5: Annotated[bool, typer.Option("--si5", help="The signer-independent setup.")] = False,
    params: ParamsFile = PARAMS,
):
    """RWTH-PHOENIX-Weather 2014 (German): sentences as folders of images. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "phoenix2014", root, lists, subset="SI5" if si5 else None))


@use.command("phoenix2014t")
def use_phoenix2014t(
    root: Root,
    lists: Annotated[Path | None, typer.Option(help="Folder of the .corpus.csv; else ROOT/annotations/manual.")] = None,
    params: ParamsFile = PARAMS,
):
    """RWTH-PHOENIX-Weather 2014 T (German): sentences as folders of images. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "phoenix2014t", root, lists))


@use.command("csl-daily")
def use_csl_daily(
    root: Root,
    lists: Annotated[Path | None, typer.Option(help="Folder of video_map.txt, split_1.txt; else ROOT/sentence_label.")]
    = None,
    params: ParamsFile = PARAMS,
):
    """CSL-Daily (Chinese): sentences as folders of images. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "csl_daily", root, lists))


Skeleton = Annotated[str | None, typer.Option(help="The joints: a skeleton's name, or a file below the root.")]
Annotations = Annotated[Path | None, typer.Option("--csv", help="CSV path,gloss[,signer][,split]; else the root's.")]


@use.command("isl-kinect")
def use_isl_kinect(root: Root, params: ParamsFile = PARAMS):
    """ISL Kinect (Indian): landmarks in clips.parquet, no video. Next: `dvc repro`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "isl_kinect", root))


@use.command("boston104")
def use_boston104(
    root: Root,
    words: Annotated[bool, typer.Option("--words", help="Each word is a clip, instead of each sentence.")] = False,
    params: ParamsFile = PARAMS,
):
    """RWTH-BOSTON-104 (American): sentences as tracks of the hands and the nose, no video. Next: `dvc repro`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "boston104", root, subset="words" if words else None))


@use.command("spoter-csv")
def use_spoter_csv(
    root: Root,
    csv: Annotated[Path | None, typer.Option(help="One CSV below the root; else all in it.")] = None,
    y_axis: Annotated[str, typer.Option(help="Where y grows to: auto, down or up.")] = "auto",
    params: ParamsFile = PARAMS,
):
    """Landmarks in SPOTER's CSV, no video. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "spoter_csv", root, csv,
                                 imported={} if y_axis == "auto" else {"y_axis": y_axis}))


@use.command("sca-npz")
def use_sca_npz(
    root: Root,
    labels: Annotated[Path | None, typer.Option(help="The labels of frames; else ROOT/groundtruth[.txt].")] = None,
    classes: Annotated[str, typer.Option(help="Labels that are told apart: 2, 3, 4 or found.")] = "found",
    frames: Annotated[int, typer.Option(min=1, help="Frames of a window.")] = 25,
    stride: Annotated[int, typer.Option(min=1, help="Frames from window to window.")] = 1,
    rule: Annotated[str, typer.Option(help="majority, or any: one positive frame makes a window positive.")]
    = "majority",
    unknown_as_n: Annotated[bool, typer.Option("--unknown-as-n", help="Frames labelled ? count as n.")] = False,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 25,
    joints: Skeleton = None,
    params: ParamsFile = PARAMS,
):
    """Landmarks in SCA-STGCN's NPZ with labels of frames, no video. Next: `slr check`."""
    from slr.presets import use_published

    windows = {"frames": frames, "stride": stride, "rule": rule, "unknown_as_n": unknown_as_n,
               "classes": int(classes) if classes.isdecimal() else classes}
    with _readable_errors():
        typer.echo(use_published(params, "sca_npz", root, labels, windows=windows,
                                 imported={"fps": fps} | ({"skeleton": joints} if joints else {})))


@use.command("arrays")
def use_arrays(
    root: Root,
    joints: Annotated[str, typer.Option(help="The joints: a skeleton's name, or a file below the root.")],
    csv: Annotations = None,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 25,
    missing: Annotated[float | None, typer.Option(help="x and y of a missing joint; else NaN.")] = None,
    size: Annotated[tuple[int, int] | None, typer.Option(help="Width and height of the frames, pixels.")] = None,
    pixels: Annotated[bool, typer.Option("--pixels", help="x and y are pixels of a frame of --size.")] = False,
    params: ParamsFile = PARAMS,
):
    """Landmarks in .npy or .npz files, no video. Next: `slr check`."""
    from slr.presets import use_published

    given = {"skeleton": joints, "fps": fps, "missing": missing, "size": list(size) if size else None,
             "units": "pixel" if pixels else "fraction"}
    with _readable_errors():
        typer.echo(use_published(params, "arrays", root, csv, imported=given))


@use.command("pose")
def use_pose(root: Root, csv: Annotations = None, joints: Skeleton = None, params: ParamsFile = PARAMS):
    """Landmarks in .pose files, no video. Next: `slr check`."""
    from slr.presets import use_published

    with _readable_errors():
        typer.echo(use_published(params, "pose", root, csv, imported={"skeleton": joints} if joints else {}))


@use.command("joined")
def use_joined(
    root: Annotated[Path, typer.Option(help="The data folder of another project, of clips with one sign each.")],
    sentences: Annotated[int, typer.Option(min=1, help="Sentences for training.")] = 1200,
    test_sentences: Annotated[int, typer.Option(min=1, help="Sentences for test.")] = 200,
    vocabulary: Annotated[int | None, typer.Option(min=1, help="Only the first so many glosses.")] = None,
    params: ParamsFile = PARAMS,
):
    """Sentences joined of another project's landmarks of single signs, no video. Next: `slr check`."""
    from slr.presets import use_published

    joined = {"sentences": sentences, "test_sentences": test_sentences, "vocabulary": vocabulary}
    with _readable_errors():
        typer.echo(use_published(params, "joined", root, joined=joined))


@use.command("sample")
def use_sample(params: ParamsFile = PARAMS):
    """The built-in corpus: a drawn signer with invented signs."""
    from slr.presets import use_sample

    with _readable_errors():
        typer.echo(use_sample(params))


@fetch.command("wlasl")
def download_wlasl(
    annotations: Annotated[Path, typer.Option("--json", help="WLASL_v0.3.json.")],
    root: Annotated[Path, typer.Option(help="Folder that gets raw_videos/, checksums.csv and dead.csv.")],
    subset: Annotated[int | None, typer.Option(help="Only its first 100, 300, 1000 or 2000 glosses.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Videos fetched at a time.")] = 4,
):
    """Fetch WLASL's videos. Stopped, it goes on where it was; run again, it checks what is there."""
    from slr.corpora.wlasl import download

    with _readable_errors():
        typer.echo(download(annotations, root, subset, workers))
        typer.echo(f"What could not be fetched: {root / 'dead.csv'}\nNext: slr use wlasl --root {root} "
                   f"--json {annotations}" + (f" --subset {subset}" if subset else ""))


@app.command()
def settings(as_json: Json = False):
    """Every setting of params.yaml: its default and what it means."""
    from slr.params import describe

    rows = list(describe())
    if as_json:
        typer.echo(json.dumps([{"setting": s, "default": d, "meaning": m} for s, d, m in rows], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "default", "meaning")
    for place, default, meaning in rows:
        table.add_row(place, json.dumps(default), meaning)
    Console().print(table)


@app.command()
def check(params: ParamsFile = PARAMS, as_json: Json = False):
    """Read the whole corpus and list every problem, before any computing. Exit code 1 if something is broken."""
    from slr.check import check_corpus, print_problems
    from slr.params import load

    with _readable_errors():
        settings = load(params)
        problems = check_corpus(settings.corpus, settings.compute.workers)
    if as_json:
        typer.echo(json.dumps([vars(problem) for problem in problems], indent=2, ensure_ascii=False))
    else:
        print_problems(problems)
    raise typer.Exit(any(problem.severity == "error" for problem in problems))


@app.command()
def show(
    clip: Annotated[str | None, typer.Argument(help="A clip id of the corpus, or a video file.")] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="A contact sheet: an example of each gloss, drawn.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file: .mp4 or .gif (clip), .png (sheet).")] = None,
):
    """Look at landmarks: drawn over a clip, or one example of each gloss on a sheet."""
    from slr import show as looking

    if sheet == (clip is not None):
        raise typer.BadParameter("name a clip (or a video file), or ask for --sheet")
    with _readable_errors():
        typer.echo(looking.contact_sheet(out or Path("sheet.png")) if sheet else looking.show_clip(clip, out))


@app.command()
def predict(
    videos: Annotated[list[Path], typer.Argument(help="Video files, each with one sign.")],
    model: Annotated[Path, typer.Option(help="Folder of a trained model.")] = Path("models/selected"),
    top: Annotated[int, typer.Option(min=1, help="How many glosses to name.")] = 5,
    any_extractor: Annotated[bool, typer.Option(help="Predict although this machine's landmark extractor is not the "
                                                     "one of the training.")] = False,
    as_json: Json = False,
):
    """Recognise the sign in each video: the most likely glosses with their probabilities."""
    from slr.predict import Predictor, print_predictions

    failed = False
    with _readable_errors():
        predictor = Predictor(model, any_extractor=any_extractor)
    predictions = {}
    for video in videos:
        try:
            predictions[str(video)] = predictor.predict(video, top)
        except SlrError as error:  # one bad video doesn't cost the others their answers
            failed = True
            typer.secho(f"error: {video}: {error}", fg=typer.colors.RED, err=True)
    if as_json:
        typer.echo(json.dumps([
            {"video": video, "glosses": [{"gloss": gloss, "probability": p} for gloss, p in ranked]}
            for video, ranked in predictions.items()
        ], indent=2, ensure_ascii=False))
    else:
        print_predictions(predictions)
    raise typer.Exit(failed)


Video = Annotated[Path, typer.Argument(help="A video file of any length, or a folder of images.")]
Detector = Annotated[Path, typer.Option(help="Folder of a model that finds where signing is.")]
SegmentFiles = Annotated[list[Path] | None, typer.Option(
    "--out", "-o", help="A file to write: .csv, .json, .vtt (subtitles) or .eaf (ELAN). May be given more than once; "
                        "without it, a table is printed.")]
AnyExtractor = Annotated[bool, typer.Option(
    "--any-extractor", help="Read videos although this machine's landmark extractor is not the one of the training.")]


@app.command("segments")
def find_segments(
    video: Video,
    model: Detector = Path("models/sca_stgcn_detection"),
    out: SegmentFiles = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """Where signing is in a video: from when to when, and how sure that is."""
    _transcribe(video, model, None, out or [], any_extractor, as_json)


@app.command("transcribe")
def transcribe_video(
    video: Video,
    detector: Detector = Path("models/sca_stgcn_detection"),
    recogniser: Annotated[Path, typer.Option(help="Folder of a model that reads sentences.")] = Path("models/pose_ctc"),
    out: SegmentFiles = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """The glosses of a video, each from when to when: finds signing, and recognises it."""
    _transcribe(video, detector, recogniser, out or [], any_extractor, as_json)


def _transcribe(video: Path, detector: Path, recogniser: Path | None, out: list[Path], any_extractor: bool,
                as_json: bool) -> None:
    from slr.segments.files import as_dict, format_of, write
    from slr.transcribe import Transcriber, print_tiers, summary

    with _readable_errors():
        for path in out:
            format_of(path)  # minutes before it is written
        tiers = Transcriber(detector, recogniser, any_extractor)(video)
        for path in out:
            write(path, tiers, video)
    if as_json:
        typer.echo(json.dumps(as_dict(tiers, video), indent=2, ensure_ascii=False))
    elif out:
        typer.echo(f"{', '.join(map(str, out))}: {summary(tiers)}")
    else:
        print_tiers(tiers)


@app.command("explain")
def explain_clip(
    clip: Annotated[str, typer.Argument(help="A clip id of the corpus, or a video file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.")],
    model: Annotated[Path, typer.Option(help="Folder of a trained model, of sentences or of signs.")]
    = Path("models/selected"),
    any_extractor: AnyExtractor = False,
):
    """What a model went by: where it looked (Grad-CAM, models of frames), or which joints spoke for each gloss."""
    from slr.explain import explain

    with _readable_errors():
        glosses = explain(clip, model, out, any_extractor=any_extractor)
    typer.echo(f"{out}: {' '.join(gloss.label for gloss in glosses) or 'no gloss was read'}")


@app.command("features")
def write_features(
    out: Annotated[Path, typer.Option("--out", "-o", help="A .parquet file.")],
    model: Annotated[Path, typer.Option(help="Folder of a trained model, of sentences or of signs.")]
    = Path("models/selected"),
    data: Annotated[Path, typer.Option(help="Folder with manifest.parquet, splits.parquet, and landmarks or frames.")]
    = Path("data"),
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
):
    """A model's features of every clip, or of every moment of every sentence, as a table for other programs."""
    from slr.evaluation.features import write_features

    with _readable_errors():
        clips, vectors = write_features(out, model=model, data=data, split=split)
    typer.echo(f"{out}: {vectors} vectors of {clips} clips")


Clips = Annotated[list[str] | None, typer.Argument(
    help="Clip ids of the corpus, videos as FILE=GLOSS, or a CSV path,gloss[,signer] of videos.")]
WholeSplit = Annotated[str | None, typer.Option("--split", help="All clips of train, val or test.")]
Gallery = Annotated[Path, typer.Option("--index", help="The gallery.")]
ItsModel = Annotated[Path | None, typer.Option(
    "--model", help="Folder of the model that made the gallery; else the one that it names.")]


@index.command("build")
def build_index(
    clips: Clips = None,
    split: WholeSplit = None,
    model: Annotated[Path, typer.Option(help="Folder of a trained model.")] = Path("models/selected"),
    out: Annotated[Path, typer.Option("--out", "-o", help="The gallery, a Parquet file.")] = INDEX,
    metric: Annotated[str, typer.Option(help="euclidean or cosine.")] = "euclidean",
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """Make a gallery of clips: the examples that `slr search` knows signs by."""
    from slr.index.build import build_index, describe

    with _readable_errors():
        told = describe(build_index(clips or (), split=split, model=model, out=out, metric=metric,
                                    any_extractor=any_extractor), out)
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False) if as_json else told["summary"])


@index.command("add")
def add_to_index(
    clips: Clips = None,
    split: WholeSplit = None,
    index: Gallery = INDEX,
    model: ItsModel = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """Add clips to a gallery; those that are in it already are replaced."""
    from slr.index.build import add_to_index, describe

    with _readable_errors():
        gallery, replaced = add_to_index(clips or (), split=split, index=index, model=model,
                                         any_extractor=any_extractor)
    told = describe(gallery, index, replaced)
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False) if as_json else told["summary"])


@app.command()
def search(
    clips: Annotated[list[str], typer.Argument(help="Video files, each with one sign, or clip ids of the corpus.")],
    index: Gallery = INDEX,
    model: ItsModel = None,
    top: Annotated[int, typer.Option(min=1, help="How many glosses to name.")] = 5,
    alarm: Annotated[float, typer.Option(min=0, max=1, help="Share of signs outside the gallery that may pass for one "
                                                            "in it.")] = ALARM,
    sheet: Annotated[Path | None, typer.Option(help="Draw the neighbours as a contact sheet, a .png file.")] = None,
    any_extractor: AnyExtractor = False,
    as_json: Json = False,
):
    """The nearest different glosses of a gallery, and whether it is one of these at all."""
    from slr.index.answer import Finder, print_answers

    with _readable_errors():
        finder = Finder(index, model, alarm=alarm, any_extractor=any_extractor)
    answers = []
    for clip in clips:
        try:
            answers.append(finder.find(clip, top))
        except SlrError as error:  # one bad clip doesn't cost the others their answers
            typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
    if as_json:
        typer.echo(json.dumps([answer.to_json() for answer in answers], indent=2, ensure_ascii=False))
    elif answers:
        print_answers(answers)
    if sheet and answers:
        with _readable_errors():
            typer.echo(finder.sheet(answers, sheet), err=as_json)
    raise typer.Exit(len(answers) < len(clips))


@app.command("transfer")
def transfer_model(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model.")],
    data: Annotated[Path, typer.Option(help="Folder with the other corpus' manifest.parquet and landmarks.")],
    any_landmarks: Annotated[bool, typer.Option(help="Test although these landmarks were made differently from those "
                                                     "of the training.")] = False,
    as_json: Json = False,
):
    """Test a model on another corpus' signs, by one or five examples of each and without training."""
    from slr.evaluation.transfer import print_transfer, transfer

    with _readable_errors():
        metrics = transfer(model, data, any_landmarks)
    if as_json:
        typer.echo(json.dumps(metrics, indent=2, ensure_ascii=False))
    else:
        print_transfer(metrics)


@app.command("map")
def draw_map(
    model: Annotated[Path, typer.Option(help="Folder of a trained model.")] = Path("models/selected"),
    method: Annotated[str, typer.Option(help="tsne, umap or pca.")] = "tsne",
    data: Annotated[Path, typer.Option(help="Folder with manifest.parquet, landmarks and splits.parquet.")]
    = Path("data"),
    any_landmarks: Annotated[bool, typer.Option(help="Although these landmarks were made differently from those of the "
                                                     "training.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file.")] = Path("reports/map.html"),
):
    """Every clip by a model's features, as one interactive page: what is near what, and how it is signed."""
    from slr.embedding_map.page import write_map

    with _readable_errors():
        typer.echo(write_map(out, model=model, data=data, method=method, any_landmarks=any_landmarks))


@app.command("convert")
def convert_landmarks(
    kind: Annotated[str, typer.Argument(help="spoter, npz or pose.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.")],
    y_up: Annotated[bool, typer.Option("--y-up", help="spoter: y grows upwards, as in the published files.")] = False,
):
    """Write the landmarks for other programs: SPOTER's CSV, SCA-STGCN's NPZ, or .pose files."""
    from slr.convert import convert

    with _readable_errors():
        typer.echo(f"{convert(kind, out, y_up=y_up)} clips are in {out}")


@app.command("sample-error")
def sample_error(
    root: Annotated[Path, typer.Option(help="The rendered corpus, with its true joints.")] = Path("data/sample"),
    landmarks: Annotated[Path, typer.Option(help="The extracted landmarks.")] = Path("data/landmarks"),
    as_json: Json = False,
):
    """How far the extracted landmarks are from the drawn signer's true joints, and how often parts are found."""
    from slr.corpora.sample.truth import extraction_error

    with _readable_errors():
        errors = extraction_error(root, landmarks)
    typer.echo(json.dumps(errors, indent=2) if as_json else "\n".join(f"{k:32} {v:.4f}" for k, v in errors.items()))


@app.command()
def verify(
    scratch: Annotated[bool, typer.Option(help="Run every stage again, not only those out of date.")] = False,
    as_json: Json = False,
):
    """Run the pipeline and compare its metrics with the committed ones. Exit code 1 if one is out of tolerance."""
    from slr.verify import print_comparison, verify_metrics

    with _readable_errors():
        comparison = verify_metrics(Path.cwd(), scratch=scratch)
    if as_json:
        typer.echo(json.dumps([vars(row) for row in comparison], indent=2))
    else:
        print_comparison(comparison)
    raise typer.Exit(any(not row.within for row in comparison))


if __name__ == "__main__":
    app()
