"""The study on ISL Kinect: its numbers are those of the predictions, and what was measured is kept."""

import pandas as pd
import pytest
import torch

from slr.corpora import scanning
from slr.dataset.skeleton import skeleton
from slr.errors import SlrError
from slr.io.files import read_json
from slr.models import build
from slr.params import CorpusParams
from slr.params.families.spoter import SpoterParams
from studies.isl_kinect import run as study
from studies.isl_kinect.models import BEST, MODELS
from tests.helpers import landmark_corpus
from tests.helpers.batches import batch_of
from tests.helpers.study_recordings import real

SMALL = SpoterParams(d_model=16, heads=2, encoder_layers=1, decoder_layers=1, feedforward=32, epochs=1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A made-up corpus of three signers in the place of the real one, and two small models."""
    landmark_corpus.make(tmp_path / "folds", glosses=6, signers=3, repetitions=1)
    monkeypatch.setattr(study, "STUDY", tmp_path)
    monkeypatch.setattr(study, "FOLDER", tmp_path / "folds")
    monkeypatch.setattr(study, "CHOSEN_ON", ("s0",))
    monkeypatch.setattr(study, "MODELS", {"first": SMALL, "second": SMALL.model_copy(update={"lr": 0.01})})
    return tmp_path


def test_each_signer_is_left_out_once_and_what_is_done_is_kept(folder):
    study.main(["first"], workers=1)
    assert not any(name.startswith("second") for name in read_json(folder / "metrics.json"))
    done = (folder / "folds/fold-0/first/result.json").stat().st_mtime_ns
    study.main(["first", "second"], workers=1)
    assert (folder / "folds/fold-0/first/result.json").stat().st_mtime_ns == done
    metrics = read_json(folder / "metrics.json")
    predictions = pd.concat(pd.read_csv(folder / f"folds/fold-{fold}/first/report/predictions.csv")
                            for fold in range(3))
    right = (predictions.gloss == predictions.predicted).groupby(predictions.signer).mean()
    assert len(predictions) == 18 and len(right) == 3
    assert metrics["first_top1_mean"] == pytest.approx(right.mean())
    assert metrics["first_top1_sd"] == pytest.approx(right.std())
    assert metrics["first_untouched_top1_mean"] == pytest.approx(right[["s1", "s2"]].mean())
    assert metrics["first_seconds"] > 0 and "second_top1_mean" in metrics
    assert metrics["published_top1"] == study.PUBLISHED_TOP1
    rows = (folder / "results.md").read_text().splitlines()
    assert {row.split("|")[1].strip() for row in rows[2:-1]} == {"`first`", "`second`"}
    assert (folder / "accuracy.png").stat().st_size > 5_000


def test_an_unknown_model_is_named(folder):
    with pytest.raises(SlrError, match="no model 'third'; known: first, second"):
        study.main(["third"])


@pytest.mark.parametrize("name", MODELS)
def test_every_model_reads_the_upper_body_in_metres(name):
    torch.manual_seed(0)
    params = MODELS[name]
    model = build(params, 30).eval()
    assert model(batch_of(2, params.frames, len(skeleton(params.joints)), 3))["logits"].shape == (2, 30)


def test_the_projects_own_model_comes_first():
    assert next(iter(MODELS)) == BEST and MODELS[BEST].family == "multistream"


def test_settings_were_chosen_on_signers_of_the_real_corpus():
    root = real("isl_kinect")
    clips, problems = scanning.scan(CorpusParams(name="isl_kinect", root=str(root)))
    assert not problems and (len(clips), clips.signer.nunique()) == (2700, 10)
    assert set(study.CHOSEN_ON) < set(clips.signer)
