"""The manifest: the common format of all corpora, one row per clip."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from slr.errors import CorpusError
from slr.io.files import atomic_path, read_parquet

SEGMENT = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])
SCHEMA = pa.schema([
    pa.field("clip_id", pa.string(), nullable=False),
    pa.field("media", pa.string(), nullable=False),  # relative to the corpus root: video, folder of images, landmarks
    pa.field("start_frame", pa.int32()),  # half-open range; null = whole
    pa.field("end_frame", pa.int32()),
    pa.field("fps", pa.float64()),  # null = as in the file
    pa.field("glosses", pa.list_(pa.string()), nullable=False),  # one for isolated clips, none for streams
    pa.field("segments", pa.list_(SEGMENT), nullable=False),  # frames, half-open
    pa.field("signer", pa.string()),  # null = unknown
    pa.field("split", pa.string()),  # the corpus's official split, or null
    pa.field("bbox", pa.list_(pa.int32())),  # crop x0, y0, x1, y1 in pixels
    pa.field("translation", pa.string()),  # the sentence in a spoken language
])
OPTIONAL = ("bbox", "translation")
"""Columns that a file lacks if all their values are null."""
SPLITS = ("train", "val", "test")
SPLIT_NAMES = {**{split: split for split in SPLITS}, "dev": "val", "valid": "val", "validation": "val"}
"""Names of splits in corpora, in lower case, and in a manifest."""


def is_gallery(clips: pd.DataFrame) -> bool:
    """Whether a manifest's rows are a gallery: examples to search among, one clip for each gloss."""
    glosses = clips.glosses.str[0]
    return len(clips) > 1 and bool((clips.glosses.str.len() == 1).all()) and glosses.is_unique and (
        clips.split.isna().all())


def write_manifest(path: str | Path, clips: pd.DataFrame) -> None:
    """Validate the rows and write them, sorted by clip id.

    Raises
    ------
    CorpusError
        If there are no clips, an id occurs twice, or a split isn't train, val or test.
    """
    if clips.empty:
        raise CorpusError("the corpus has no clips; see `slr check`")
    twice = clips.clip_id[clips.clip_id.duplicated()].unique()
    if len(twice):
        raise CorpusError(f"clip ids occur more than once: {', '.join(map(str, twice[:5]))}; rename these clips")
    odd = set(clips.split.dropna()) - set(SPLITS)
    if odd:
        raise CorpusError(f"unknown splits: {', '.join(sorted(map(str, odd)))}; use {', '.join(SPLITS)} or nothing")
    schema = pa.schema([field for field in SCHEMA if field.name not in OPTIONAL or (
        field.name in clips and clips[field.name].notna().any())])
    table = pa.Table.from_pandas(clips[schema.names].sort_values("clip_id"), schema, preserve_index=False)
    with atomic_path(path) as temporary:
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")


def is_one_sign(clip: Any) -> bool:
    """Whether a row is a whole recording of one sign: no sentence, no stream, and no frames chosen by an annotation."""
    return len(clip.glosses) == 1 and not len(clip.segments) and pd.isna(clip.start_frame) and pd.isna(clip.end_frame)


def read_manifest(path: str | Path) -> pd.DataFrame:
    """The manifest's rows; `glosses` and `segments` are lists, missing values None or NaN.

    Raises
    ------
    CorpusError
        If there is no such file, or something else in its place.
    """
    rows = read_parquet(path, SCHEMA, f"there is no manifest at {path}; run `dvc repro corpus` first").to_pylist()
    clips = pd.DataFrame(rows, columns=SCHEMA.names)
    clips[["start_frame", "end_frame"]] = clips[["start_frame", "end_frame"]].astype("Int32")
    return clips
