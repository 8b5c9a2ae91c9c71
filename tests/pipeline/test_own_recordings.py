"""A user's own folder, outside of the project, through the whole pipeline."""

import json
import shutil
from pathlib import Path

from slr.dataset.manifest import read_manifest
from tests.helpers.project import Project, stages_run


def test_a_folder_of_recordings_becomes_a_model_that_predicts(project: Project, tiny_corpus: Path, tmp_path: Path):
    recordings = tmp_path / "my recordings"
    for clip in read_manifest(tiny_corpus / "manifest.parquet").itertuples():
        gloss = recordings / clip.glosses[0]
        gloss.mkdir(parents=True, exist_ok=True)
        shutil.copy(tiny_corpus / clip.media, gloss / f"{clip.signer}.mp4")

    assert "16 clips of 4 glosses by unknown signers" in project.run("slr", "use", "folder", "--root", str(recordings))
    problems = json.loads(project.run("slr", "check", "--json"))
    assert {problem["severity"] for problem in problems} == {"warning"}
    assert stages_run(project.dvc("repro"))[:3] == ["corpus", "frames", "landmarks"]
    metrics = json.loads((project.folder / "metrics/metrics.json").read_text())
    assert metrics["classes"] == 4 and "signers" not in metrics

    video = next(recordings.rglob("*.mp4"))
    [answer] = json.loads(project.run("slr", "predict", "--json", str(video)))
    assert sorted(guess["gloss"] for guess in answer["glosses"]) == sorted(p.name for p in recordings.iterdir())
    assert abs(sum(guess["probability"] for guess in answer["glosses"]) - 1) < 1e-5

    video.unlink()  # a changed folder is noticed
    assert stages_run(project.dvc("repro"))[:3] == ["corpus", "frames", "landmarks"]
    assert "now uses the built-in corpus" in project.run("slr", "use", "sample")


def test_a_broken_clip_is_named_at_the_end_and_can_be_skipped(project: Project, tiny_corpus: Path, tmp_path: Path):
    for clip in read_manifest(tiny_corpus / "manifest.parquet").itertuples():
        gloss = tmp_path / "corpus" / clip.glosses[0]
        gloss.mkdir(parents=True, exist_ok=True)
        shutil.copy(tiny_corpus / clip.media, gloss / f"{clip.signer}.mp4")
    broken = gloss / "broken.mp4"
    broken.write_text("this is no video")
    project.run("slr", "use", "folder", "--root", str(tmp_path / "corpus"))
    assert "broken.mp4" in project.run("slr", "check", fails=True)
    told = project.dvc("repro", "frames", fails=True)
    assert "broken" in told and "corpus.on_error: skip" in told
    project.set_params({"corpus": {"on_error": "skip", "max_failures": 0.1}})
    project.dvc("repro", "splits")
    failures = (project.folder / "data/landmarks/failures.csv").read_text().splitlines()
    assert len(failures) == 2 and "/broken,frames," in failures[1]
