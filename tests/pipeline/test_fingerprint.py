"""Fingerprints of the code that each stage runs: what changes them, and that both dvc.yaml depend on them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import fingerprint
from pipeline.fingerprint import CHECKS, OF_MODELS, WITHOUT_EFFECT, Code, modules_of, scripts, write_fingerprints
from slr.params import load
from tests.helpers import REPOSITORY

PARAMS = load(REPOSITORY / "params.yaml")
STAGES = [(file, name, stage) for file in ("dvc.yaml", "zoo/dvc.yaml")
          for name, stage in yaml.safe_load((REPOSITORY / file).read_text())["stages"].items() if name != "settings"]


def files(stage: str, model: str | None = None) -> set[str]:
    modules = [] if model is None else modules_of(PARAMS.models[model], stage)
    return {path.as_posix() for path in Code().closure(Path(f"pipeline/{stage}.py"), modules)}


@pytest.fixture
def copied(tmp_path: Path, monkeypatch) -> Path:
    """The repository's code elsewhere, where it can be changed."""
    for folder in ("slr", "pipeline"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    return tmp_path


def changed_by(copied: Path, file: str, old: str, new: str) -> set[str]:
    """The fingerprints that differ after a change in a file: `frames`, `train/spoter`, ..."""
    found = []
    for folder in ("before", "after"):
        write_fingerprints(PARAMS, copied / folder)
        found.append({path.relative_to(copied / folder).with_suffix("").as_posix(): path.read_text()
                      for path in (copied / folder).rglob("*.txt")})
        if folder == "before":
            content = (copied / file).read_text()
            assert old in content
            (copied / file).write_text(content.replace(old, new, 1))
    assert len(found[0]) == len(scripts()) - len(OF_MODELS) + len(OF_MODELS) * len(PARAMS.models)
    return {name for name in found[0] if found[0][name] != found[1][name]}


@pytest.mark.parametrize("stage", [path.stem for path in scripts()])
def test_what_a_script_really_imports_is_in_its_fingerprint(stage: str):
    model = "pose_ctc" if stage in OF_MODELS else None
    modules = [] if model is None else modules_of(PARAMS.models[model], stage)
    code = ("import sys, json, pipeline.stage\nchecks = set(sys.modules)\n"
            f"import pipeline.{stage}\nfor name in {modules}: __import__(name)\n"
            "print(json.dumps([module.__file__ for name, module in sys.modules.items() if name not in checks "
            "and name.split('.')[0] in ('slr', 'pipeline') and module.__file__]))")
    ran = json.loads(subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True, capture_output=True,
                                    text=True).stdout.splitlines()[-1])
    imported = {Path(path).relative_to(REPOSITORY).as_posix() for path in ran}
    without = {path for path in imported if path in WITHOUT_EFFECT or path.startswith(CHECKS)}
    assert imported - without <= files(stage, model)


@pytest.mark.parametrize("file, name, stage", STAGES, ids=[f"{file}:{name}" for file, name, _ in STAGES])
def test_a_stage_depends_on_its_fingerprint_and_on_no_code_by_hand(file: str, name: str, stage: dict):
    own = f"data/code/{name}/${{item.model}}.txt" if name in OF_MODELS else f"data/code/{name}.txt"
    assert stage["deps"][0] == own and not [path for path in stage["deps"] if path.startswith(("pipeline", "slr"))]
    assert stage["cmd"].split()[:3] == ["python", "-m", f"pipeline.{name}"]
    assert stage.get("wdir", ".") == (".." if file.startswith("zoo/") else ".")


def test_the_stage_that_writes_them_follows_all_code_and_settings():
    stage = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]["settings"]
    assert stage["deps"] == ["pipeline", "slr", "params.yaml", "zoo/params.yaml"] and stage["outs"] == ["data/code"]


def test_a_models_network_retrains_the_models_that_share_its_file(copied):
    changed = changed_by(copied, "slr/models/spoter.py", "class Spoter(", "VERSION = 2\n\n\nclass Spoter(")
    shared = {name for name, settings in PARAMS.models.items() if settings.family in ("spoter", "silt")}
    assert {"spoter", "silt_query"} <= shared
    assert changed == {f"{stage}/{name}" for stage in OF_MODELS for name in shared}


def test_what_is_said_about_code_changes_nothing(copied):
    file = "slr/models/layers.py"
    assert changed_by(copied, file, "from torch import", "# Attention (Vaswani et al.)\n\nfrom torch import") == set()
    docstring = (copied / file).read_text().split('"""')[1]
    assert changed_by(copied, file, docstring, "Other words.") == set()
    assert changed_by(copied, "slr/models/__init__.py", "classes: int) -> nn.Module:", "classes):") == set()


def test_a_default_that_params_yaml_leaves_out_retrains_the_models_that_have_it(copied, monkeypatch):
    before = {name: Code().fingerprint(Path("pipeline/train.py"), (), json.dumps(settings.model_dump(mode="json")))
              for name, settings in PARAMS.models.items()}
    changed = PARAMS.models["spoter"].model_copy(update={"gradient_clip": 2.0})
    assert before["spoter"] != Code().fingerprint(Path("pipeline/train.py"), (),
                                                  json.dumps(changed.model_dump(mode="json")))


def test_the_landmark_stores_reader_reruns_what_reads_landmarks(copied):
    changed = changed_by(copied, "slr/dataset/landmark_store.py", "class LandmarkStore", "X = 1\nclass LandmarkStore")
    assert {"splits", "signers", "report", "train/spoter", "evaluate/spoter"} <= changed
    assert not {"corpus", "frames", "landmarks", "select"} & changed


@pytest.mark.parametrize("producer", ["slr/extraction", "slr/partition", "slr/decoding", "slr/figures",
                                      "slr/metrics/retrieval.py"])
def test_extraction_clustering_decoding_and_figures_retrain_nothing(producer):
    found = {path for name in ("spoter", "sca_stgcn_detection", "multistream_embedding")
             for path in files("train", name)}
    assert {path for path in found if path.startswith(producer)} <= {"slr/decoding/__init__.py",
                                                                       "slr/decoding/records.py"}


def test_templates_and_styles_belong_to_the_code_beside_them():
    assert {"slr/report/page.html.j2", "slr/report/page.css"} <= files("report")


def test_files_that_are_known_are_not_parsed_again(tmp_path, monkeypatch):
    first = Code(tmp_path / "kept.json")
    expected = first.fingerprint(Path("pipeline/splits.py"))
    first.keep()
    monkeypatch.setattr(fingerprint, "parse", None)
    assert Code(tmp_path / "kept.json").fingerprint(Path("pipeline/splits.py")) == expected
