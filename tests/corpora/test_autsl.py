import os
from pathlib import Path

import pytest

from slr.corpora import scanning
from slr.corpora.autsl import scan
from slr.dataset.manifest import read_manifest
from slr.errors import CorpusError
from slr.params import CorpusParams
from tests.helpers.recordings import record

NAMES = "ClassId,TR,EN\n0,abla,sister\n1,acele,hurry\n"


@pytest.fixture
def autsl(tmp_path) -> Path:
    """A clip in each split, with labels as released, and a depth video beside the first."""
    for number, split in enumerate(("train", "val", "test")):
        record(tmp_path / f"{split}/signer{number}_sample1_color.mp4", seed=number, n_frames=1)
        (tmp_path / f"{split}_labels.csv").write_text(f"signer{number}_sample1,{number % 2}\n")
    record(tmp_path / "train/signer0_sample1_depth.mp4", n_frames=1)
    (tmp_path / "SignList_ClassId_TR_EN.csv").write_text(NAMES)
    return tmp_path


def kinds(problems) -> list[str]:
    return [problem.kind for problem in problems]


def test_the_folders_are_the_official_split(autsl):
    clips, problems = scan(autsl)
    assert problems == []
    assert list(zip(clips.clip_id, clips.media, clips.glosses.str[0], clips.signer, clips.split, strict=True)) == [
        ("signer0_sample1", "train/signer0_sample1_color.mp4", "abla", "0", "train"),
        ("signer1_sample1", "val/signer1_sample1_color.mp4", "acele", "1", "val"),
        ("signer2_sample1", "test/signer2_sample1_color.mp4", "abla", "2", "test")]
    scanning.prepare(CorpusParams(name="autsl", root=str(autsl)), autsl / "manifest.parquet")
    assert list(read_manifest(autsl / "manifest.parquet").split) == ["train", "val", "test"]


@pytest.mark.parametrize("place", ["validation_labels.csv", "val/ground_truth.csv", "val/val_labels.csv"])
def test_names_and_places_of_labels_that_are_about(autsl, place):
    (autsl / "val_labels.csv").rename(autsl / place)
    clips, problems = scan(autsl)
    assert problems == [] and len(clips) == 3


def test_labels_elsewhere_and_classes_without_names(autsl, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("labels")
    for split in ("train", "val", "test"):
        (autsl / f"{split}_labels.csv").rename(elsewhere / f"{split}_labels.csv")
    clips, problems = scan(autsl, elsewhere)
    assert problems == [] and list(clips.glosses) == [["0"], ["1"], ["0"]]


def test_a_split_without_labels_or_videos(autsl):
    (autsl / "test_labels.csv").unlink()
    (autsl / "train_labels.csv").write_text("signer0_sample1,0\nsigner0_sample2,1\nsigner0_sample3,1\n")
    clips, problems = scan(autsl)
    assert list(clips.split) == ["train", "val"]
    assert [(problem.kind, problem.items) for problem in problems] == [
        ("missing-video", ("signer0_sample2", "signer0_sample3")), ("gloss-missing", ("signer2_sample1",))]
    assert "2 of 3 clips of train have no video" in problems[0].reason
    assert "1 of 1 clips of test have no label" in problems[1].reason


def test_a_label_that_no_name_goes_with(autsl):
    (autsl / "train_labels.csv").write_text("signer0_sample1,7\n")
    assert kinds(scan(autsl)[1]) == ["gloss-missing"]


def test_bad_lines_and_odd_files(autsl):
    (autsl / "train_labels.csv").write_text("signer0_sample1,0\nsigner0_sample1,1\n../x,1\nsigner1_sample1\n\n"
                                            "signer0_sample1,0\n")
    record(autsl / "train/holiday.mp4", n_frames=1)
    (autsl / "train/notes.txt").write_text("notes")
    record(autsl.parent / f"{autsl.name}-elsewhere.mp4", n_frames=1)
    os.symlink(autsl.parent / f"{autsl.name}-elsewhere.mp4", autsl / "val/signer3_sample3_color.mp4")
    clips, problems = scan(autsl)
    assert len(clips) == 3
    assert kinds(problems) == ["bad-line", "bad-line", "bad-line", "ignored-file", "outside-root"]


def test_one_sample_in_two_splits_is_an_error(autsl):
    record(autsl / "test/signer0_sample1_color.mp4", n_frames=1)
    (autsl / "test_labels.csv").write_text("signer0_sample1,0\nsigner2_sample1,0\n")
    clips, problems = scan(autsl)
    assert kinds(problems) == ["duplicate-id"] and len(clips) == 3


@pytest.mark.parametrize("names, message", [
    ("ClassId,EN\n0,sister\n", "has no columns ClassId,TR"), ("ClassId,TR\n0,abla\n1,abla\n", "line 3 is not a new"),
    ("ClassId,TR\n0,abla\n0,acele\n", "line 3 is not a new"), ("ClassId,TR\nx,abla\n", "line 2 is not"),
    ("ClassId,TR\n0\n", "line 2 is not"),
])
def test_a_list_of_classes_that_cannot_be_used(autsl, names, message):
    (autsl / "SignList_ClassId_TR_EN.csv").write_text(names)
    with pytest.raises(CorpusError, match=message):
        scan(autsl)


def test_nothing_there(tmp_path):
    with pytest.raises(CorpusError, match="has no labels; expected ROOT"):
        scan(tmp_path)
    with pytest.raises(CorpusError, match="is not a folder"):
        scan(tmp_path, tmp_path / "nowhere")
