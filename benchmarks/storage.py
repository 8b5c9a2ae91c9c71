"""How fast and small the landmark store is, beside float32 and the CSV form in which SPOTER's landmarks are published.

    python -m benchmarks.storage [--landmarks data/landmarks]

2,000 clips x 80 frames x 75 landmarks x 4 channels. The clips are made from those of a landmark store (default: the
pipeline's), so that what is measured is the size and speed of real landmarks.

Writes `benchmarks/results/storage.json`:

- `random_clip_ms`: median time to get one clip, chosen at random, from an open store (`store[clip_id]`);
  `random_clip_p99_ms` beside it.
- `load_all_s`: best of five times to open the store and load all clips into one float32 array. The machine's memory is
  touched once before, as a virtual machine's first use of it costs more than the reading.
- `size_ratio`: bytes of the store against 4 bytes a value.
- `max_error`: largest difference from the float32 values, in frame widths and heights.
- `csv_ratio`: time to read the CSV form against the time to read the same clips from the store. The CSV has one row per
  clip and two columns (X and Y) per landmark, each cell the list of its values as text, read with pandas and
  `ast.literal_eval`, as the published loader does. It is measured on `csv_clips` clips: both times grow with the number
  of clips. The CSV holds two channels, the store four: the ratio is not corrected for this.
"""

import argparse
import ast
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.record import record
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.landmarks import STEP, ClipLandmarks, write_store
from slr.dataset.skeleton import skeleton

CLIPS, FRAMES, CSV_CLIPS = 2000, 80, 20
JOINTS = skeleton("holistic-75")
PARTS = tuple(JOINTS.parts)


def clips_like(store: LandmarkStore) -> list[ClipLandmarks]:
    """2,000 clips of 80 frames, cut from the landmarks of a store laid end to end."""
    values, _ = store.load(parts=PARTS)
    rng = np.random.default_rng(0)
    starts = rng.integers(0, len(values) - FRAMES + 1, CLIPS)
    clips = []
    for i, start in enumerate(starts):
        coordinates = values[start:start + FRAMES].copy()
        # The store's values are rounded already: half a step of noise makes them what the extractor gave.
        coordinates[..., :3] += rng.uniform(-STEP / 2, STEP / 2, (*coordinates.shape[:2], 3))
        clips.append(ClipLandmarks(f"clip{i:04d}", 15.0, 320, 320, coordinates))
    return clips


def best(function: Callable[[], object], times: int = 5) -> float:
    """Seconds that a call takes, the best of some."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def random_clip_ms(store: LandmarkStore) -> np.ndarray:
    """Milliseconds of each of 1,000 random accesses."""
    milliseconds = []
    for clip_id in np.random.default_rng(0).choice(store.clip_ids, 1000):
        begin = time.perf_counter()
        _ = store[clip_id]
        milliseconds.append(1000 * (time.perf_counter() - begin))
    return np.array(milliseconds)


def write_csv(path: Path, clips: list[ClipLandmarks]) -> None:
    """The published form: one row per clip, one column per landmark and axis, lists as text."""
    rows = []
    for clip in clips:
        row = {}
        for j, joint in enumerate(JOINTS.joints):
            for axis, name in enumerate("XY"):
                values = np.nan_to_num(clip.coordinates[:, j, axis]).astype(float)  # missing is 0 there
                row[f"{joint}_{name}"] = str(values.tolist())
        rows.append(row)
    pd.DataFrame(rows).to_csv(path, index=False)


def read_csv(path: Path) -> list[np.ndarray]:
    """(T, J, 2) of each clip."""
    table = pd.read_csv(path)
    clips = []
    for _, row in table.iterrows():
        columns = [ast.literal_eval(cell) for cell in row]
        clips.append(np.array(columns, np.float32).reshape(len(JOINTS), 2, -1).transpose(2, 0, 1))
    return clips


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--landmarks", type=Path, default=Path("data/landmarks"))
    clips = clips_like(LandmarkStore(parser.parse_args().landmarks))
    with tempfile.TemporaryDirectory() as temporary:
        folder, table = Path(temporary) / "store", Path(temporary) / "clips.csv"
        write_store(folder, clips, JOINTS)
        size = sum(path.stat().st_size for path in folder.iterdir())
        truth = np.concatenate([clip.coordinates for clip in clips])

        store = LandmarkStore(folder)
        access_ms = random_clip_ms(store)
        loaded, _ = store.load()
        assert np.array_equal(np.isnan(loaded), np.isnan(truth))
        max_error = float(np.nanmax(np.abs(loaded - truth)))
        del loaded
        load_all_s = best(lambda: LandmarkStore(folder).load())

        some = [clip.clip_id for clip in clips[:CSV_CLIPS]]
        write_csv(table, clips[:CSV_CLIPS])
        csv_s = best(lambda: read_csv(table), times=3)
        same_s = best(lambda: store.load(some), times=20)
    record("storage", {
        "random_clip_ms": float(np.median(access_ms)),
        "random_clip_p99_ms": float(np.percentile(access_ms, 99)),
        "load_all_s": load_all_s,
        "size_ratio": size / (4 * truth.size),
        "max_error": max_error,
        "csv_ratio": csv_s / same_s,
        "csv_clips": CSV_CLIPS,
        "csv_s": csv_s,
        "csv_same_clips_s": same_s,
        "clips": CLIPS,
        "frames_per_clip": FRAMES,
    })


if __name__ == "__main__":
    main()
