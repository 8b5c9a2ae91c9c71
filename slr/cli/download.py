"""`slr download`: fetch a published corpus."""

from pathlib import Path
from typing import Annotated

import typer

from slr.cli.common import readable_errors

app = typer.Typer(no_args_is_help=True, help="Fetch a published corpus from its addresses.")


@app.command("wlasl")
def download_wlasl(
    annotations: Annotated[Path, typer.Option("--json", help="WLASL_v0.3.json.")],
    root: Annotated[Path, typer.Option(help="Folder that gets raw_videos/, checksums.csv and dead.csv.")],
    subset: Annotated[int | None, typer.Option(help="Only its first 100, 300, 1000 or 2000 glosses.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Videos fetched at a time.")] = 4,
):
    """Fetch WLASL's videos. Stopped, it goes on where it was; run again, it checks what is there."""
    from slr.corpora.wlasl import download

    with readable_errors():
        typer.echo(download(annotations, root, subset, workers))
        typer.echo(f"What could not be fetched: {root / 'dead.csv'}\nNext: slr use wlasl --root {root} "
                   f"--json {annotations}" + (f" --subset {subset}" if subset else ""))
