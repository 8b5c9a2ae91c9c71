"""The study of all variations: its numbers are those of the predictions, and every model is in all it writes."""

import pandas as pd
import pytest

from slr.io.files import read_json
from slr.params import parse
from studies.variations import run as study
from tests.helpers import landmark_corpus

SMALL = {"family": "spoter", "d_model": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "feedforward": 32}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "STUDY", tmp_path)
    monkeypatch.setattr(study, "FOLDER", tmp_path / "folds")
    monkeypatch.setattr(study, "EPOCHS", 1)
    return tmp_path


def test_it_measures_and_compares_every_model(folder):
    corpus = landmark_corpus.make(folder, glosses=3, signers=6, repetitions=2)
    params = parse({"models": {"basic": SMALL, "faster": {**SMALL, "lr": 0.01}},
                    "train": {"models": ["basic", "faster"], "model": "basic"}, "compute": {"workers": 1},
                    "splits": {"by": "signer", "folds": 3}, "signers": {"clusters": 2}})
    models = study.measure(params, corpus.manifest.parent)
    predictions = pd.concat(pd.read_csv(folder / f"folds/fold-{fold}/faster/report/predictions.csv")
                            for fold in range(3))
    right = (predictions.gloss == predictions.predicted).groupby(predictions.signer).mean()
    assert len(right) == 6 and models.loc["faster", ["top1_mean", "top1_sd", "top1_worst"]].tolist() == pytest.approx(
        [right.mean(), right.std(), right.min()])
    assert models.chance.tolist() == pytest.approx([1 / 3, 1 / 3])  # two tested, one validated

    study.write_results(models)
    metrics = read_json(folder / "metrics.json")
    assert metrics["faster_top1_mean"] == right.mean() and {f"basic_{name}" for name in (
        "top1_mean", "top1_sd", "top1_worst", "probe", "probe_sd", "train_seconds")} <= set(metrics)
    rows = (folder / "results.md").read_text().splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["`basic`", "`faster`"] and "| basic |" in rows[3]
    assert (folder / "leakage.png").stat().st_size > 10_000


def test_its_settings_are_those_of_the_pipeline_but_for_folds_and_epochs():
    params = study.settings()
    assert (params.splits.by, params.splits.folds) == ("signer", study.FOLDS)
    chosen = study.classifiers(params)
    assert {"multistream", "spoter", "sca_mi"} <= set(chosen)
    assert not {"sca_embedding", "sca_stgcn_detection", "pose_ctc", "stfnet"} & set(chosen)
