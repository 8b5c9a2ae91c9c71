"""One example of each sign to train, another view of it to test: real video through the whole pipeline.

    python -m studies.slovak_words.run

See README.md beside this file for the protocol.
"""

import csv
from pathlib import Path

import numpy as np

from slr.dataset.landmark_store import LandmarkStore
from slr.io.files import read_json, write_json
from studies import slovak
from studies.workspace import run, shared_data

STUDY = Path(__file__).parent
MAX_FRAMES = 110
EVERY = 5
SETTINGS = {
    "splits.by": "official",
    "splits.val": 0,
    "train.model": "spoter",
    "train.models": "[spoter]",
    "models.spoter.epochs": 300,
    "models.spoter.patience": 300,
    "models.spoter.batch_size": 16,
    "models.spoter.lr": 0.0005,
    "models.spoter.dropout": 0.2,
    "models.spoter.positions": "learned",
    "models.spoter.augment.mirror": 0,  # one right-handed signer
    "models.spoter.augment.probability": 0.9,
    "models.spoter.augment.yaw_degrees": 60,
    "models.spoter.augment.noise_std": 0.1,
}
"""Chosen on 38 other words of the dictionary."""


def detection_rates(project: Path) -> dict[str, float]:
    """Share of frames in which each hand, and either hand, was found."""
    store = LandmarkStore(project / "data/landmarks")
    found = {part: np.concatenate([store[clip].mask[:, store.skeleton.part_slices[part]].any(1)
                                   for clip in store.clip_ids]) for part in ("left_hand", "right_hand")}
    both = np.stack(list(found.values()))
    return {**{f"{part}_detected": float(seen.mean()) for part, seen in found.items()},
            "hand_detected": float(both.any(0).mean())}


def draw_accuracy(path: Path, metrics: dict[str, float]) -> None:
    """Top-1 with its interval, and top-5, of the model and of the baseline."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    for place, (name, prefix) in enumerate([("SPOTER", ""), ("nearest neighbour (DTW)", "dtw_")]):
        top1, top5 = metrics[f"{prefix}top1"], metrics[f"{prefix}top5"]
        errors = [[top1 - metrics[f"{prefix}top1_ci_low"]], [metrics[f"{prefix}top1_ci_high"] - top1]]
        axes.bar(np.arange(2) + 0.4 * place, [top1, top5], 0.38, label=name)
        axes.errorbar([0.4 * place], [top1], errors, color="black", capsize=3)
    axes.set(xticks=[0.2, 1.2], xticklabels=["top-1", "top-5"], ylim=(0, 1), ylabel="share of side takes")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150)


def main() -> None:
    recordings = shared_data("slovak")
    project = slovak.project(STUDY, recordings, slovak.words(recordings, MAX_FRAMES)[::EVERY])
    overrides = [part for name, value in SETTINGS.items() for part in ("-S", f"{name}={value}")]
    run(project, "dvc", "exp", "run", *overrides)
    pipeline = read_json(project / "metrics/metrics.json")
    store = LandmarkStore(project / "data/landmarks")
    places = slovak.places(slovak.dtw_matrix(store, slovak.takes(project / "data/manifest.parquet", store)))
    with open(project / "data/landmarks/failures.csv", encoding="utf-8") as file:
        failed = sum(1 for _ in csv.DictReader(file))
    metrics = {
        "top1": pipeline["top1"], "top1_ci_low": pipeline["top1_ci_low"], "top1_ci_high": pipeline["top1_ci_high"],
        "top5": pipeline["top5"], "glosses": len(places), "failed_clips": failed,
        **{f"dtw_{name}": value for name, value in slovak.accuracy(places).items()},
        **detection_rates(project),
    }
    write_json(STUDY / "metrics.json", metrics)
    draw_accuracy(STUDY / "accuracy.png", metrics)


if __name__ == "__main__":
    main()
