"""Galleries: signs known by one example each, without training; and searching them."""

from pathlib import Path

INDEX = Path("index.parquet")
"""Where a gallery is, by default."""
FALSE_ACCEPT_RATE = 0.1
"""Share of signs outside a gallery that may pass for one in it, by default."""
