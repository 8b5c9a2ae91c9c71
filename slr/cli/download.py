"""`slr download`: fetch a published corpus."""

from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import readable_errors

app = typer.Typer(no_args_is_help=True, help="Fetch the videos of a published corpus.")


@app.command("wlasl")
def download_wlasl(
    annotations: Annotated[Path, typer.Option("--json", metavar="FILE", help="WLASL_v0.3.json.")],
    root: Annotated[Path, typer.Option(metavar="FOLDER",
                                       help="Gets raw_videos/, checksums.csv and dead.csv.")],
    subset: Annotated[int | None, typer.Option(metavar="N", help="Only its first 100, 300, 1000 or 2000 glosses.",
                                              show_default="all")] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, metavar="N", help="Videos fetched at a time.")] = 4,
) -> None:
    """Fetch WLASL's videos.

    Stopped, it goes on where it was; run again, it checks what is there.

    Example:
      slr download wlasl --json WLASL_v0.3.json --root wlasl --subset 100
    """
    from slr.corpora.wlasl import download

    with readable_errors():
        typer.echo(download(annotations, root, subset, workers))
        typer.echo(f"What could not be fetched: {root / 'dead.csv'}\nNext: slr use wlasl --root {root} "
                   f"--json {annotations}" + (f" --subset {subset}" if subset else ""))
