"""Models of the zoo, with real DVC: one when it is asked for, or all of them."""

import csv
import json
import sys
from pathlib import Path

import pytest

from slr.io.files import read_json
from tests.fixtures.once import once
from tests.helpers.project import ZOO, Project, stages_run

TRANSFORMER = ["zoo/dvc.yaml:train@transformer", "zoo/dvc.yaml:evaluate@transformer"]


@pytest.fixture(scope="session")
def with_the_transformer(reproduced: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a model of its zoo was selected, committed. Not to be changed: see `selected`."""

    def select(folder: Path) -> None:
        project = reproduced.copy(folder / "project")
        ran = stages_run(project.dvc("exp", "run", "-S", "train.model=transformer"))
        assert ran == ["settings", *TRANSFORMER, "select", "report"]
        project.commit("Select the transformer")

    return Project(once(tmp_path_factory, "with_the_transformer", select) / "project")


@pytest.fixture
def selected(with_the_transformer: Project, tmp_path: Path) -> Project:
    """A copy of that project, to do anything with."""
    return with_the_transformer.copy(tmp_path / "project")


def test_a_model_of_the_zoo_trains_when_it_is_selected_and_is_told_of(selected: Project):
    folder = selected.folder
    assert read_json(folder / "metrics/metrics.json") == read_json(folder / "metrics/models/transformer.json")
    assert read_json(folder / "models/selected/config.json")["name"] == "transformer"
    assert not (folder / "models/silt_sequence").exists()
    page = (folder / "reports/report.html").read_text()
    assert "transformer: config.json" in page and "silt_sequence" not in page
    assert "metrics/models/transformer.json" in selected.dvc("metrics", "show")
    assert stages_run(selected.dvc("repro")) == [] and "up to date" in selected.dvc("status", "dvc.yaml")
    selected.dvc("exp", "run", "-S", "train.model=spoter")  # as it was before: DVC brings it back from its cache
    assert read_json(folder / "metrics/metrics.json") == read_json(folder / "metrics/models/spoter.json")
    assert "transformer" not in (folder / "reports/report.html").read_text()


def test_a_setting_of_the_zoo_retrains_that_model_alone(selected: Project):
    ran = stages_run(selected.dvc("exp", "run", "-S", "zoo/params.yaml:models.transformer.lr=0.002"))
    assert ran == ["settings", *TRANSFORMER, "select", "report"]
    changed = selected.dvc("metrics", "diff")
    assert "metrics/models/transformer.json" in changed and "metrics/models/spoter.json" not in changed
    assert "models.transformer.lr" in selected.dvc("exp", "show", "--csv").splitlines()[0]


def test_plots_are_of_the_selected_model_wherever_it_is_from(selected: Project):
    selected.dvc("plots", "diff", "HEAD~1", "--out", "plots")
    shown = (selected.folder / "plots/index.html").read_text()
    assert "actual" in shown and "train_loss" in shown
    tables = json.loads(selected.dvc("plots", "diff", "HEAD~1", "--json").splitlines()[-1])
    losses = tables["data"]["Loss of the selected model"][0]
    assert sorted(losses["revisions"]) == ["HEAD~1", "workspace"]


def test_the_whole_zoo_is_trained_by_its_file_and_has_a_page(selected: Project):
    assert stages_run(selected.dvc("repro", "zoo/dvc.yaml")) == [stage for stage in ZOO if stage not in TRANSFORMER]
    page = (selected.folder / "reports/zoo.html").read_text()
    told = [name for name in ("transformer", "silt_sequence", "spoter") if f"{name}: config.json" in page]
    assert told == ["transformer", "silt_sequence"]
    assert stages_run(selected.dvc("repro", "--all-pipelines")) == []
    selected.commit("The zoo")
    assert stages_run(selected.dvc("exp", "run", "-S", "train.model=silt_sequence")) == ["settings", "select", "report"]
    selected.commit("Select another of it")
    assert "metrics within tolerance" in selected.run("slr", "verify", "--zoo")
    for name in ("transformer", "silt_sequence"):
        metrics = selected.folder / f"metrics/models/{name}.json"
        metrics.write_text(json.dumps({**read_json(metrics), "parameters": 1}))
    selected.commit("Claim something else")
    assert "parameters" in selected.run("slr", "verify", "--zoo", fails=True)
    not_activated = ("env", "PATH=/usr/bin:/bin", sys.executable, "-m", "slr.cli")
    assert "parameters" in selected.run(*not_activated, "verify", "--zoo-models", "1", "--scratch", fails=True)


def test_a_sweep_over_both_files_in_the_queue(project: Project):
    project.dvc("exp", "run", "--queue", "-S", "train.model=spoter,transformer")
    project.dvc("exp", "run", "--run-all")
    rows = csv.DictReader(project.dvc("exp", "show", "--csv", "--hide-workspace").splitlines())
    assert {row["train.model"] for row in rows} >= {"spoter", "transformer"}
    assert not (project.folder / "models/transformer").exists()  # the workspace stays as it was


def test_a_run_in_a_temporary_folder_finds_the_zoo(project: Project):
    told = project.dvc("exp", "run", "--temp", "-S", "train.model=transformer")
    assert stages_run(told) == ["settings", *TRANSFORMER, "select", "report"]
    assert not Path(project.folder / "models/transformer").exists()
