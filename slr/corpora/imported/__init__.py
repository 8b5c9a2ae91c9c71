"""Landmark corpora, without video: one module per format.

In addition to `scan` and `LAYOUT`, which every reader has (`slr.corpora.reading`), each module has:

- `joints(root, settings) -> Skeleton`: the skeleton of all its recordings.
- `load(root, media, settings) -> ClipLandmarks`: one recording, whole; its `clip_id` is the media. Raises ClipError or
  CorpusError with the reason if it can't be used.
- `units(root, media, settings) -> str`, if the units of a recording's x and y are recognised by their values.
- `metadata(root) -> dict`, if the landmarks are this pipeline's own: their provenance from their store.

`media` in the manifest is a landmark file below the corpus root, or a folder with a file per frame; if a file contains
many recordings, it is followed by `#` and the recording's number: `clips.parquet#12`. `slr.extraction.importing` cuts
clips out of recordings and writes them to the landmark store.
"""

from importlib import import_module
from types import ModuleType

from slr.errors import CorpusError
from slr.params.corpora import READERS, reader_named


def landmark_format(name: str) -> ModuleType:
    """The module of a format; raises CorpusError for a corpus with video."""
    reader = reader_named(name)
    if not reader.landmarks:
        known = [other for other, reader in READERS.items() if reader.landmarks]
        raise CorpusError(f"corpus '{name}' doesn't come as landmarks; those that do: {', '.join(known)}")
    return import_module(reader.module)
