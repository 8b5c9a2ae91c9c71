"""`slr download`: download a published corpus."""

from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import readable_errors

app = typer.Typer(no_args_is_help=True, help="Download the videos of a published corpus.")


@app.command("wlasl")
def download_wlasl(
    annotations: Annotated[Path, typer.Option("--json", metavar="FILE", help="WLASL_v0.3.json.")],
    root: Annotated[Path, typer.Option(metavar="FOLDER",
                                       help="Folder for raw_videos/, checksums.csv and dead.csv.")],
    subset: Annotated[int | None, typer.Option(metavar="N", help="Only the first 100, 300, 1000 or 2000 glosses.",
                                              show_default="all")] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, metavar="N", help="Number of parallel downloads.")] = 4,
) -> None:
    """Download WLASL's videos.

    An interrupted download resumes; run again, it verifies existing files.

    Example:
      slr download wlasl --json WLASL_v0.3.json --root wlasl --subset 100
    """
    from slr.corpora.wlasl import download

    with readable_errors():
        typer.echo(download(annotations, root, subset, workers))
        typer.echo(f"What could not be fetched: {root / 'dead.csv'}\nNext: slr use wlasl --root {root} "
                   f"--json {annotations}" + (f" --subset {subset}" if subset else ""))
