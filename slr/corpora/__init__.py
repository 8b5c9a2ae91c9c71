"""Readers: one per kind of corpus, all of which give the same manifest (`slr.corpora.manifest`)."""

from pathlib import Path

from slr.params import CorpusParams


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
        from slr.corpora.folder import read_folder

        clips = read_folder(params.root, params.annotations, params.on_error, params.max_failures,
                            workers)
    write_manifest(manifest, clips)
