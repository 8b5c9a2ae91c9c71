"""`slr export`: trained models as files for other runtimes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from slr.cli.common import Json, flag, print_json, readable_errors

commands = typer.Typer()


@commands.command("export")
def export_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a trained or imported model.")],
    kind: Annotated[Literal["onnx", "torchscript"], typer.Option("--format", help="The file's format.")] = "onnx",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", show_default="MODEL.onnx", help=(
        "The file; the default lies beside the folder."))] = None,
    quantize: Annotated[Literal["fp16", "int8"] | None, typer.Option(
        help="Smaller weights, of ONNX files: half precision, or 8-bit integers.")] = None,
    pixels: Annotated[bool, flag("--pixels", help="The file takes x and y in pixels, instead of fractions.")] = False,
    report: Annotated[bool, flag("--report", help="Also size, latency and accuracy beside torch's.")] = False,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help=(
        "Folder of manifest, landmarks, splits: its test clips check the file."))] = Path("data"),
    as_json: Json = False,
) -> None:
    """Export a landmark model to one file.

    Raw landmarks in, probabilities out; preprocessing is inside, labels and the model card are in its metadata. Each
    file is held against torch on test clips. Exit code 1, and no file, if it differs by more than 1e-4 (fp16 0.01, int8
    0.25), or names another class (fp16 in more than 1 %, int8 in more than 5 %).

    Examples:
      slr export models/multistream
      slr export models/spoter --quantize int8 --report
    """
    from slr.dataset.dataset import Dataset
    from slr.inference.export.export import export
    from slr.inference.export.report import print_report, report_of

    dataset = Dataset.below(data)
    with readable_errors():
        path, found = export(model, kind, out, precision=quantize or "fp32", pixels=pixels, dataset=dataset)
        facts = report_of(model, kind, path, dataset) if report else {}
    if as_json:
        print_json({"file": str(path), **found._asdict(), **facts})
        return
    typer.echo(f"{path}: differs from torch by {found.max_difference:.1e} at most, on {found.clips} clips")
    if report:
        print_report(kind, facts)
