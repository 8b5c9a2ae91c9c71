"""Export of what a model computes of each clip: its features, or its signer embedding, as a table or as a picture.

The Parquet file has one row per vector, sorted by clip id and time: `clip_id`, `split`, `output_frame` (from 0),
`start_s`, `end_s`, and `vector`, a list of float32 of fixed size as in a gallery (`slr.gallery.gallery`). The file's
metadata has one JSON text, `slr_features`: `format`, `task`, `of` and `model` (`folder` and the MD5 `hash` of its
weights). A clip with one sign has one vector, a sentence one per output frame, a stream one per window.

The picture has one point per vector, of at most 2,000 evenly chosen ones, and the CSV, beside the place of each in it,
all numbers of its vector: `clip_id`, `split`, `signer`, `label`, `start_s`, `end_s`, `x`, `y`, `v0`, `v1`, ...
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from slr.dataset.dataset import Dataset
from slr.dataset.manifest import SPLITS
from slr.errors import CorpusError, ModelError, SlrError
from slr.figures.projections import MOST_CLIPS, draw, lay_out_by
from slr.inference.model import TrainedModel, load_model
from slr.io.evenly import evenly
from slr.io.files import atomic_path, output_file
from slr.io.progress import progress
from slr.metrics.probe import signer_labels
from slr.models.device import choose_device
from slr.preprocessing.inputs import Store
from slr.tasks.base import ClipVectors

FORMAT = 2
KEY = b"slr_features"
ALL = "all"
OF = ("features", "signer")
_AT_ONCE = 256
"""Clips in memory at a time."""


def write_features(out: str | Path, *, model: str | Path, data: str | Path, split: str = "test",
                   of: str = "features", device: str = "cpu") -> tuple[int, int]:
    """Write the features, or the signer embeddings, of all clips in a split that belong to the model's task.

    Parameters
    ----------
    out : path
        A .parquet file; the same bytes for the same inputs, on one machine.
    model : path
        Folder of a trained model.
    data : path
        A folder with `manifest.parquet`, `splits.parquet` and the model's input (`landmarks` or `frames`), as the
        pipeline leaves them in data/.
    split : {"train", "val", "test", "all"}
    of : {"features", "signer"}
        The input of the model's classifier, or its signer embedding.
    device : str, default "cpu"
        See `slr.models.device.choose_device`.

    Returns
    -------
    clips, vectors : int
        Number of clips and vectors written.

    Raises
    ------
    CorpusError
        If there is no such split, or it has no clips of the model's task.
    ModelError
        If the model can't be read, has no signer embedding, or was trained on landmarks or frames made differently.
    """
    out = output_file(out, (".parquet",), "a table of features")
    trained, store, clips, _ = _opened(model, data, split, of, device)
    said = {"format": FORMAT, "task": trained.params.task, "of": of,
            "model": {"folder": Path(model).as_posix(), "hash": trained.weights_hash}}
    width = trained.model.width if of == "features" else trained.params.signer_embedding
    schema = pa.schema([("clip_id", pa.string()), ("split", pa.string()), ("output_frame", pa.int32()),
                        ("start_s", pa.float64()), ("end_s", pa.float64()),
                        ("vector", pa.list_(pa.float32(), width))], {KEY: json.dumps(said, sort_keys=True)})
    vectors = 0
    with atomic_path(out) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for clip, found, times_s in _vectors(trained, store, clips, of):
            count = len(found.vectors)
            writer.write_table(pa.table([
                [clip.clip_id] * count, [clip.split] * count, np.arange(count, dtype=np.int32), times_s[:, 0],
                times_s[:, 1], pa.FixedSizeListArray.from_arrays(pa.array(found.vectors.reshape(-1)), width),
            ], schema=schema))
            vectors += count
    return len(clips), vectors


def draw_features(out: str | Path, *, model: str | Path, data: str | Path, split: str = "test", of: str = "features",
                  method: str = "tsne", perplexity: float | None = None,
                  save_csv: str | Path | None = None, device: str = "cpu") -> tuple[int, int]:
    """Draw the features, or the signer embeddings, in two dimensions, coloured by label and by signer.

    Parameters as for `write_features`, and

    Parameters
    ----------
    out : path
        A .png file.
    method : {"tsne", "umap", "pca"}
    perplexity : float, optional
        Of t-SNE: `slr.figures.projections.lay_out_by`.
    save_csv : path, optional
        Also write the vectors and their places: see this module.

    Returns
    -------
    clips, vectors : int
        Number of clips and vectors that are drawn.

    Raises
    ------
    CorpusError, ModelError
        As `write_features`.
    SlrError
        If there are too few vectors for the method, or it isn't installed.
    """
    out = output_file(out, (".png",), "a picture of features")
    if save_csv is not None:
        output_file(save_csv, what="the table")
    trained, store, clips, who = _opened(model, data, split, of, device)
    rows, parts = [], []
    for clip, found, times_s in _vectors(trained, store, clips, of):
        parts.append(found.vectors)
        rows += [(clip.clip_id, clip.split, who[clip.clip_id], label, *times)
                 for label, times in zip(found.labels, times_s.tolist(), strict=True)]
    chosen = evenly(len(rows), MOST_CLIPS)
    table = pd.DataFrame(rows, columns=["clip_id", "split", "signer", "label", "start_s", "end_s"]).iloc[chosen]
    vectors = np.concatenate(parts)[chosen]
    places = lay_out_by(method, vectors, perplexity)
    names = {name: table[name] for name in ("label", "signer") if table[name].notna().any()}
    with atomic_path(out) as temporary:
        draw(temporary, {method: places}, names or {"clip": table.clip_id})
    if save_csv is not None:
        numbers = pd.DataFrame(vectors, table.index, [f"v{i}" for i in range(vectors.shape[1])])
        with atomic_path(save_csv) as temporary:
            table.assign(x=places[:, 0], y=places[:, 1]).join(numbers).to_csv(
                temporary, index=False, float_format="%.6g", lineterminator="\n")
    return table.clip_id.nunique(), len(table)


def _opened(model: str | Path, data: str | Path, split: str, of: str, device: str) -> tuple[
        TrainedModel, Store, pd.DataFrame, dict[str, Any]]:
    """The model, its input, the rows of the split's clips, and who signs in each, or which pseudo-signer."""
    trained, dataset = load_model(model, device=choose_device(device, "device")), Dataset.below(data)
    if split not in (*SPLITS, ALL):
        raise CorpusError(f"there is no split '{split}'; choose {', '.join(SPLITS)} or {ALL}")
    if of not in OF:
        raise SlrError(f"a model has no '{of}' to write; choose {' or '.join(OF)}")
    if of == "signer" and not trained.params.signer_embedding:
        raise ModelError(f"the model in {model} has no signer embedding; name one that conditions its attention on the "
                         "signer, as SCA-STGCN does, or write its features")
    store = trained.open(dataset)
    clips = trained.task.clips(trained.params, dataset.split_rows())
    clips = clips[clips.split.isin(SPLITS if split == ALL else [split])].sort_values("clip_id", ignore_index=True)
    if clips.empty:
        raise CorpusError(f"split '{split}' of {data} has no clips that the model in {model} is for; choose another")
    if dataset.signers.exists():
        clips = clips.assign(signer=signer_labels(clips, dataset.pseudo_signers()))
    return trained, store, clips, dict(zip(clips.clip_id, clips.signer, strict=True))


def _vectors(trained: TrainedModel, store: Store, clips: pd.DataFrame, of: str) -> Iterator[
        tuple[Any, ClipVectors, np.ndarray]]:
    """Each clip's row, its vectors, and start and end (N, 2) of each in seconds."""
    n_frames = store.n_frames
    with progress(of, len(clips)) as advance:
        for first in range(0, len(clips), _AT_ONCE):
            part = clips.iloc[first:first + _AT_ONCE].reset_index(drop=True)
            found = trained.task.clip_vectors(trained, store, part, of)
            for clip, vectors in zip(part.itertuples(), found, strict=True):
                yield clip, vectors, vectors.spans * (n_frames[clip.clip_id] / store.fps(clip.clip_id))
                advance()
