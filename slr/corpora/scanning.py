"""Reading a corpus, whichever it is: what is usable, what isn't and why, and its manifest."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from slr.corpora.reading import Scan, keep_usable
from slr.dataset.manifest import write_manifest
from slr.errors import CorpusError
from slr.params import CorpusParams
from slr.params.corpora import BUILT_IN, reader_named

if TYPE_CHECKING:
    import pandas as pd


def module_of(name: str) -> ModuleType:
    """The reader's module, imported when it is needed: `scan` (see `slr.corpora.reading`) and `LAYOUT`."""
    return import_module(reader_named(name).module)


def scan(params: CorpusParams, workers: int = 0) -> Scan:
    """Read what can be read of a corpus, and list what can't.

    Parameters
    ----------
    params : CorpusParams
        Of any corpus but the built-in one.
    workers : int, default 0
        Processes that measure frame rates; 0 for one per core.

    Returns
    -------
    clips : DataFrame
        The manifest's columns, one row per clip without an error.
    problems : list of Problem

    Raises
    ------
    CorpusError
        If the root or the annotations are missing, or can't be read as a whole.
    """
    settings = {name: getattr(params, name) for name in reader_named(params.name).settings}
    return module_of(params.name).scan(params.root, workers=workers, **settings)


def read(params: CorpusParams, workers: int = 0) -> "pd.DataFrame":
    """The manifest's rows of a corpus, by the rules of `corpus.on_error` and `corpus.max_failures`.

    Raises
    ------
    CorpusError
        With every error at once; or if there is nothing to read.
    """
    clips, problems = scan(params, workers)
    place = f"corpus {params.annotations or params.root}"
    clips = keep_usable(clips, problems, place, on_error=params.on_error, max_failures=params.max_failures)
    if clips.empty:
        raise CorpusError(f"{place} has no clips; expected {module_of(params.name).LAYOUT}")
    return clips


def prepare(params: CorpusParams, manifest: Path, workers: int = 0) -> None:
    """Read the corpus (or draw the built-in one into `params.root`) and write its manifest.

    Parameters
    ----------
    params : CorpusParams
    manifest : Path
        Parquet file to write.
    workers : int, default 0
        Processes that draw, or measure frame rates; 0 for one per core.

    Raises
    ------
    CorpusError
        If the corpus can't be used; every problem that can be seen without decoding, at once.
    """
    if params.name == BUILT_IN:
        from slr.corpora.sample import render

        clips = render(params.sample, Path(params.root), workers)
    else:
        clips = read(params, workers)
    write_manifest(manifest, clips)
