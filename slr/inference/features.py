"""Export of a model's features as a Parquet file: one vector per output frame of a sentence, or per isolated clip.

One row per vector, sorted by clip id and time: `clip_id`, `split`, `output_frame` (from 0), `start_s`, `end_s`, and
`vector`, a list of float32 of fixed size as in a gallery (`slr.gallery.gallery`). The file's metadata has one JSON
text, `slr_features`: `format`, `task` and `model` (`folder` and the MD5 `hash` of its weights).
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slr.dataset.dataset import Dataset
from slr.dataset.manifest import SPLITS
from slr.errors import CorpusError
from slr.inference.model import load_model
from slr.io.files import atomic_path
from slr.io.progress import progress
from slr.models.device import choose_device

FORMAT = 1
KEY = b"slr_features"
_AT_ONCE = 256
"""Clips in memory at a time."""


def write_features(out: str | Path, *, model: str | Path, data: str | Path, split: str = "test",
                   device: str = "cpu") -> tuple[int, int]:
    """Write the features of all clips in a split that belong to the model's task.

    Parameters
    ----------
    out : path
        A .parquet file; the same bytes for the same inputs, on one machine.
    model : path
        Folder of a trained sentence model or isolated-sign model.
    data : path
        A folder with `manifest.parquet`, `splits.parquet` and the model's input (`landmarks` or `frames`), as the
        pipeline leaves them in data/.
    split : {"train", "val", "test"}
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
        If the model can't be read or is a detection model, or was trained on landmarks or frames made differently.
    """
    data, trained = Path(data), load_model(model, device=choose_device(device, "device"))
    if split not in SPLITS:
        raise CorpusError(f"there is no split '{split}'; choose {', '.join(SPLITS)}")
    trained.task.require_glosses(trained.folder)
    dataset = Dataset.below(data)
    store = trained.open(dataset)
    clips = trained.task.clips(trained.params, dataset.split_rows())
    clip_ids = sorted(clips.clip_id[clips.split == split])
    if not clip_ids:
        raise CorpusError(f"split '{split}' of {data} has no clips that the model in {model} is for; choose another")
    said = {"format": FORMAT, "task": trained.params.task,
            "model": {"folder": Path(model).as_posix(), "hash": trained.weights_hash}}
    vectors, n_frames = 0, store.n_frames
    with atomic_path(out) as temporary, progress("features", len(clip_ids)) as advance:
        schema = pa.schema([("clip_id", pa.string()), ("split", pa.string()), ("output_frame", pa.int32()),
                            ("start_s", pa.float64()), ("end_s", pa.float64()),
                            ("vector", pa.list_(pa.float32(), trained.model.width))],
                           {KEY: json.dumps(said, sort_keys=True)})
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for first in range(0, len(clip_ids), _AT_ONCE):
                part = clip_ids[first:first + _AT_ONCE]
                found = trained.task.clip_features(trained, trained.clips(store, part))
                for clip_id, (features, edges) in zip(part, found, strict=True):
                    edges_s = edges * (n_frames[clip_id] / store.fps(clip_id) / edges[-1])
                    count, width = features.shape
                    writer.write_table(pa.table([
                        [clip_id] * count, [split] * count, np.arange(count, dtype=np.int32), edges_s[:-1],
                        edges_s[1:], pa.FixedSizeListArray.from_arrays(pa.array(features.reshape(-1)), width),
                    ], schema=schema))
                    vectors += count
                    advance()
    return len(clip_ids), vectors
