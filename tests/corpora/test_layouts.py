"""Folders, lists and annotations as people have them, and what is asked where they can be read in several ways."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from benchmarks.inputs.layouts import CASES, judge
from slr.cli import app
from slr.corpora.eaf import scan as scan_eaf
from slr.corpora.folder import scan as scan_folder
from slr.corpora.use import use_sample
from slr.errors import ParamsError
from slr.params import load, parse
from tests.helpers import REPOSITORY
from tests.helpers.recordings import record


@pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])
def test_people_s_folders_are_read_as_they_are_meant(tmp_path, case):
    assert judge(case, tmp_path) == ""


@pytest.fixture
def two_ways(tmp_path, monkeypatch) -> Path:
    """A project with folders of glosses in `rec`, and a list that names others."""
    for gloss in "AB":
        (tmp_path / "rec" / gloss).mkdir(parents=True)
        (tmp_path / "rec" / gloss / "1.mp4").touch()
    (tmp_path / "rec/clips.csv").write_text("path,gloss\nA/1.mp4,X\n")
    (tmp_path / "params.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("answer, annotations", [("1", "rec/clips.csv"), ("2", None)])
def test_a_terminal_is_asked_which_way_is_meant(two_ways, monkeypatch, answer, annotations):
    monkeypatch.setattr("slr.cli.use_folder.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    result = CliRunner().invoke(app, ["use", "folder", "--root", "rec"], input=f"3\n{answer}\n")
    assert result.exit_code == 0, result.output
    assert "1  listed in clips.csv" in result.output and "2  2 folders named after glosses: A, B" in result.output
    assert load("params.yaml").corpus.annotations == annotations


def test_elsewhere_the_ways_out_are_named_and_nothing_is_changed(two_ways):
    result = CliRunner().invoke(app, ["use", "folder", "--root", "rec"])
    assert result.exit_code == 1 and "--csv rec/clips.csv" in result.output and "--folders" in result.output
    assert Path("params.yaml").read_text() == ""


@pytest.mark.parametrize("options, message", [
    (["--csv", "rec/clips.csv", "--folders"], "leave out --csv, or --folders"),
    (["--csv", "rec/clips.csv", "--csv", "other.csv"], "is not below rec"),
    (["--eaf", "--folders"], "leave out --csv and --folders"), (["--tier", "Gloss"], "add --eaf"),
    (["--eaf", "--tier", "Gloss"], "holds no .eaf files"),
])
def test_options_that_contradict_each_other(two_ways, options, message):
    Path("other.csv").write_text("path,gloss\nB/1.mp4,Y\n")
    result = CliRunner().invoke(app, ["use", "folder", "--root", "rec", *options])
    assert result.exit_code == 1 and message in result.output, result.output


def test_several_lists_are_a_setting_of_corpora_that_have_lists(two_ways):
    Path("rec/more.csv").write_text("path,gloss\nB/1.mp4,Y\n")
    result = CliRunner().invoke(app, ["use", "folder", "--root", "rec", "--csv", "rec/clips.csv", "--csv",
                                      "rec/more.csv"])
    assert "2 clips of 2 glosses" in result.output
    corpus = load("params.yaml").corpus
    assert (corpus.annotations, corpus.source) == (["rec/clips.csv", "rec/more.csv"], "rec")
    with pytest.raises(ParamsError, match="annotations: corpus wlasl takes one path"):
        parse({"corpus": {"name": "wlasl", "annotations": ["a.json", "b.json"]}})


def test_tiers_are_settings_that_other_corpora_have_not(tmp_path, monkeypatch, shared_data):
    eaf = shared_data / "inputs/unaligned.eaf"
    if not eaf.exists():
        pytest.skip(f"the shared inputs are not here ({eaf})")
    record(tmp_path / "rec/c.mp4", n_frames=90)
    (tmp_path / "rec/x.eaf").write_bytes(eaf.read_bytes())
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    use_sample("params.yaml")
    before = Path("params.yaml").read_text()
    result = CliRunner().invoke(app, ["use", "folder", "--root", "rec", "--eaf", "--tier", "GlossR"])
    assert result.exit_code == 0, result.output
    corpus = load("params.yaml").corpus
    assert (corpus.name, corpus.root, corpus.tier, corpus.sentence_tier) == ("eaf", "rec", "GlossR", None)
    clips, problems = scan_eaf("rec", tier="GlossR")
    assert not problems and list(zip(clips.clip_id, clips.start_frame, clips.end_frame, strict=True)) == [
        ("c@6-7", 60, 70), ("c@7-8", 70, 80)]  # 1, 2 and 3 s of annotations that start 5 s into the video
    use_sample("params.yaml")
    assert Path("params.yaml").read_text() == before


def test_absolute_paths_below_the_root_are_relative_in_the_manifest(two_ways):
    os.symlink(two_ways / "rec", two_ways / "link")
    Path("rec/clips.csv").write_text(f"path,gloss\n{two_ways}/rec/A/1.mp4,X\n{two_ways}/link/B/1.mp4,Y\n")
    clips, problems = scan_folder("rec", "rec/clips.csv")
    assert not problems and list(clips.media) == ["A/1.mp4", "B/1.mp4"] and list(clips.clip_id) == ["A/1", "B/1"]


def test_the_json_of_a_check_has_the_spellings_of_glosses_that_look_the_same(two_ways):
    Path("rec/clips.csv").write_text("path,gloss\nA/1.mp4,Tree\nB/1.mp4,tree\n")
    CliRunner().invoke(app, ["use", "folder", "--root", "rec", "--csv", "rec/clips.csv"])
    problems = json.loads(CliRunner().invoke(app, ["check", "--json"]).stdout)
    (found,) = (problem for problem in problems if problem["kind"] == "similar-glosses")
    assert found["severity"] == "warning" and "'Tree' (1), 'tree' (1)" in found["reason"]
