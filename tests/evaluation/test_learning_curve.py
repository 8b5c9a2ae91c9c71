"""`slr learning-curve`: a model trained on shares of the clips and measured on validation."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from slr.cli import app
from slr.dataset.dataset import Dataset
from slr.dataset.splits import read_splits, write_splits
from slr.evaluation.learning_curve import learning_curve
from slr.metrics.classification import wilson
from tests.helpers import landmark_corpus
from tests.helpers.training import SMALL, run, settings


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project whose test clips have no landmarks, so reading them would fail."""
    folder = tmp_path_factory.mktemp("project")
    dataset = landmark_corpus.make(folder / "data")
    splits = read_splits(dataset.splits)
    write_splits(dataset.splits, splits[splits.split != "test"])
    (folder / "params.yaml").write_text(yaml.safe_dump(
        {"models": {"spoter": SMALL | {"epochs": 3}}, "compute": {"workers": 1}}))
    (folder / "models/spoter").mkdir(parents=True)
    (folder / "models/spoter/weights.safetensors").write_text("the project's own")
    return folder


def test_shares_are_trained_and_validated(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project)
    before = sorted(project.rglob("*"))
    done = CliRunner().invoke(app, ["learning-curve", "spoter", "--shares", "1,.25", "--json", "--out",
                                    str(tmp_path / "curve")], catch_exceptions=False)
    rows = json.loads(done.stdout)
    assert [(row["share"], row["train_clips"]) for row in rows] == [(0.25, 16), (1, 64)]
    assert sorted(project.rglob("*")) == before
    assert (project / "models/spoter/weights.safetensors").read_text() == "the project's own"

    whole = rows[1]
    alone = pd.read_csv(run(Dataset.below(project / "data"), tmp_path, settings(epochs=3)) / "history.csv")
    assert whole["val_top1"] == pytest.approx(alone.val_top1.max())
    interval = wilson(whole["val_top1"] * whole["val_clips"], whole["val_clips"])
    assert (whole["val_top1_ci_low"], whole["val_top1_ci_high"]) == pytest.approx(interval)

    table = pd.read_csv(tmp_path / "curve/curve.csv")
    assert table.val_loss.tolist() == pytest.approx([row["val_loss"] for row in rows])
    text = "".join(ElementTree.fromstring((tmp_path / "curve/curve.svg").read_text()).itertext())
    assert "training clips" in text and "validation top-1" in text and "64" in text


def test_a_metric_that_is_no_share_of_the_clips_has_no_interval(project, tmp_path):
    params = settings(epochs=1, selection="loss")
    table = learning_curve("spoter", params, Dataset.below(project / "data"), [0.1, 0.1], tmp_path / "curve")
    assert table.train_clips.tolist() == [8] and not any(name.endswith("_ci_low") for name in table)
    assert "validation loss" in (tmp_path / "curve/curve.svg").read_text()


@pytest.mark.parametrize(("arguments", "message"), [
    (["spotr"], "there is no model 'spotr'.*did you mean 'spoter'"),
    (["spoter", "--shares", "0,1"], "--shares: 0.0, 1.0; give numbers above 0 and at most 1"),
    (["spoter", "--shares", "half"], "--shares: 'half' is no list of numbers")])
def test_a_mistake_is_refused_before_training(project, monkeypatch, arguments, message):
    monkeypatch.chdir(project)
    done = CliRunner().invoke(app, ["learning-curve", *arguments])
    assert done.exit_code == 1
    assert pd.Series([" ".join(done.stderr.split())]).str.contains(message).all()
    assert not (project / "reports").exists()
