"""The pseudo-signer of each clip: `data/signers.parquet`."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from slr.io.files import read_parquet, write_parquet

SCHEMA = pa.schema([pa.field("clip_id", pa.string(), nullable=False),
                    pa.field("pseudo_signer", pa.int32(), nullable=False)])


def write_signers(path: str | Path, clusters: pd.DataFrame) -> None:
    """Write `clip_id, pseudo_signer` as Parquet."""
    write_parquet(path, clusters, SCHEMA)


def read_signers(path: str | Path) -> pd.DataFrame:
    """Read `clip_id, pseudo_signer`; raises CorpusError if the file is missing or can't be read."""
    table = read_parquet(path, SCHEMA, f"there are no pseudo-signers at {path}; run `dvc repro signers` first")
    return table.to_pandas()
