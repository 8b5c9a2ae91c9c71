"""Small landmark files in each format, made from made-up landmarks."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from slr.corpora.imported.spoter_csv import column
from slr.dataset.skeleton import skeleton

SPOTER = skeleton("spoter-54")


def body(n_frames: int = 5, seed: int = 0) -> np.ndarray:
    """(T, 54, 2) fractions, y down: noses above shoulders; everything else is random."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.3, 0.9, (n_frames, len(SPOTER), 2))
    values[:, SPOTER.index("nose"), 1] = 0.1
    return values


def spoter_cells(values: np.ndarray, hands: tuple[str, str] = ("left", "right"), **others: Any) -> dict[str, Any]:
    """One clip's cells, by column."""
    spelling = dict(zip(("left", "right"), hands, strict=True))
    return {f"{column(joint, spelling)}_{axis}": json.dumps(values[:, i, a].tolist())
            for i, joint in enumerate(SPOTER.joints) for a, axis in enumerate("XY")} | others


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as CSV, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_npz(path: Path, n_frames: int = 30, parts: str = "pose left_hand right_hand", channels: int = 3,
              seed: int = 0) -> dict[str, np.ndarray]:
    """Write a video of SCA-STGCN's, and return its arrays."""
    joints = {"pose": 33, "left_hand": 21, "right_hand": 21, "face": 478}
    rng = np.random.default_rng(seed)
    arrays = {part: rng.uniform(0.1, 0.9, (n_frames, joints[part], channels)).astype(np.float32)
              for part in parts.split()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return arrays
