"""How fast training is, beside a re-creation of the published loops, on the same made-up data and in one run.

    python -m benchmarks.training [--rounds 3]

Writes `benchmarks/results/training.json`. Ours and the published are timed in turns, so that both meet the same
machine; each number is the median of the rounds.

SPOTER as large as the paper's (54 joints x 2 = 108 wide, 6 + 6 layers, 9 heads, feed-forward 2048), on 748 clips of 19
to 195 frames and 100 glosses, as many and as long as WLASL-100's are:

- `spoter_epoch_s`: `slr.training.loop.train` for one epoch, from opening the landmark store to the checkpoint: loading,
  augmentation, normalisation, batches of 32, AdamW.
- `published_epoch_s`: the published loop (`benchmarks/published_spoter.py`): one clip at a time, changed and normalised
  by Python loops over its frames, SGD. Its clips are in memory already.
- `spoter_epoch_ratio`: the second over the first.

SCA-STGCN of the published sizes (75 joints, windows of 25 frames, batches of 32), a step of training on random windows:

- `sca_windows_s`: windows a second of `slr.models.sca_stgcn`, in the precision that `train.precision: auto` takes here.
- `published_windows_s`: the same network with the published arrangement of its graph blocks
  (`benchmarks/published_sca_stgcn.py`), in float32.
- `sca_windows_ratio`: the first over the second. That both give the same in float32 is checked by
  `tests/models/test_graph.py`.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks import published_sca_stgcn, published_spoter
from benchmarks.record import record
from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks, write_store
from slr.dataset.manifest import SCHEMA, write_manifest
from slr.dataset.skeleton import skeleton
from slr.dataset.splits import write_splits
from slr.params import parse
from slr.training.device import choose_precision, use_cores
from slr.training.loop import train

CLIPS, GLOSSES, SHORTEST, LONGEST = 748, 100, 19, 195
JOINTS = skeleton("spoter-54")
SPOTER = {"family": "spoter", "joints": "spoter-54", "d_model": None, "heads": 9, "encoder_layers": 6,
          "decoder_layers": 6, "feedforward": 2048, "batch_size": 32, "epochs": 1}


def made_up_clips() -> list[np.ndarray]:
    """(T, 54, 4) each: a body with joints that wander, one in twenty missing. Lengths have the mean 63."""
    rng = np.random.default_rng(0)
    lengths = SHORTEST + np.round((LONGEST - SHORTEST) * rng.random(CLIPS) ** 3).astype(int)
    body = {"nose": (0.5, 0.25), "neck": (0.5, 0.38), "right_eye": (0.48, 0.22), "left_eye": (0.52, 0.22),
            "right_ear": (0.45, 0.24), "left_ear": (0.55, 0.24), "right_shoulder": (0.4, 0.4),
            "left_shoulder": (0.6, 0.4), "right_elbow": (0.36, 0.58), "left_elbow": (0.64, 0.58),
            "right_wrist": (0.4, 0.7), "left_wrist": (0.6, 0.7)}
    rest = np.array([body.get(joint, body[f"{joint.split('_')[0]}_wrist"] if "hand" in joint else None)
                     for joint in JOINTS.joints])
    clips = []
    for length in lengths:
        clip = np.zeros((length, len(JOINTS), 4), np.float32)
        clip[..., :2] = rest + rng.normal(0, 0.02, (1, len(JOINTS), 2)) + rng.normal(0, 0.01, (length, len(JOINTS), 2))
        clip[rng.random(clip.shape[:2]) < 0.05] = np.nan
        clips.append(clip)
    return clips


def ours(folder: Path, clips: list[np.ndarray], device: str = "cpu") -> Callable[[], None]:
    """A function that trains for one epoch with `slr.training.loop.train`; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"clip{i:03d}" for i in range(len(clips))]
    write_store(folder / "landmarks", [ClipLandmarks(clip_id, 25, 256, 256, clip)
                                       for clip_id, clip in zip(ids, clips, strict=True)], JOINTS, metadata={})
    rows = pd.DataFrame({"clip_id": ids, "media": ids, "glosses": [[f"g{i % GLOSSES:02d}"] for i in range(len(clips))],
                         "segments": [[] for _ in ids], "split": "train"}).reindex(columns=SCHEMA.names)
    write_manifest(folder / "manifest.parquet", rows.assign(split=None))
    write_splits(folder / "splits.parquet",
                 rows[["clip_id", "split"]].assign(fold=pd.array([None] * len(ids), dtype="Int32")))
    pd.DataFrame({"clip_id": ids, "pseudo_signer": 0}).to_parquet(folder / "signers.parquet")
    params = parse({"models": {"spoter": SPOTER},
                    "train": {"model": "spoter", "models": ["spoter"], "device": device}})

    def epoch() -> None:
        train("spoter", params, Dataset.below(folder), folder / "model", folder / "work")

    return epoch


def published(clips: list[np.ndarray]) -> Callable[[], None]:
    """A function that trains for one epoch with the published loop."""
    clips = [np.nan_to_num(clip[..., :2]) for clip in clips]
    targets = [i % GLOSSES for i in range(len(clips))]
    torch.manual_seed(0)
    random.seed(0)
    model = published_spoter.Spoter(len(JOINTS), GLOSSES)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    return lambda: published_spoter.train_epoch(model, clips, targets, JOINTS.joints, optimizer)


def in_turns(rounds: int, **functions: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each function, called in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            begin = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    use_cores()
    clips = made_up_clips()
    with tempfile.TemporaryDirectory() as temporary:
        spoter = in_turns(rounds, ours=ours(Path(temporary), clips), published=published(clips))
    windows = published_sca_stgcn.windows()
    precision = choose_precision("auto", torch.device("cpu"), len(windows))
    speeds = [[published_sca_stgcn.windows_per_second(model, windows, how)
               for model, how in zip(published_sca_stgcn.both(), (precision, "fp32"), strict=True)]
              for _ in range(rounds)]
    ours_windows_s, published_windows_s = (statistics.median(each) for each in zip(*speeds, strict=True))
    record("training", {
        "spoter_epoch_ratio": spoter["published"] / spoter["ours"],
        "spoter_epoch_s": spoter["ours"],
        "published_epoch_s": spoter["published"],
        "sca_windows_ratio": ours_windows_s / published_windows_s,
        "sca_windows_s": ours_windows_s,
        "published_windows_s": published_windows_s,
        "precision": precision,
        "spoter_clips": CLIPS,
        "spoter_frames": sum(map(len, clips)),
        "rounds": rounds,
    })


if __name__ == "__main__":
    main()
