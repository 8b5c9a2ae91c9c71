"""Reading any corpus: its usable clips, its problems, and its manifest."""

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
    """The reader's module, imported on demand: `scan` (see `slr.corpora.reading`) and `LAYOUT`."""
    return import_module(reader_named(name).module)


def scan(params: CorpusParams, workers: int = 0) -> Scan:
    """Read all usable clips of a corpus, and list the problems of the others.

    Parameters
    ----------
    params : CorpusParams
        Settings of any corpus except the built-in one.
    workers : int, default 0
        Processes that read frame times; 0 for one per core.

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
    """The manifest rows of a corpus, following `corpus.on_error` and `corpus.max_failures`.

    Raises
    ------
    CorpusError
        With every error at once; or if there is nothing to read.
    """
    clips, problems = scan(params, workers)
    lists = [params.annotations] if isinstance(params.annotations, str) else params.annotations
    place = f"corpus {', '.join(lists or [params.root])}"
    clips = keep_usable(clips, problems, place, on_error=params.on_error, max_failures=params.max_failures)
    if clips.empty:
        raise CorpusError(f"{place} has no clips; expected {module_of(params.name).LAYOUT}")
    return clips


def prepare(params: CorpusParams, manifest: Path, workers: int = 0) -> None:
    """Read the corpus (or render the built-in one to `params.root`) and write its manifest.

    Parameters
    ----------
    params : CorpusParams
    manifest : Path
        Parquet file to write.
    workers : int, default 0
        Processes that render, or read frame times; 0 for one per core.

    Raises
    ------
    CorpusError
        If the corpus can't be used; lists all problems that are detectable without decoding.
    """
    if params.name == BUILT_IN:
        from slr.corpora.sample import render

        clips = render(params.sample, Path(params.root), workers)
    else:
        clips = read(params, workers)
    write_manifest(manifest, clips)
