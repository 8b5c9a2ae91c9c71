"""Folders of Parquet shards: many clips in a few files, one row group per clip, each clip readable on its own.

A shard's footer has two JSON texts: `slr` records how all rows were made, `clips` describes the clip of each row group.
So one small read per shard finds any clip, and rows are read only when needed.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from slr.errors import CorpusError
from slr.io.files import atomic_path

_CLIP = b"clip"  # in the metadata of one clip's table


def with_clip(table: pa.Table, clip: dict[str, Any]) -> pa.Table:
    """Attach metadata for the footer to one clip's rows; must include `clip_id`."""
    return table.replace_schema_metadata({_CLIP: json.dumps(clip, sort_keys=True)})


def clip_of(table: pa.Table) -> dict[str, Any]:
    """The metadata attached by `with_clip`."""
    return json.loads(table.schema.metadata[_CLIP])


def write_shards(folder: str | Path, tables: Iterable[pa.Table], schema: pa.Schema, *, metadata: dict[str, Any],
                 clips_per_shard: int, compression: str = "none") -> None:
    """Write the shards `00000.parquet`, `00001.parquet`, ... into a folder; the same clips give the same bytes.

    Parameters
    ----------
    tables : iterable of Table
        One per clip, of `schema`, each from `with_clip`; taken one at a time.
    metadata : dict
        JSON-ready; the same for all clips.

    Raises
    ------
    ValueError
        If a clip id occurs twice.
    """
    tables = _each_once(tables)
    number = 0
    while (first := next(tables, None)) is not None:
        _write_shard(Path(folder) / f"{number:05d}.parquet", first, islice(tables, clips_per_shard - 1), schema,
                     metadata, compression)
        number += 1


def _each_once(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    seen = set()
    for table in tables:
        clip_id = clip_of(table)["clip_id"]
        if clip_id in seen:
            raise ValueError(f"clip '{clip_id}' occurs twice")
        seen.add(clip_id)
        yield table


def _write_shard(path: Path, first: pa.Table, others: Iterator[pa.Table], schema: pa.Schema,
                 metadata: dict[str, Any], compression: str) -> None:
    schema = schema.with_metadata({"slr": json.dumps(metadata, sort_keys=True)})
    clips = []
    # Dictionaries and statistics only cost space here: values don't repeat, and clips are found by the footer.
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema, compression=compression,
                                                          use_dictionary=False, write_statistics=False) as writer:
        for table in chain([first], others):
            clips.append(clip_of(table))
            writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=max(1, table.num_rows))
        writer.add_key_value_metadata({"clips": json.dumps(clips, sort_keys=True)})


class Shards:
    """A folder of shards, opened for reading: footers at once, rows on demand.

    Attributes
    ----------
    folder : Path
    metadata : dict
        Provenance of the rows.
    clips : dict of str to dict
        Metadata of each clip, in storage order.

    Raises
    ------
    CorpusError
        If the folder contains no shards, or damaged ones.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.clips: dict[str, dict[str, Any]] = {}
        self._places: dict[str, tuple[int, int]] = {}
        try:
            paths = sorted(self.folder.glob("[0-9]*.parquet"))
            self._files = [pq.ParquetFile(path, memory_map=True) for path in paths]
            if not self._files:
                raise CorpusError(f"there are no clips in {folder}; run `dvc repro` first")
            self.metadata: dict[str, Any] = self._footer(0, b"slr")
            for shard in range(len(self._files)):
                for row_group, clip in enumerate(self._footer(shard, b"clips")):
                    self.clips[clip["clip_id"]] = clip
                    self._places[clip["clip_id"]] = (shard, row_group)
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            why = (str(error) or type(error).__name__).splitlines()[0][:120]
            raise CorpusError(f"the clips in {folder} can't be read ({why}); run `dvc repro` again") from None

    def _footer(self, shard: int, key: bytes) -> Any:
        return json.loads(self._files[shard].metadata.metadata[key])

    def __reduce__(self) -> tuple[type["Shards"], tuple[Path]]:
        # Open files can't be sent to worker processes; the folder can.
        return type(self), (self.folder,)

    def clip(self, clip_id: str) -> dict[str, Any]:
        """Metadata of a clip; raises CorpusError if there is no such clip."""
        self._place(clip_id)
        return self.clips[clip_id]

    def read(self, clip_id: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One clip's rows; raises CorpusError if there is no such clip."""
        shard, row_group = self._place(clip_id)
        return self._files[shard].read_row_group(row_group, columns, use_threads=False)

    def read_many(self, clip_ids: Iterable[str], columns: Sequence[str] | None = None,
                  at_once: int = 64) -> Iterator[pa.Table]:
        """The rows of many clips, in the requested order; up to `at_once` adjacent clips of a shard in one table."""
        for shard, group in groupby((self._place(clip_id) for clip_id in clip_ids), key=itemgetter(0)):
            row_groups = [row_group for _, row_group in group]
            for start in range(0, len(row_groups), at_once):
                yield self._files[shard].read_row_groups(row_groups[start:start + at_once], columns, use_threads=False)

    def _place(self, clip_id: str) -> tuple[int, int]:
        """The indices of the shard and of the row group in it."""
        try:
            return self._places[clip_id]
        except KeyError:
            raise CorpusError(f"there is no clip '{clip_id}' in {self.folder}") from None
