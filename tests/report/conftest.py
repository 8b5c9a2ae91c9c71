"""The results of a small made-up project: everything that the report reads, without extracting or training."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks, write_store
from slr.dataset.manifest import write_manifest
from slr.dataset.skeleton import skeleton
from slr.dataset.splits import write_splits
from slr.evaluation.predictions import write_predictions
from slr.figures.model_plots import write_confusion, write_learning
from slr.io.clipwise import Failure, write_failures
from slr.params import Params, parse
from tests.helpers.waving import waving

GLOSSES = ("HOUSE", "<b>RAIN</b> & $x^2$", "žltý", "NA")
"""Names as users give them: markup, what looks like mathematics or a missing value, letters beyond ASCII."""
SIGNERS = ("ana", "ben", "cyd")


@dataclass(frozen=True)
class Results:
    """Where things are, in the names that `write_report` takes them by."""

    folder: Path
    params: Params

    def arguments(self, models: Sequence[str] | None = None) -> dict:
        """With the evaluations of these models, by default of all that are trained."""
        return {"params": self.params, "dataset": Dataset.below(self.folder),
                "signers_metrics": self.folder / "signers.json",
                "evaluations": {name: self.folder / "reports" / name for name in models or self.params.train.models},
                "lock": self.folder / "dvc.lock"}


@pytest.fixture
def results(made_results: Results, tmp_path: Path) -> Results:
    """A copy of those results, to do anything with."""
    shutil.copytree(made_results.folder, tmp_path, dirs_exist_ok=True)
    return Results(tmp_path, made_results.params)


@pytest.fixture(scope="session")
def made_results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """24 clips of 4 glosses by 3 signers; `spoter` errs in 2 of 8 test clips, `spoter_published` has no results.

    With all that a model can have: a signer probe, and both of its pictures.
    """
    folder = tmp_path_factory.mktemp("results")
    params = parse({"models": {name: {"family": "spoter"} for name in ("spoter", "spoter_published")},
                    "train": {"models": ["spoter", "spoter_published"]},
                    "evaluation": {"gloss_sets": {"pairs": ["HOUSE", "žltý"]}}})
    clips = pd.DataFrame([
        {"clip_id": f"{signer}/{number}-{repetition}", "glosses": [gloss], "signer": signer,
         "split": {"ana": "train", "ben": "val", "cyd": "test"}[signer]}
        for signer in SIGNERS for number, gloss in enumerate(GLOSSES) for repetition in range(2)
    ])
    blank = dict.fromkeys(("start_frame", "end_frame", "fps"))
    write_manifest(folder / "manifest.parquet", clips.assign(media="x.mp4", segments=[[] for _ in clips.index],
                                                               **blank, split=None))
    write_store(folder / "landmarks", [
        ClipLandmarks(row.clip_id, 10, 320, 240, waving(frames=10 + number)) for number, row in clips.iterrows()
    ], skeleton("holistic-75"), metadata={"extractor": {"name": "made up"}})
    write_failures(folder / "landmarks", [Failure("cyd/broken", "frames", "the file is empty (0 bytes)")])
    write_splits(folder / "splits.parquet",
                 clips[["clip_id", "split"]].assign(fold=pd.array([None] * len(clips), dtype="Int32")))
    clips[["clip_id"]].assign(pseudo_signer=np.arange(len(clips)) // 8).to_parquet(folder / "signers.parquet")
    _write_model(folder, clips[clips.split == "test"].assign(gloss=lambda rows: rows.glosses.str[0]))
    _write_json(folder / "signers.json", {"ari": 0.71, "clusters": 3})
    (folder / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n"
        "  frames:\n    outs:\n    - {path: data/frames, hash: md5, md5: abc123.dir, size: 1234567, nfiles: 2}\n"
        "  train@spoter:\n    outs:\n    - {path: models/spoter, hash: md5, md5: def456.dir, size: 99, nfiles: 3}\n"
        "  train@dropped:\n    outs:\n    - {path: models/dropped, hash: md5, md5: 777.dir, size: 99, nfiles: 3}\n")
    return Results(folder, params)


def _write_model(folder: Path, test: pd.DataFrame) -> None:
    predicted = [GLOSSES[1], GLOSSES[1], *test.gloss[2:]]
    (folder / "reports/spoter").mkdir(parents=True)
    predictions = test[["clip_id", "signer", "gloss"]].assign(
        predicted=predicted, rank=1, probability=np.linspace(0.4, 0.9, len(test)), top5="a|b|c|d|e")
    write_predictions(folder / "reports/spoter/predictions.csv", predictions)
    epochs = np.arange(1, 6)
    history = pd.DataFrame({"epoch": epochs, "train_loss": 1 / epochs, "val_loss": 1.2 / epochs,
                            "val_top1": epochs / 5, "lr": 0.001})
    write_learning(folder / "reports/spoter", history, 5, "val_top1", "top-1")
    write_confusion(folder / "reports/spoter", predictions)
    _write_json(folder / "reports/spoter/config.json", {"task": "isolated", "versions": {"torch": "2.13.0"},
                                                          "data": {"manifest": "beef"}})
    _write_json(folder / "reports/spoter/metrics.json", {
        "top1": 0.75, "top1_ci_low": 0.41, "top1_ci_high": 0.93, "top1_pairs": 0.5, "macro_f1": 0.7,
        "parameters": 123456, "train_seconds": 12.3, "best_epoch": 5, "worst_signer_top1": 0.75, "signer_gap": 0.0,
        "signer_probe": 0.625, "signer_probe_chance": 0.5})
    for picture in ("embeddings", "importance", "importance_lines"):
        Image.new("RGB", (600, 40), "teal").save(folder / f"reports/spoter/{picture}.png")


def add_models(results: Results, signs: int) -> list[str]:
    """Give a project so many more models of signs, one of streams and one of sentences; their names, in order.

    Each has all of the metrics that its task's table shows, as wide as they get.
    """
    folder = results.folder
    names = ["multistream_embedding", *(f"sca_hierarchical_{number}" for number in range(1, signs))]
    measured = dict.fromkeys(("top1", "top1_pairs", "one_shot", "five_shot", "open_set_auroc"), 1.0)
    of_signs = {
        **measured, **{f"{name}_ci_{end}": 1.0 for name in measured for end in ("low", "high")}, "top5": 1.0,
        "macro_f1": 1.0, "worst_signer_top1": 1.0, "signer_gap": 1.0, "signer_probe": 1.0, "signer_probe_chance": 0.5,
        "map": 1.0, "one_shot_ways": 16, "five_shot_ways": 16, "silhouette": -0.25, "silhouette_train": -0.25,
        "clips": 1234, "parameters": 12345678, "train_seconds": 1234.5}
    for name in names:
        shutil.copytree(folder / "reports/spoter", folder / "reports" / name)
        _write_json(folder / f"reports/{name}/metrics.json", of_signs)
    others = {"sca_stgcn_detection": ("detection", {"pr_auc": 1.0, "worst_signer_pr_auc": 1.0, "f1": 1.0,
                                                    "segment_f1": 1.0}),
              "pose_ctc": ("continuous", {"wer": 0.25, "wer_ci_low": 0.125, "wer_ci_high": 1.0, "wer_sentences": 1.0,
                                          "worst_signer_wer": 1.0, "sentences": 30})}
    for name, (task, metrics) in others.items():
        _write_json(folder / f"reports/{name}/config.json", {"task": task, "training": {}})
        _write_json(folder / f"reports/{name}/metrics.json", {**metrics, "parameters": 12345678, "train_seconds": 9.9})
    glosses = "|".join(["NORDRHEIN-WESTFALEN"] * 20)
    (folder / "reports/pose_ctc/transcripts.csv").write_text(
        "clip_id,signer,reference,hypothesis,score,starts_s,ends_s,too_short\n"
        f"a-sentence-with-a-long-name/2026-11-29,cyd,{glosses},{glosses[:-5]},1.0,,,False\n")
    return [*names, *others]


def _write_json(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
