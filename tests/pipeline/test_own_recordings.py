"""A user's own folder, outside of the project, through the whole pipeline."""

import json
import shutil
from pathlib import Path

import pytest

from slr.dataset.manifest import read_manifest
from tests.helpers.project import Project, stages_run


@pytest.fixture
def recordings(tiny_corpus: Path, tmp_path: Path) -> Path:
    """Two glosses, each signed by four people, as videos in a folder for each gloss."""
    folder = tmp_path / "my recordings"
    clips = read_manifest(tiny_corpus / "manifest.parquet")
    glosses = sorted({glosses[0] for glosses in clips.glosses})[:2]
    for clip in clips[clips.glosses.str[0].isin(glosses)].itertuples():
        (folder / clip.glosses[0]).mkdir(parents=True, exist_ok=True)
        shutil.copy(tiny_corpus / clip.media, folder / clip.glosses[0] / f"{clip.signer}.mp4")
    return folder


def use(project: Project, recordings: Path) -> str:
    """Choose the recordings, with few frames of them and one model; returns what was said."""
    told = project.run("slr", "use", "folder", "--root", str(recordings))
    project.set_params({"frames": {"fps": 6}, "train": {"models": ["spoter"], "model": "spoter"}})
    return told


def test_a_folder_of_recordings_becomes_a_model_that_predicts(project: Project, recordings: Path):
    assert "8 clips of 2 glosses by unknown signers" in use(project, recordings)
    problems = json.loads(project.run("slr", "check", "--json"))
    assert {problem["severity"] for problem in problems} == {"warning"}
    assert stages_run(project.dvc("repro"))[:4] == ["settings", "corpus", "frames", "landmarks"]
    metrics = json.loads((project.folder / "metrics/metrics.json").read_text())
    assert metrics["classes"] == 2 and "signers" not in metrics

    video = next(recordings.rglob("*.mp4"))
    told = project.run("slr", "predict", "--json", str(video))
    [answer] = json.JSONDecoder().raw_decode(told, told.index("["))[0]  # notes, on stderr, stand around it
    assert sorted(guess["gloss"] for guess in answer["glosses"]) == sorted(p.name for p in recordings.iterdir())
    assert abs(sum(guess["probability"] for guess in answer["glosses"]) - 1) < 1e-5

    video.unlink()  # a changed folder is noticed
    assert stages_run(project.dvc("repro", "landmarks")) == ["corpus", "frames", "landmarks"]
    assert "now uses the built-in corpus" in project.run("slr", "use", "sample")


def test_a_broken_clip_is_named_at_the_end_and_can_be_skipped(project: Project, recordings: Path):
    (next(recordings.iterdir()) / "broken.mp4").write_text("this is no video")
    use(project, recordings)
    assert "broken.mp4" in project.run("slr", "check", fails=True)
    told = project.dvc("repro", "frames", fails=True)
    assert "broken" in told and "corpus.on_error: skip" in told
    project.set_params({"corpus": {"on_error": "skip", "max_failures": 0.2}})
    project.dvc("repro", "splits")
    failures = (project.folder / "data/landmarks/failures.csv").read_text().splitlines()
    assert len(failures) == 2 and "/broken,frames," in failures[1]
