"""A model's features as one Parquet file, for other programs: a vector for each moment of a sentence, or for each clip.

A row a vector, sorted by clip id and time: `clip_id`, `split`, `moment` (from 0), `start_s`, `end_s`, and
`vector`, a list of float32 of fixed size as in a gallery (`slr.gallery.gallery`). The file's metadata has one
JSON text, `slr_features`: `format`, `task` and `model` (`folder` and the MD5 `hash` of its weights).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slr.data.clips import Clips
from slr.data.images import RgbClips
from slr.dataset.manifest import SPLITS, read_manifest
from slr.dataset.splits import read_splits
from slr.errors import CorpusError, ModelError
from slr.evaluation.stores import open_alike
from slr.inference.model import TrainedModel, load_model
from slr.io.files import atomic_path
from slr.io.progress import progress
from slr.tasks import clips_of

FORMAT = 1
KEY = b"slr_features"
_AT_ONCE = 256
"""Clips that are in memory at a time."""


def write_features(out: str | Path, *, model: str | Path, data: str | Path, split: str = "test") -> tuple[int, int]:
    """Write what a model makes of every clip of a split that is of its task.

    Parameters
    ----------
    out : path
        A .parquet file; the same bytes for the same inputs, on one machine.
    model : path
        Folder of a trained model, of sentences or of clips with one sign.
    data : path
        A folder with `manifest.parquet`, `splits.parquet` and what the model reads (`landmarks` or `frames`), as the
        pipeline leaves them in data/.
    split : {"train", "val", "test"}

    Returns
    -------
    clips, vectors : int
        How many were written.

    Raises
    ------
    CorpusError
        If there is no such split, or it has no clips of the model's task.
    ModelError
        If the model can't be read or is one of streams, or was trained on landmarks or frames made otherwise.
    """
    data, trained = Path(data), load_model(model)
    if split not in SPLITS:
        raise CorpusError(f"there is no split '{split}'; choose {', '.join(SPLITS)}")
    if trained.params.task == "detection":
        raise ModelError(f"the model in {model} finds where signing is, window by window; name one of signs or "
                         "sentences")
    store = open_alike(trained, data / "landmarks", data / "frames")
    clips = read_manifest(data / "manifest.parquet").drop(columns="split")
    clips = clips_of(trained.params, clips.merge(read_splits(data / "splits.parquet")[["clip_id", "split"]]))
    clip_ids = sorted(clips.clip_id[clips.split == split])
    if not clip_ids:
        raise CorpusError(f"split '{split}' of {data} has no clips that the model in {model} is for; choose another")
    said = {"format": FORMAT, "task": trained.params.task,
            "model": {"folder": Path(model).as_posix(), "hash": trained.weights_hash}}
    vectors, n_frames = 0, store.n_frames
    with atomic_path(out) as temporary, progress("features", len(clip_ids)) as advance:
        schema = pa.schema([("clip_id", pa.string()), ("split", pa.string()), ("moment", pa.int32()),
                            ("start_s", pa.float64()), ("end_s", pa.float64()),
                            ("vector", pa.list_(pa.float32(), trained.model.width))],
                           {KEY: json.dumps(said, sort_keys=True)})
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for first in range(0, len(clip_ids), _AT_ONCE):
                part = clip_ids[first:first + _AT_ONCE]
                durations_s = [n_frames[clip_id] / store.fps(clip_id) for clip_id in part]
                found = _features(trained, trained.clips(store, part), durations_s)
                for clip_id, (features, edges_s) in zip(part, found, strict=True):
                    moments, width = features.shape
                    writer.write_table(pa.table([
                        [clip_id] * moments, [split] * moments, np.arange(moments, dtype=np.int32), edges_s[:-1],
                        edges_s[1:], pa.FixedSizeListArray.from_arrays(pa.array(features.reshape(-1)), width),
                    ], schema=schema))
                    vectors += moments
                    advance()
    return len(clip_ids), vectors


def _features(trained: TrainedModel, clips: Clips | RgbClips,
              durations_s: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(T', D) features of each clip, and the (T' + 1,) seconds between which its moments lie."""
    if trained.params.task == "isolated":
        return [(vector[None], np.array([0, duration_s])) for vector, duration_s in zip(
            trained.outputs(clips)["features"].numpy(), durations_s, strict=True)]
    stride, found = trained.params.frames_a_moment, []
    for features, frames, duration_s in zip(trained.moments(clips), clips.lengths.tolist(), durations_s, strict=True):
        edges = np.minimum(np.arange(len(features) + 1) * stride, frames)
        found.append((np.ascontiguousarray(features, np.float32), edges * duration_s / frames))
    return found
