"""A corpus reader and a metric of a user's own package, by their dotted names in params.yaml; a family and a task of
one's own are in tests/tasks/test_own_task.py."""

import numpy as np
import pandas as pd
import pytest

from slr.corpora import scanning
from slr.dataset.manifest import read_manifest
from slr.errors import ParamsError
from slr.evaluation.evaluate import evaluate, own_metrics
from slr.io.video import write_video
from slr.params import family_named, parse
from slr.params.corpora import reader_named
from slr.params.lookup import registered
from slr.report.page import write_report
from slr.tasks import task_named
from slr.training.loop import train
from tests.helpers import landmark_corpus
from tests.helpers.dominance import Dominance, DominanceParams
from tests.helpers.own_metric import balanced_accuracy

METRIC = "tests.helpers.own_metric:balanced_accuracy"


def test_a_reader_by_its_dotted_name(tmp_path):
    for name in ("HOUSE-ana", "HOUSE-ben", "RAIN-ana"):
        write_video(tmp_path / f"{name}.mp4", [np.full((32, 32, 3), 90, np.uint8)] * 6, fps=10)
    params = parse({"corpus": {"name": "tests.helpers.own_corpus", "root": str(tmp_path)}}).corpus
    scanning.prepare(params, tmp_path / "manifest.parquet", workers=1)
    clips = read_manifest(tmp_path / "manifest.parquet")
    assert [list(glosses) for glosses in clips.glosses] == [["HOUSE"], ["HOUSE"], ["RAIN"]]
    assert clips.signer.tolist() == ["ana", "ben", "ana"]


def test_a_metric_by_its_dotted_name_stands_among_the_others_and_in_the_report(tmp_path):
    dataset = landmark_corpus.make(tmp_path, glosses=2, signers=4, repetitions=2)
    model = {"family": "spoter", "d_model": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1,
             "feedforward": 32, "epochs": 1}
    params = parse({"models": {"spoter": model}, "compute": {"workers": 1}, "evaluation": {"metrics": [METRIC]}})
    train("spoter", params, dataset, out=tmp_path / "model", work=tmp_path / "work")
    metrics = evaluate(tmp_path / "model", params, dataset, tmp_path / "metrics.json", tmp_path / "report")
    rows = pd.read_csv(tmp_path / "report/predictions.csv")
    assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy(rows))
    write_report(tmp_path / "report.html", params, dataset, signers_metrics=tmp_path / "none",
                 evaluations={"spoter": tmp_path / "report"})
    assert "balanced accuracy" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("content, message", [
    ({"corpus": {"name": "wlosl"}}, "did you mean 'wlasl'"),
    ({"corpus": {"name": "my_package.corpus"}}, "can't be imported"),
    ({"models": {"spoter": {"family": "nowhere:Params"}}}, "can't be imported"),
    ({"models": {"spoter": {"family": "json:dumps"}}}, "no family of models"),
])
def test_names_that_lead_nowhere_are_refused_at_once(content, message):
    with pytest.raises(ParamsError, match=message):
        parse(content)


def test_a_metric_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ParamsError, match="can't be imported"):
        own_metrics(["nowhere:metric"], tmp_path / "predictions.csv")


def test_installed_packages_register_families_corpora_tasks_and_metrics(tmp_path, monkeypatch):
    info = tmp_path / "their_signs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-signs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[slr.families]\nhands = tests.helpers.dominance:DominanceParams\n"
        "[slr.corpora]\nflat = tests.helpers.own_corpus\n[slr.tasks]\nhands = tests.helpers.dominance:Dominance\n"
        f"[slr.metrics]\nbalanced = {METRIC}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registered.cache_clear()
    try:
        assert family_named("hands") is DominanceParams and isinstance(task_named("hands"), Dominance)
        assert reader_named("flat").module == "tests.helpers.own_corpus"
        (tmp_path / "p.csv").write_text("gloss,predicted\na,a\nb,a\n")
        assert own_metrics(["balanced"], tmp_path / "p.csv") == {"balanced_accuracy": 0.5}
    finally:
        registered.cache_clear()
