"""The dependencies in both dvc.yaml are the code that each stage imports: no more, no less."""

from pathlib import Path

import pytest
import yaml

from tests.helpers import REPOSITORY
from tests.helpers.imports import has_code, import_closure

WITHOUT_EFFECT = {
    Path("pipeline/stage.py"): "reads the settings and words errors",
    Path("slr/__init__.py"): "the version",
    Path("slr/dataset/paths.py"): "names what dvc.yaml names: a stage that wrote elsewhere would fail",
    Path("slr/errors.py"): "kinds of errors",
    Path("slr/io/progress.py"): "what a terminal shows meanwhile",
    **dict.fromkeys((path.relative_to(REPOSITORY) for path in (REPOSITORY / "slr/params").rglob("*.py")),
                    "checks settings, whose values stand under `params`"),
}
"""Code that a stage runs and that no output follows from: a change there reruns nothing."""
DEFAULTS = {path.relative_to(REPOSITORY) for path in (REPOSITORY / "slr/params/families").glob("*.py")}
"""Settings of models that params.yaml may leave out: what a model is follows from these too."""
STAGES = [(file, name, stage) for file in ("dvc.yaml", "zoo/dvc.yaml")
          for name, stage in yaml.safe_load((REPOSITORY / file).read_text())["stages"].items()]


def covered(paths: list[str]) -> set[Path]:
    """The modules at or below paths of the repository."""
    modules = set()
    for path in paths:
        assert (REPOSITORY / path).exists(), f"{path} is not there"
        found = (REPOSITORY / path).rglob("*.py") if (REPOSITORY / path).is_dir() else [REPOSITORY / path]
        modules |= {module.relative_to(REPOSITORY) for module in found}
    return modules


def code_of(stage: dict) -> list[str]:
    """The dependencies of a stage that are code."""
    return [path for path in stage["deps"] if path.startswith(("pipeline/", "slr/"))]


@pytest.mark.parametrize("file, name, stage", STAGES, ids=[f"{file}:{name}" for file, name, _ in STAGES])
def test_a_stage_depends_on_the_code_that_it_imports(file: str, name: str, stage: dict):
    script = Path(*stage["cmd"].split()[2].split(".")).with_suffix(".py")
    imported = import_closure(script, REPOSITORY, WITHOUT_EFFECT)
    if Path("slr/models/__init__.py") in imported:
        imported |= {path for path in DEFAULTS if has_code(REPOSITORY / path)}
    named = code_of(stage)
    code = {path for path in covered(named) if has_code(REPOSITORY / path)}
    assert code - {Path("slr/dataset/paths.py")} == {script} | imported  # which lies in a folder of what matters
    assert named[0] == str(script) and named[1:] == sorted(named[1:])
    assert stage.get("wdir", ".") == (".." if file.startswith("zoo/") else ".")


def test_what_reads_landmarks_follows_their_reader_and_what_makes_them_does_not():
    reader = Path("slr/dataset/landmark_store.py")
    following = {name for file, name, stage in STAGES if file == "dvc.yaml" and reader in covered(code_of(stage))}
    assert {"splits", "signers", "train", "evaluate", "report"} <= following and "frames" not in following


@pytest.mark.parametrize("producer", ["slr/extraction", "slr/partition"])
def test_clustering_splitting_jpeg_and_extraction_retrain_nothing(producer):
    retrained = [stage for _, name, stage in STAGES if name in ("train", "evaluate")]
    assert not any(dep == producer or dep.startswith(f"{producer}/") for stage in retrained for dep in stage["deps"])
