"""Outputs appear whole or not at all, and paths stay below their root."""

import pytest

from slr.errors import CorpusError
from slr.io.files import atomic_path, entries, file_hash, inside, is_junk, write_json


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_replaces_a_folder(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "old").touch()
    with atomic_path(tmp_path / "d") as temporary:
        temporary.mkdir()
        (temporary / "new").touch()
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["new"]


@pytest.mark.parametrize("path, junk", [
    (".DS_Store", True), ("A/._1.mp4", True), ("__MACOSX/A/1.mp4", True), ("A/Thumbs.db", True), ("A/thumbs.DB", True),
    ("Desktop.ini", True), ("A/@eaDir/1.mp4/x.jpg", True), ("~$clips.xlsx", True), ("System Volume Information", True),
    ("A/1.mp4", False), ("A/thumbs.mp4", False), ("../A/1.mp4", False), ("~A/1.mp4", False), ("A.B/1.mp4", False)])
def test_what_systems_leave_behind_is_no_file_of_a_corpus(tmp_path, path, junk):
    assert is_junk(path) is junk
    root = tmp_path / ".hidden"  # the root itself may be hidden
    if not path.startswith(".."):
        (root / path).parent.mkdir(parents=True)
        (root / path).touch()
        assert (root / path in entries(root, "**/*")) is not junk


def test_nan_is_not_a_metric(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "m.json", {"top1": float("nan")})
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "link/x"])
def test_a_path_that_leaves_its_root_is_refused(tmp_path, path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(CorpusError, match="leaves the corpus root"):
        inside(root, path)


def test_a_path_below_its_root_is_joined(tmp_path):
    assert inside(tmp_path, "a/b c.mp4") == tmp_path / "a/b c.mp4"


def test_a_folders_hash_changes_with_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    before = file_hash(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = file_hash(tmp_path)
    (tmp_path / "b").write_text("2")
    assert len({before, renamed, file_hash(tmp_path)}) == 3
