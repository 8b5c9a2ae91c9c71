"""One example of each sign to train, another view of it to test: real video through the whole pipeline.

    python -m studies.slovak_words.run

See README.md beside this file for the protocol.
"""

import csv
from pathlib import Path

import numpy as np

from slr.corpora.manifest import read_manifest
from slr.evaluation.dtw import dtw_distances, dtw_features
from slr.files import read_json, write_json
from slr.landmarks.store import LandmarkStore
from slr.metrics import wilson
from slr.splits import read_splits
from studies.workspace import clone, run, shared_data

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


def write_annotations(path: Path, recordings: Path) -> None:
    """The folder reader's CSV: front takes train, side takes test, every fifth usable word of the dictionary."""
    with open(recordings / "words.csv", encoding="utf-8") as file:
        words = [word for word in csv.DictReader(file) if word["in_dictionary"] == "true"
                 and all(0 < int(word[f"{take}_frames"] or 0) <= MAX_FRAMES for take in ("front", "side"))]
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "gloss", "signer", "split"])
        for word in words[::EVERY]:
            rows.writerow([word["front"], word["word_sk"], "one", "train"])
            rows.writerow([word["side"], word["word_sk"], "one", "test"])


def dtw_ranks(project: Path) -> np.ndarray:
    """For each test clip, how many other glosses' training clips are nearer than its own gloss's (0 = right)."""
    store = LandmarkStore(project / "data/landmarks")
    splits = read_splits(project / "data/splits.parquet")
    gloss = {clip: glosses[0] for clip, glosses in
             read_manifest(project / "data/manifest.parquet")[["clip_id", "glosses"]].itertuples(index=False)}
    train, test = ([clip for clip in splits.clip_id[splits.split == name]] for name in ("train", "test"))
    features = {clip: dtw_features(store[clip], store.skeleton) for clip in train + test}
    distances = dtw_distances([features[clip] for clip in test], [features[clip] for clip in train])
    glosses = np.array([gloss[clip] for clip in train])
    own = [row[glosses == gloss[clip]].min() for clip, row in zip(test, distances, strict=True)]
    return (distances < np.array(own)[:, None]).sum(1)


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
    project = clone(STUDY)
    annotations = STUDY / "project" / "words.csv"
    write_annotations(annotations, recordings)
    run(project, "slr", "use", "folder", "--root", recordings, "--csv", annotations)
    overrides = [part for name, value in SETTINGS.items() for part in ("-S", f"{name}={value}")]
    run(project, "dvc", "exp", "run", *overrides)
    pipeline = read_json(project / "metrics/metrics.json")
    ranks = dtw_ranks(project)
    with open(project / "data/landmarks/failures.csv", encoding="utf-8") as file:
        failed = sum(1 for _ in csv.DictReader(file))
    dtw_low, dtw_high = wilson(int((ranks == 0).sum()), len(ranks))
    metrics = {
        "top1": pipeline["top1"], "top1_ci_low": pipeline["top1_ci_low"], "top1_ci_high": pipeline["top1_ci_high"],
        "top5": pipeline["top5"], "glosses": len(ranks), "failed_clips": failed,
        "dtw_top1": float((ranks == 0).mean()), "dtw_top5": float((ranks < 5).mean()),
        "dtw_top1_ci_low": dtw_low, "dtw_top1_ci_high": dtw_high,
        **detection_rates(project),
    }
    write_json(STUDY / "metrics.json", metrics)
    draw_accuracy(STUDY / "accuracy.png", metrics)


if __name__ == "__main__":
    main()
