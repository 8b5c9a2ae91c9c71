"""Readers: one per kind of corpus, all of which give the same manifest (`slr.corpora.manifest`)."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from slr.errors import CorpusError
from slr.params import CorpusParams

if TYPE_CHECKING:
    import pandas as pd

    from slr.corpora.reading import Scan


class Reader(NamedTuple):
    """A module below `slr.corpora`, and the fields of CorpusParams that its `scan` takes besides root and workers."""

    module: str
    settings: tuple[str, ...] = ("annotations",)


READERS = {
    "folder": Reader("folder"),
    "wlasl": Reader("wlasl", ("annotations", "subset", "crop")),
    "ipn": Reader("ipn", ("annotations", "subset")),
    "lsa64": Reader("lsa64"),
    "autsl": Reader("autsl"),
    "phoenix2014": Reader("phoenix2014", ("annotations", "subset")),
    "phoenix2014t": Reader("phoenix2014t"),
    "csl_daily": Reader("csl_daily"),
    "isl_kinect": Reader("imported.isl_kinect", ()),
    "boston104": Reader("imported.boston104", ("subset",)),
    "spoter_csv": Reader("imported.spoter_csv"),
    "sca_npz": Reader("imported.sca_npz", ("annotations", "windows", "imported")),
    "arrays": Reader("imported.arrays"),
    "pose": Reader("imported.pose_files"),
    "joined": Reader("imported.joined", ("joined",)),
}
"""What `corpus.name` may be, besides the built-in `sample`."""


def module_of(name: str) -> ModuleType:
    """The reader's module, imported when it is needed: `scan` (see `slr.corpora.reading`) and `LAYOUT`."""
    return import_module(f"slr.corpora.{READERS[name].module}")


def scan(params: CorpusParams, workers: int = 0) -> "Scan":
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
    settings = {name: getattr(params, name) for name in READERS[params.name].settings}
    return module_of(params.name).scan(params.root, workers=workers, **settings)


def read(params: CorpusParams, workers: int = 0) -> "pd.DataFrame":
    """The manifest's rows of a corpus, by the rules of `corpus.on_error` and `corpus.max_failures`.

    Raises
    ------
    CorpusError
        With every error at once; or if there is nothing to read.
    """
    from slr.corpora.reading import keep_usable

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
    from slr.corpora.manifest import write_manifest

    if params.name == "sample":
        from slr.corpora.sample import render

        clips = render(params.sample, Path(params.root), workers)
    else:
        clips = read(params, workers)
    write_manifest(manifest, clips)
