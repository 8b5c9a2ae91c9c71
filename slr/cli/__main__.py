"""`python -m slr.cli`: the `slr` command, of this interpreter."""

from slr.cli import app

app()
