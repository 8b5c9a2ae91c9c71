"""Galleries: recognition of signs from one example each, without training, by nearest-neighbour search."""

from pathlib import Path

INDEX = Path("index.parquet")
"""Default path of a gallery."""
FALSE_ACCEPT_RATE = 0.1
"""Default false-accept rate: the share of unknown signs that are accepted as known."""
