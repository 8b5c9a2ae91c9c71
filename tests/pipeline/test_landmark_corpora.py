"""Corpora that come as landmarks, without video, through the whole pipeline."""

import json
from pathlib import Path

import numpy as np

from slr.dataset.landmark_store import LandmarkStore
from tests.helpers.landmark_corpus import JOINTS, clip
from tests.helpers.project import Project, stages_run

OWN = {"name": "pipeline-3", "parts": {"body": ["nose", "left_wrist", "right_wrist"]},
       "bones": [["nose", "left_wrist"], ["nose", "right_wrist"]]}
MODEL = {"family": "transformer", "joints": "pipeline-3", "normalise": "none", "epochs": 2,
         "augment": {"probability": 0}}


def write_corpus(root: Path, glosses: int = 3, signers: int = 4) -> Path:
    """Arrays of three joints, listed in a CSV, and the skeleton that names them."""
    rng = np.random.default_rng(0)
    root.mkdir()
    (root / "joints.json").write_text(json.dumps(OWN))
    picked = [JOINTS.index(joint) for joint in OWN["parts"]["body"]]
    lines = ["path,gloss,signer"]
    for signer in range(signers):
        for gloss in range(glosses):
            name = f"s{signer}g{gloss}.npy"
            coordinates = clip(gloss, rng).coordinates[:, picked, :2]
            sway = np.sin((2 + signer) * np.arange(len(coordinates)) / 5)  # each signer's own: else they'd be copies
            np.save(root / name, coordinates + 0.2 * sway[:, None, None].astype(np.float32))
            lines.append(f"{name},G{gloss},s{signer}")
    (root / "clips.csv").write_text("\n".join(lines))
    return root


def test_arrays_become_models_and_a_report(empty_project: Project, tmp_path: Path):
    project, root = empty_project, write_corpus(tmp_path / "corpus")
    told = project.run("slr", "use", "arrays", "--root", str(root), "--joints", "joints.json", "--fps", "15")
    assert "12 clips of 3 glosses by 4 signers" in told
    problems = json.loads(project.run("slr", "check", "--json", fails=True))
    assert {problem["kind"] for problem in problems} == {"model-without-clips"}  # they read other joints
    project.set_params({"models": {"own": MODEL}, "train": {"model": "own", "models": ["own"]}})
    assert json.loads(project.run("slr", "check", "--json")) == []
    assert stages_run(project.dvc("repro")) == [
        "settings", "corpus", "frames", "landmarks", "splits", "signers", "train@own", "evaluate@own", "select",
        "report"]
    assert len(LandmarkStore(project.folder / "data/landmarks")) == 12
    assert json.loads((project.folder / "metrics/signers.json").read_text()) == {"clusters": 1.0}
    assert json.loads((project.folder / "metrics/metrics.json").read_text())["classes"] == 3
    assert "pipeline-3" in (project.folder / "reports/report.html").read_text()
    refused = project.run("slr", "predict", "any.mp4", fails=True)
    assert "was trained on landmarks that don't come from video" in refused

    np.save(root / "s0g0.npy", np.zeros((4, 2, 2)))  # a changed recording is noticed
    told = project.dvc("repro", "splits", fails=True)
    assert stages_run(told) == ["corpus", "frames", "landmarks"]
    assert "clip 's0g0': the array in s0g0.npy is (4, 2, 2)" in told and "corpus.on_error: skip" in told
    project.set_params({"corpus": {"on_error": "skip", "max_failures": 0.2}})
    project.dvc("repro", "splits")
    failures = (project.folder / "data/landmarks/failures.csv").read_text().splitlines()
    assert len(failures) == 2 and failures[1].startswith("s0g0,landmarks,")
