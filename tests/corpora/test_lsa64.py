import os

import pytest

from slr.corpora.lsa64 import scan
from slr.errors import CorpusError
from tests.helpers.recordings import record


def kinds(problems) -> list[tuple[str, str]]:
    return [(problem.kind, problem.clip) for problem in problems]


def test_names_say_sign_signer_and_repetition(tmp_path):
    for name in ("all/001_002_003", "all/064_010_005", "002_001_001"):
        record(tmp_path / f"{name}.mp4", n_frames=1)
    (tmp_path / "readme.txt").write_text("not a video")
    clips, problems = scan(tmp_path)
    assert problems == []
    assert list(zip(clips.clip_id, clips.media, clips.glosses.str[0], clips.signer, strict=True)) == [
        ("002_001_001", "002_001_001.mp4", "002", "001"),
        ("001_002_003", "all/001_002_003.mp4", "001", "002"),
        ("064_010_005", "all/064_010_005.mp4", "064", "010")]
    assert clips.split.isna().all()


@pytest.mark.parametrize("text", ["001,Opaque\n002,Red\n", "\ufeffsign,gloss\n1,Opaque\n\n2, Red \n"])
def test_glosses_may_have_names(tmp_path, text):
    record(tmp_path / "001_001_001.mp4"), record(tmp_path / "002_001_001.mp4")
    (tmp_path / "signs.csv").write_text(text)
    clips, problems = scan(tmp_path, tmp_path / "signs.csv")
    assert list(clips.glosses) == [["Opaque"], ["Red"]] and problems == []


def test_a_sign_without_a_name(tmp_path):
    for name in ("001_001_001", "002_001_001", "002_001_002"):
        record(tmp_path / f"{name}.mp4", n_frames=1)
    (tmp_path / "signs.csv").write_text("001,Opaque\n")
    clips, problems = scan(tmp_path, tmp_path / "signs.csv")
    assert list(clips.clip_id) == ["001_001_001"] and kinds(problems) == [("gloss-missing", "002")]


@pytest.mark.parametrize("text, message", [
    ("001,Opaque,extra\n", "line 1 is not sign,gloss"), ("sign,gloss\nx,Red\n", "line 2 is not sign,gloss"),
    ("1,Opaque\n001,Red\n", "line 2: sign 001 has a gloss already"), ("001,\n", "line 1 is not"),
])
def test_names_that_cannot_be_read(tmp_path, text, message):
    (tmp_path / "signs.csv").write_text(text)
    with pytest.raises(CorpusError, match=message):
        scan(tmp_path, tmp_path / "signs.csv")


def test_names_that_are_not_there_or_no_text(tmp_path):
    with pytest.raises(CorpusError, match="can't be read"):
        scan(tmp_path, tmp_path / "nowhere.csv")
    (tmp_path / "signs.csv").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(CorpusError, match="is not UTF-8"):
        scan(tmp_path, tmp_path / "signs.csv")


def test_odd_files(tmp_path):
    record(tmp_path / "lsa/all/001_001_001.mp4", n_frames=1)
    record(tmp_path / "lsa/cut/001_001_001.mp4", n_frames=1)
    record(tmp_path / "lsa/holiday.mp4", n_frames=1)
    os.symlink(tmp_path / "lsa/all/001_001_001.mp4", tmp_path / "lsa/003_001_001.mp4")
    record(tmp_path / "elsewhere.mp4", n_frames=1)
    os.symlink(tmp_path / "elsewhere.mp4", tmp_path / "lsa/002_001_001.mp4")
    clips, problems = scan(tmp_path / "lsa")
    assert list(clips.clip_id) == ["003_001_001", "001_001_001"]
    assert sorted(kinds(problems)) == [("duplicate-id", "001_001_001"), ("ignored-file", "holiday.mp4"),
                                       ("outside-root", "002_001_001.mp4")]
