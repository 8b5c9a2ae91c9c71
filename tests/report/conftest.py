"""The results of a small made-up project: everything that the report reads, without extracting or training."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from slr.clipwise import Failure, write_failures
from slr.corpora.manifest import write_manifest
from slr.evaluation.model_plots import write_confusion, write_learning
from slr.evaluation.predictions import write_predictions
from slr.landmarks.store import ClipLandmarks, write_store
from slr.params import Params, parse
from slr.skeleton import skeleton
from slr.splits import write_splits
from tests.helpers.waving import waving

GLOSSES = ("HOUSE", "<b>RAIN</b> & $x^2$", "žltý", "NA")
"""Names as users give them: markup, what looks like mathematics or a missing value, letters beyond ASCII."""
SIGNERS = ("ana", "ben", "cyd")


@dataclass(frozen=True)
class Results:
    """Where things are, in the names that `write_report` takes them by."""

    folder: Path
    params: Params

    def arguments(self) -> dict:
        return {"params": self.params, "manifest": self.folder / "manifest.parquet", "signers":
                self.folder / "signers.parquet", "landmarks": self.folder / "landmarks",
                "splits": self.folder / "splits.parquet", "metrics": self.folder / "metrics",
                "models": self.params.train.models, "models_dir": self.folder / "models",
                "reports": self.folder / "reports", "lock": self.folder / "dvc.lock"}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """24 clips of 4 glosses by 3 signers; `spoter` errs in 2 of 8 test clips, `spoter_published` has no results.

    With all that a model can have: a signer probe, and both of its pictures.
    """
    params = parse({"models": {name: {"family": "spoter"} for name in ("spoter", "spoter_published")},
                    "train": {"models": ["spoter", "spoter_published"]},
                    "evaluation": {"gloss_sets": {"pairs": ["HOUSE", "žltý"]}}})
    clips = pd.DataFrame([
        {"clip_id": f"{signer}/{number}-{repetition}", "glosses": [gloss], "signer": signer,
         "split": {"ana": "train", "ben": "val", "cyd": "test"}[signer]}
        for signer in SIGNERS for number, gloss in enumerate(GLOSSES) for repetition in range(2)
    ])
    blank = dict.fromkeys(("start_frame", "end_frame", "fps"))
    write_manifest(tmp_path / "manifest.parquet", clips.assign(media="x.mp4", segments=[[] for _ in clips.index],
                                                               **blank, split=None))
    write_store(tmp_path / "landmarks", [
        ClipLandmarks(row.clip_id, 10, 320, 240, waving(frames=10 + number)) for number, row in clips.iterrows()
    ], skeleton("holistic-75"), metadata={"extractor": {"name": "made up"}})
    write_failures(tmp_path / "landmarks", [Failure("cyd/broken", "frames", "the file is empty (0 bytes)")])
    write_splits(tmp_path / "splits.parquet",
                 clips[["clip_id", "split"]].assign(fold=pd.array([None] * len(clips), dtype="Int32")))
    clips[["clip_id"]].assign(pseudo_signer=np.arange(len(clips)) // 8).to_parquet(tmp_path / "signers.parquet")
    _write_model(tmp_path, clips[clips.split == "test"].assign(gloss=lambda rows: rows.glosses.str[0]))
    _write_json(tmp_path / "metrics/signers.json", {"ari": 0.71, "clusters": 3})
    (tmp_path / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n"
        "  frames:\n    outs:\n    - {path: data/frames, hash: md5, md5: abc123.dir, size: 1234567, nfiles: 2}\n"
        "  train@spoter:\n    outs:\n    - {path: models/spoter, hash: md5, md5: def456.dir, size: 99, nfiles: 3}\n"
        "  train@dropped:\n    outs:\n    - {path: models/dropped, hash: md5, md5: 777.dir, size: 99, nfiles: 3}\n")
    return Results(tmp_path, params)


def _write_model(folder: Path, test: pd.DataFrame) -> None:
    predicted = [GLOSSES[1], GLOSSES[1], *test.gloss[2:]]
    for path in ("reports/spoter", "models/spoter"):
        (folder / path).mkdir(parents=True)
    predictions = test[["clip_id", "signer", "gloss"]].assign(
        predicted=predicted, rank=1, probability=np.linspace(0.4, 0.9, len(test)), top5="a|b|c|d|e")
    write_predictions(folder / "reports/spoter/predictions.csv", predictions)
    epochs = np.arange(1, 6)
    history = pd.DataFrame({"epoch": epochs, "train_loss": 1 / epochs, "val_loss": 1.2 / epochs,
                            "val_top1": epochs / 5, "lr": 0.001})
    write_learning(folder / "reports/spoter", history, 5)
    write_confusion(folder / "reports/spoter", predictions)
    _write_json(folder / "models/spoter/config.json", {"task": "isolated", "versions": {"torch": "2.13.0"},
                                                          "data": {"manifest": "beef"}})
    _write_json(folder / "metrics/models/spoter.json", {
        "top1": 0.75, "top1_ci_low": 0.41, "top1_ci_high": 0.93, "top1_pairs": 0.5, "macro_f1": 0.7,
        "parameters": 123456, "train_seconds": 12.3, "best_epoch": 5, "worst_signer_top1": 0.75, "signer_gap": 0.0,
        "signer_probe": 0.625, "signer_probe_chance": 0.5})
    for picture in ("embeddings", "importance"):
        Image.new("RGB", (600, 40), "teal").save(folder / f"reports/spoter/{picture}.png")


def _write_json(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
