"""The daily workflow, with real DVC: what reruns when, comparing, and mistakes. Sweeps: test_zoo.py."""

import json

import pytest

from tests.helpers.project import EVERYTHING, ZOO, Project, stages_run


def test_every_stage_of_dvc_yaml_leaves_its_outputs(reproduced: Project):
    for name in ("data/manifest.parquet", "data/splits.parquet", "data/signers.parquet", "reports/report.html",
                 "metrics/metrics.json", "metrics/signers.json", "metrics/models/spoter.json",
                 "metrics/models/silt_query.json", "models/selected/weights.safetensors"):
        assert (reproduced.folder / name).is_file(), name
    stages = reproduced.run("dvc", "stage", "list", "--all", "--name-only").split()
    assert sorted(stages) == sorted([*EVERYTHING, *ZOO])


def test_nothing_reruns_where_nothing_changed(project: Project):
    assert stages_run(project.dvc("repro")) == []
    assert "up to date" in project.dvc("status", "dvc.yaml")


def test_selecting_another_model_reruns_select_and_report_alone(project: Project):
    assert stages_run(project.dvc("exp", "run", "-S", "train.model=silt_query")) == ["settings", "select", "report"]
    metrics = json.loads((project.folder / "metrics/metrics.json").read_text())
    assert metrics == json.loads((project.folder / "metrics/models/silt_query.json").read_text())


def test_a_models_setting_retrains_that_model_alone(project: Project):
    ran = stages_run(project.dvc("exp", "run", "-S", "models.spoter.lr=0.002"))
    assert ran == ["settings", "train@spoter", "evaluate@spoter", "select", "report"]
    assert "metrics/models/spoter.json" in project.dvc("metrics", "diff", "--all")
    assert "0.002" in project.dvc("exp", "show", "--csv")


def test_select_trains_one_model_and_nothing_else(project: Project):
    project.set_params({"models": {"spoter": {"lr": 0.002}, "silt_query": {"epochs": 2}}})
    assert stages_run(project.dvc("repro", "select")) == ["settings", "train@spoter", "evaluate@spoter", "select"]


@pytest.mark.parametrize(("setting", "answer"), [
    ("models.spoter.positions=sinusoidl", "did you mean 'sinusoidal'"),
    ("train.model=spotter", "there is no model 'spotter'; did you mean 'spoter'"),
    ("train.model=transfomer", "there is no model 'transfomer'; did you mean 'transformer'"),
    ("+models.spoter.lrr=0.1", "did you mean 'lr'"),
    ("+models.spoter.augment.rotate=3", "did you mean 'rotate_degrees'"),
    ("splits.by=signers", "did you mean 'signer'"),
    ("zoo/params.yaml:models.transformer.family=transfomer", "did you mean 'transformer'"),
])
def test_a_wrong_setting_is_refused_first_with_the_nearest_right_one(project: Project, setting, answer):
    told = project.dvc("exp", "run", "-S", setting, fails=True)
    assert answer in told and stages_run(told) == ["settings"]


def test_a_misspelt_name_is_refused_by_dvc_itself(project: Project):
    assert "lrr" in project.dvc("exp", "run", "-S", "models.spoter.lrr=0.1", fails=True)


def test_verify_passes_on_what_was_committed_and_not_on_other_numbers(project: Project):
    assert "metrics within tolerance" in project.run("slr", "verify")
    metrics = project.folder / "metrics/models/spoter.json"
    content = json.loads(metrics.read_text())
    metrics.write_text(json.dumps({**content, "parameters": content["parameters"] + 1}))
    project.commit("Claim something else")
    assert "parameters" in project.run("slr", "verify", fails=True)
