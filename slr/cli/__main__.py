"""`python -m slr.cli`: the `slr` command, run by this interpreter."""

from slr.cli import app

app()
