"""Building a gallery, and adding to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from slr.dataset.dataset import Dataset
from slr.dataset.paths import SELECTED
from slr.errors import GalleryError
from slr.gallery import INDEX
from slr.gallery.approximate import keep_approximate
from slr.gallery.embed import Embedder
from slr.gallery.entries import Entry, entries
from slr.gallery.gallery import Gallery, Metric, make_gallery, merged, read_gallery, with_calibration, write_gallery
from slr.gallery.openset import FEWEST_GLOSSES, Calibration, calibrate
from slr.gallery.search import Search
from slr.io.files import output_file


def build_index(clips: Sequence[str] = (), *, split: str | None = None, model: str | Path = SELECTED,
                out: str | Path = INDEX, metric: Metric = "euclidean", any_extractor: bool = False,
                dataset: Dataset | None = None) -> Gallery:
    """Build a gallery of clips and write it to `out`.

    Parameters
    ----------
    clips, split
        See `slr.gallery.entries.entries`.
    model : path
        A model folder; the model's features become the vectors.
    metric : {"euclidean", "cosine"}
        The distance-based losses optimise the Euclidean distance.
    any_extractor : bool, default False
        Read videos although this machine's extractor differs from that of training.
    dataset : Dataset, optional
        The corpus.

    Raises
    ------
    GalleryError, CorpusError, ModelError
        If the clips, the corpus or the model can't be used.
    """
    if metric not in get_args(Metric):
        raise GalleryError(f"there is no metric '{metric}'; choose {' or '.join(get_args(Metric))}")
    output_file(out, what="a gallery")
    dataset = dataset or Dataset()
    wanted = entries(clips, split, dataset)
    embedder = Embedder(model, dataset, any_extractor)
    return _write(out, _gallery(wanted, embedder, metric))


def add_to_index(clips: Sequence[str] = (), *, split: str | None = None, index: str | Path = INDEX,
                 model: str | Path | None = None, any_extractor: bool = False,
                 dataset: Dataset | None = None) -> tuple[Gallery, list[str]]:
    """Add clips to a gallery, in its file; clips already in it are replaced.

    Parameters
    ----------
    model : path, optional
        Folder of the model that made the gallery; by default the one recorded in it.

    Returns
    -------
    gallery : Gallery
    replaced : list of str
        Ids of the clips that were replaced.

    Raises
    ------
    GalleryError
        If the gallery is missing or made by another model; otherwise as `build_index`.
    """
    dataset = dataset or Dataset()
    old = read_gallery(output_file(index, what="a gallery"))
    wanted = entries(clips, split, dataset)
    embedder = embedder_of(old, model, dataset, any_extractor)
    gallery, replaced = merged(old, _gallery(wanted, embedder, old.metric))
    return _write(index, gallery), replaced


def describe(gallery: Gallery, path: str | Path, replaced: Sequence[str] = ()) -> dict[str, Any]:
    """Statistics of a gallery, JSON-ready, with a `summary` in words."""
    glosses, calibration = len(set(gallery.glosses)), Calibration.of_json(gallery.calibration)
    said = f"{path}: {len(gallery)} clips of {glosses} glosses"
    if replaced:
        said += f"; {len(replaced)} replaced: {', '.join(replaced[:5])}{', ...' if len(replaced) > 5 else ''}"
    if calibration is None:
        said += f"\nWith fewer than {FEWEST_GLOSSES} glosses nothing tells a sign outside the gallery."
    elif calibration.true_accept_rate is None:
        said += "\nNo gloss has a second clip: how many signs of it will be called 'none of these' can't be measured."
    else:
        said += (f"\nLeft out in turn, {calibration.true_accept_rate:.0%} of its clips are taken for signs of it; of "
                 f"other signs {calibration.false_accept_rate():.0%} will be (area under the curve "
                 f"{calibration.auroc:.3f}).")
    return {"index": str(path), "clips": len(gallery), "glosses": glosses, "metric": gallery.metric,
            "model": gallery.model, "model_hash": gallery.model_hash, "replaced": list(replaced),
            "true_accept_rate": calibration and calibration.true_accept_rate,
            "auroc": calibration and calibration.auroc, "summary": said}


def embedder_of(gallery: Gallery, model: str | Path | None, dataset: Dataset, any_extractor: bool = False) -> Embedder:
    """The model that made a gallery.

    Raises
    ------
    GalleryError
        If the folder now contains another model.
    """
    embedder = Embedder(model or gallery.model, dataset, any_extractor)
    if embedder.model_hash != gallery.model_hash:
        raise GalleryError(f"the gallery was made by the model in {gallery.model} with weights "
                           f"{gallery.model_hash[:8]}; those in {embedder.model} are {embedder.model_hash[:8]}. Name "
                           "the right one with --model, or build the gallery again")
    return embedder


def _gallery(wanted: Sequence[Entry], embedder: Embedder, metric: Metric) -> Gallery:
    wanted = list({entry.clip_id: entry for entry in wanted}.values())  # duplicates (by id and by split): last wins
    return make_gallery([entry.clip_id for entry in wanted], [entry.gloss for entry in wanted],
                        [entry.signer for entry in wanted], embedder.vectors(wanted), model=embedder.model,
                        model_hash=embedder.model_hash, metric=metric)


def _write(path: str | Path, gallery: Gallery) -> Gallery:
    calibration = calibrate(Search(gallery))
    gallery = with_calibration(gallery, None if calibration is None else calibration.to_json())
    write_gallery(path, gallery)
    keep_approximate(path, gallery)
    return gallery
