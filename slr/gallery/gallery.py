"""The gallery: clips as vectors with their glosses, in one Parquet file.

One row per clip, sorted by gloss and then by clip id: `clip_id`, `gloss`, `signer` (null = unknown) and `vector`, a
list of float32 of fixed size. The file's metadata has one JSON text, `slr_index`: `format`, `metric`, `model` (`folder`
and the MD5 `hash` of its weights) and `calibration` (see `slr.gallery.openset`), which is null if there are too few
glosses.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slr.errors import GalleryError
from slr.io.files import atomic_path

FORMAT = 1
Metric = Literal["euclidean", "cosine"]
LARGEST = 1e15
"""Squares of larger values would overflow float32."""
_KEY = b"slr_index"


@dataclass(frozen=True, eq=False)
class Gallery:
    """N clips with their vectors, sorted by gloss and then by clip id.

    Attributes
    ----------
    clip_ids, glosses : tuple of str
    signers : tuple of str or None
    vectors : (N, D) float32 array
        Of length 1 if `metric` is `cosine`.
    model : str
        Folder of the model that made them, as given.
    model_hash : str
        MD5 of its weights.
    metric : {"euclidean", "cosine"}
    calibration : dict, optional
        From `slr.gallery.openset.Calibration`.
    """

    clip_ids: tuple[str, ...]
    glosses: tuple[str, ...]
    signers: tuple[str | None, ...]
    vectors: np.ndarray
    model: str
    model_hash: str
    metric: Metric = "euclidean"
    calibration: dict[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)


def make_gallery(clip_ids: Sequence[str], glosses: Sequence[str], signers: Sequence[str | None], vectors: np.ndarray,
                 *, model: str, model_hash: str, metric: Metric = "euclidean") -> Gallery:
    """Validate and sort the rows, and scale the vectors for the metric.

    Raises
    ------
    GalleryError
        If there are none, an id occurs twice, or a vector isn't finite.
    """
    if not len(clip_ids):
        raise GalleryError("a gallery needs at least one clip; name clips or a split that has some")
    unique, counts = np.unique(np.array(clip_ids, object), return_counts=True)
    if len(unique) < len(clip_ids):
        raise GalleryError(f"clip '{unique[counts > 1][0]}' occurs twice; name it once")
    vectors = scaled(np.asarray(vectors, np.float32), metric)
    bad = np.flatnonzero(~(np.abs(vectors) < LARGEST).all(1))
    if len(bad):
        raise GalleryError(f"clip '{clip_ids[bad[0]]}': its vector isn't finite; train the model again")
    order = sorted(range(len(clip_ids)), key=lambda i: (glosses[i], clip_ids[i]))
    return Gallery(tuple(clip_ids[i] for i in order), tuple(glosses[i] for i in order),
                   tuple(signers[i] for i in order), np.ascontiguousarray(vectors[order]), model, model_hash, metric)


def merged(old: Gallery, new: Gallery) -> tuple[Gallery, list[str]]:
    """The union of both galleries, and the ids of clips of `old` that `new` replaced.

    Raises
    ------
    GalleryError
        If they were made by different models, or have different metrics.
    """
    if new.model_hash != old.model_hash:
        raise GalleryError(f"the gallery was made by another model ({old.model}, weights {old.model_hash[:8]}) than "
                           f"{new.model} (weights {new.model_hash[:8]}), and their vectors have nothing in common; use "
                           "that model, or build the gallery again")
    if new.metric != old.metric:
        raise GalleryError(f"the gallery's metric is {old.metric}, not {new.metric}; build it again")
    added = set(new.clip_ids)
    kept = [i for i, clip_id in enumerate(old.clip_ids) if clip_id not in added]
    both = make_gallery(
        [*(old.clip_ids[i] for i in kept), *new.clip_ids], [*(old.glosses[i] for i in kept), *new.glosses],
        [*(old.signers[i] for i in kept), *new.signers], np.concatenate([old.vectors[kept], new.vectors]),
        model=old.model, model_hash=old.model_hash, metric=old.metric)
    return both, sorted(added.intersection(old.clip_ids))


def with_calibration(gallery: Gallery, calibration: dict[str, Any] | None) -> Gallery:
    """The same gallery with another calibration."""
    return replace(gallery, calibration=calibration)


def scaled(vectors: np.ndarray, metric: Metric) -> np.ndarray:
    """(N, D) vectors scaled for a metric: to length 1 for `cosine` (zero stays zero), unchanged for `euclidean`.

    For vectors of length 1 the Euclidean distance d gives the same order as the cosine: d^2 = 2 - 2 cos.
    """
    if metric == "euclidean":
        return vectors
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def write_gallery(path: str | Path, gallery: Gallery) -> None:
    """Write a gallery atomically; the same gallery gives the same bytes."""
    size = gallery.vectors.shape[1]
    said = {"format": FORMAT, "metric": gallery.metric, "calibration": gallery.calibration,
            "model": {"folder": gallery.model, "hash": gallery.model_hash}}
    table = pa.table({
        "clip_id": pa.array(gallery.clip_ids, pa.string()), "gloss": pa.array(gallery.glosses, pa.string()),
        "signer": pa.array(gallery.signers, pa.string()),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(gallery.vectors.reshape(-1)), size),
    }).replace_schema_metadata({_KEY: json.dumps(said, sort_keys=True)})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_gallery(path: str | Path) -> Gallery:
    """Read a gallery.

    Raises
    ------
    GalleryError
        If the file is missing, invalid, not a gallery, of a later version, or has no clips.
    """
    path = Path(path)
    if not path.is_file():
        raise GalleryError(f"there is no gallery at {path}; make one with `slr index build`")
    try:
        table = pq.read_table(path, memory_map=False)
    except (pa.ArrowException, OSError) as error:
        raise GalleryError(f"{path} can't be read as Parquet ({_first_line(error)}); build the gallery again") from None
    try:
        said = json.loads((table.schema.metadata or {})[_KEY])
        if said["format"] > FORMAT:
            raise GalleryError(f"{path} is of a later version of slr (format {said['format']}, this one reads "
                               f"{FORMAT}); update slr, or build the gallery again")
        if not len(table):
            raise GalleryError(f"the gallery {path} has no clips; build it again with some")
        metric, model = said["metric"], said["model"]
        if metric not in get_args(Metric):
            raise ValueError(f"metric '{metric}'")
        column = table.column("vector").combine_chunks()
        vectors = column.flatten().to_numpy().reshape(len(table), column.type.list_size)
        clip_ids, glosses, signers = (tuple(table.column(name).to_pylist()) for name in ("clip_id", "gloss", "signer"))
        if vectors.dtype != np.float32 or None in clip_ids or None in glosses or list(glosses) != sorted(glosses):
            raise ValueError("rows")
        if not (np.abs(vectors) < LARGEST).all():
            raise ValueError("vectors")
        return Gallery(clip_ids, glosses, signers, vectors, model["folder"], model["hash"], metric,
                       said["calibration"])
    except (KeyError, ValueError, TypeError, AttributeError, pa.ArrowException) as error:
        raise GalleryError(f"{path} is no gallery, or a broken one ({type(error).__name__}: {_first_line(error)}); "
                           "build it again with `slr index build`") from None


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0][:120]
