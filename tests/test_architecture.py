"""docs/architecture.md and its picture show the packages and the pipeline as they are."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from docs.architecture import draw, drawn, imports
from pipeline.fingerprint import OF_CORPORA, OF_EXTRACTOR, OF_MODELS, Code, modules_of
from slr.params import load
from tests.helpers import REPOSITORY

PARAMS, CODE = load(REPOSITORY / "params.yaml"), Code()
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
del STAGES["settings"]  # it follows every edit
COSTS = re.findall(r"^\| (.*`.+`) \| ([^|`]+) \|$", (REPOSITORY / "docs" / "architecture.md").read_text(), re.MULTILINE)


def test_the_picture_of_the_packages_is_current():
    assert drawn() == imports(), "run: python -m docs.architecture"


def test_every_package_has_a_box_and_every_arrow_points_down(tmp_path):
    graph = {"cli": ["preprocessing", "errors", "report"], "report": ["errors"], "preprocessing": ["io", "report"],
             "io": ["errors"], "errors": []}
    picture = tmp_path / "picture.svg"
    svg = draw(graph)
    picture.write_text(svg, encoding="utf-8")
    assert drawn(picture) == graph
    assert sorted(re.findall(r'class="name">(\w+)<', svg)) == sorted(graph)
    arrows = re.findall(r'<path d="M\d+ (\d+)C.* (\d+)" class="line( up)?"/>', svg)
    assert {int(end) > int(start) for start, end, up in arrows if not up} == {True}
    assert [up for *_, up in arrows].count(" up") == 1  # preprocessing imports report: against the layers
    assert len(arrows) == 6  # of cli to errors, and of preprocessing to errors, the others tell


def code_of(stage: str) -> set[str]:
    """The files that a stage runs, for some model or other."""
    models = PARAMS.models.values() if stage in OF_MODELS else [None]
    named = ["slr.corpora.sample"] if stage in OF_CORPORA else []
    if stage == OF_EXTRACTOR:
        named.append("slr.extraction.holistic")
    return {path.as_posix() for settings in models for path in CODE.closure(
        Path(f"pipeline/{stage}.py"), named if settings is None else modules_of(settings, stage))}


def paths(stage: dict, *kinds: str) -> list[str]:
    """What a stage lists under some of its headings, with `*` for the name of a model."""
    listed = [next(iter(path)) if isinstance(path, dict) else path for kind in kinds for path in stage.get(kind, [])]
    return [re.sub(r"\$\{(item|train)\..+?\}", "*", path) for path in listed]


def rerun(edit: str) -> set[str]:
    """The stages that may run again after a change of a file or of a setting."""
    if edit.startswith("slr/"):
        assert (REPOSITORY / edit).is_file()
        waiting = [name for name in STAGES if edit in code_of(name)]
    elif edit.startswith("models."):
        waiting = list(OF_MODELS)  # their fingerprints have the model's settings too
    else:
        waiting = [name for name, stage in STAGES.items()
                   if any(edit == param or edit.startswith(f"{param}.") for param in stage.get("params", []))]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        made = paths(STAGES[name], "outs", "metrics")
        waiting += [other for other, stage in STAGES.items() if other not in found
                    and any(fnmatch(read, out) or out.startswith(f"{read}/")
                            for read in paths(stage, "deps") for out in made)]
    return found


@pytest.mark.parametrize("edits, words", COSTS)
def test_a_change_costs_what_the_page_says(edits: str, words: str):
    stages = [name for name in STAGES if re.search(rf"\b{name}\b", words)]
    if "all after it" in words:
        stages = list(STAGES)[list(STAGES).index(stages[0]):]
    for edit in re.findall("`(.+?)`", edits):
        assert rerun(edit) == set(stages), edit
