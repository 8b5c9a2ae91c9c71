"""The split of each clip: `data/splits.parquet`."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from slr.io.files import read_parquet, write_parquet

SCHEMA = pa.schema([
    pa.field("clip_id", pa.string(), nullable=False),
    pa.field("split", pa.string(), nullable=False),
    pa.field("fold", pa.int32()),  # the fold in which the clip is tested; null = none
])
MIN_SIGNERS = 3
"""Minimum number of signers for a split by signer: one each for training, validation and test."""


def write_splits(path: str | Path, splits: pd.DataFrame) -> None:
    """Write the output of `make_splits` as Parquet."""
    write_parquet(path, splits, SCHEMA)


def read_splits(path: str | Path) -> pd.DataFrame:
    """Read `clip_id, split, fold`; raises CorpusError if the file is missing or can't be read."""
    splits = read_parquet(path, SCHEMA, f"there are no splits at {path}; run `dvc repro splits` first").to_pandas()
    return splits.astype({"fold": "Int32"})
