import os
import unicodedata
from pathlib import Path

import pytest

from slr.corpora.folder import scan as scan_folder
from slr.corpora.scanning import prepare, read
from slr.dataset.manifest import read_manifest
from slr.errors import CorpusError
from slr.params import CorpusParams
from tests.helpers.recordings import record, record_images


def write_csv(root: Path, text: str, encoding: str = "utf-8") -> Path:
    path = root / "clips.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read_folder(root: Path, annotations: Path | None = None, **settings):
    """The corpus as the pipeline reads it."""
    return read(CorpusParams(name="folder", root=str(root), annotations=annotations and str(annotations), **settings),
                workers=1)


def kinds(problems) -> list[str]:
    return [problem.kind for problem in problems]


@pytest.fixture
def takes(tmp_path) -> Path:
    """A root with two takes, not in gloss folders."""
    for number in range(2):
        record(tmp_path / f"take{number}.mp4", seed=number)
    return tmp_path


# Folders


def test_folders_are_glosses_and_files_or_image_folders_are_clips(tmp_path):
    record(tmp_path / "HOUSE/one.mp4", seed=1)
    record(tmp_path / "HOUSE/two.MKV", seed=2)
    record_images(tmp_path / "TREE/three")
    clips = read_folder(tmp_path)
    assert dict(zip(clips.clip_id, clips.glosses, strict=True)) == {
        "HOUSE/one": ["HOUSE"], "HOUSE/two": ["HOUSE"], "TREE/three": ["TREE"]}
    assert sorted(clips.media) == ["HOUSE/one.mp4", "HOUSE/two.MKV", "TREE/three"]
    assert clips.signer.isna().all() and clips.split.isna().all() and clips.start_frame.isna().all()


def test_prepare_writes_the_manifest(tmp_path):
    record(tmp_path / "rec/HOUSE/one.mp4")
    prepare(CorpusParams(name="folder", root=str(tmp_path / "rec")), tmp_path / "manifest.parquet")
    assert list(read_manifest(tmp_path / "manifest.parquet").clip_id) == ["HOUSE/one"]


@pytest.mark.parametrize("name", ["mit Leerzeichen", "it's \"quoted\"", "čaj", "日本語", "a" * 200, "dotted.name.v2"])
def test_any_name_a_disk_takes_is_a_name(tmp_path, name):
    record(tmp_path / name / f"{name}.mp4")
    clips = read_folder(tmp_path)
    assert list(clips.clip_id) == [f"{name}/{name}"]
    assert clips.glosses[0] == [name]
    assert (tmp_path / clips.media[0]).is_file()


def test_ids_are_composed_unicode_and_media_is_as_on_disk(tmp_path):
    decomposed = unicodedata.normalize("NFD", "čaj")
    record(tmp_path / decomposed / "á.mp4")
    clips = read_folder(tmp_path)
    assert clips.clip_id[0] == "čaj/á" and clips.glosses[0] == ["čaj"]
    assert clips.media[0].startswith(decomposed)


def test_what_lies_in_a_wrong_place_is_listed_at_once(tmp_path):
    record(tmp_path / "HOUSE/one.mp4")
    record(tmp_path / "stray.mp4")
    record(tmp_path / "HOUSE/deeper/two.mp4")
    (tmp_path / "HOUSE/notes.txt").write_text("notes")
    (tmp_path / "EMPTY").mkdir()
    clips, problems = scan_folder(tmp_path)
    assert list(clips.clip_id) == ["HOUSE/one"]
    assert sorted(kinds(problems)) == ["empty-gloss", "gloss-missing", "ignored-file", "layout"]
    with pytest.raises(CorpusError, match=r"2 problems(.|\n)*deeper(.|\n)*stray\.mp4: this video is in no gloss's fol"):
        read_folder(tmp_path)


def test_two_files_that_would_be_one_clip_are_an_error(tmp_path):
    record(tmp_path / "HOUSE/one.mp4")
    record(tmp_path / "HOUSE/one.mkv")
    with pytest.raises(CorpusError, match="HOUSE/one: .*one.mp4.* would be the same clip; rename"):
        read_folder(tmp_path)


def test_a_link_out_of_the_root_is_refused(tmp_path):
    record(tmp_path / "elsewhere/one.mp4")
    (tmp_path / "rec/HOUSE").mkdir(parents=True)
    os.symlink(tmp_path / "elsewhere/one.mp4", tmp_path / "rec/HOUSE/one.mp4")
    with pytest.raises(CorpusError, match="leaves the corpus root"):
        read_folder(tmp_path / "rec")


def test_a_name_that_is_no_text_is_an_error(tmp_path):
    record(tmp_path / "HOUSE/one.mp4")
    os.rename(tmp_path / "HOUSE/one.mp4", os.fsencode(tmp_path) + b"/HOUSE/\xe8aj.mp4")
    with pytest.raises(CorpusError, match="name is not UTF-8; rename it"):
        read_folder(tmp_path)


def test_no_root_and_no_clips_say_so(tmp_path):
    with pytest.raises(CorpusError, match="is not a folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="has no clips; expected"):
        read_folder(tmp_path)


# CSV


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_and_byte_order_marks(takes, separator, encoding):
    lines = [["path", "gloss", "signer", "split"], ["take0.mp4", "čaj", "Ana", "train"],
             ["take1.mp4", "dom", "", "dev"]]
    annotations = write_csv(takes, "\r\n".join(separator.join(line) for line in lines) + "\r\n\r\n", encoding)
    clips = read_folder(takes, annotations)
    assert list(clips.clip_id) == ["take0", "take1"]
    assert list(clips.glosses) == [["čaj"], ["dom"]]
    assert clips.signer[0] == "Ana" and clips.signer.isna()[1]
    assert list(clips.split) == ["train", "val"]


def test_quoted_names_with_separators_spaces_and_quotes(tmp_path):
    record(tmp_path / 'a "b", c.mp4')
    clips = read_folder(tmp_path, write_csv(tmp_path, 'path,gloss\n"a ""b"", c.mp4", two words \n'))
    assert list(clips.clip_id) == ['a "b", c'] and clips.glosses[0] == ["two words"]


def test_paths_written_elsewhere_are_found(tmp_path):
    """A CSV written on Windows, or in another Unicode form than the disk's."""
    record(tmp_path / "rec" / unicodedata.normalize("NFD", "čaj.mp4"))
    clips = read_folder(tmp_path, write_csv(tmp_path, "path;gloss\nrec\\čaj.mp4;TEA\n"))
    assert list(clips.clip_id) == ["rec/čaj"]
    assert (tmp_path / clips.media[0]).is_file()


def test_ranges_become_native_frames_and_part_of_the_id(takes):
    record(takes / "long.mp4", n_frames=40, fps=20)
    annotations = write_csv(takes, "path;gloss;start_s;end_s\nlong.mp4;A;0,5;1,25\nlong.mp4;B;1.5;\ntake0.mp4;C;;\n")
    clips = read_folder(takes, annotations).set_index("clip_id")
    assert sorted(clips.index) == ["long@0.5-1.25", "long@1.5-end", "take0"]
    assert (clips.start_frame["long@0.5-1.25"], clips.end_frame["long@0.5-1.25"]) == (10, 25)
    assert clips.start_frame["long@1.5-end"] == 30 and clips.isna().end_frame["long@1.5-end"]


def test_sentences(takes):
    annotations = write_csv(takes, "path,gloss,glosses\ntake0.mp4,,I GO HOME\ntake1.mp4,,I|GO OUT|NOW\n")
    assert list(read_folder(takes, annotations).glosses) == [["I", "GO", "HOME"], ["I", "GO OUT", "NOW"]]


def test_every_bad_line_is_named_at_once(takes):
    (takes / "folder").mkdir()
    bad = {
        "nowhere.mp4,A,,,": "missing-file",
        "../outside.mp4,A,,,": "outside-root",
        "/etc/passwd,A,,,": "outside-root",
        "take0.mp4,,,,": "gloss-missing",
        ",A,,,": "path-missing",
        "folder,A,,,": "missing-file",
        f"{'x' * 5000}.mp4,A,,,": "missing-file",
        "take0.mp4,A,2,1,": "time-range",
        "take0.mp4,A,soon,,": "time-range",
        "take0.mp4,A,,nan,": "time-range",
        "take0.mp4,A,,,holdout": "split-unknown",
        "take0.mp4,A,,,,": None,
        "take0.mp4,A,,,train,extra": "csv-fields",
    }
    annotations = write_csv(takes, "path,gloss,start_s,end_s,split\n" + "\n".join(bad) + "\ntake0.mp4,B,,,\n")
    clips, problems = scan_folder(takes, annotations)
    found = {problem.clip: problem.kind for problem in problems}
    expected = {f"clips.csv line {number}": kind for number, kind in enumerate(bad.values(), 2) if kind}
    assert found == expected | {"take0": "duplicate-id"}
    assert list(clips.clip_id) == ["take0"]
    with pytest.raises(CorpusError, match=r"has 13 problems:(.|\n)*line 5: 'take0.mp4' has no gloss; fill in"):
        read_folder(takes, annotations)


def test_a_file_whose_times_are_needed_must_be_readable(takes):
    (takes / "text.mp4").write_text("no video")
    _, problems = scan_folder(takes, write_csv(takes, "path,gloss,start_s\ntext.mp4,A,1\n"))
    assert kinds(problems) == ["unreadable"]


@pytest.mark.parametrize("header, message", [
    ("pfad,gloss", "no column 'path'"),
    ("path,sign", "no column 'gloss'"),
    ("paths,gloss", "column 'paths' is unknown: did you mean 'path'"),
    ("path,gloss,singer", "column 'singer' is unknown: did you mean 'signer'"),
    ("path,gloss,path", "column 'path' occurs twice"),
    ("take0.mp4,HOUSE", "no column 'path'"),
])
def test_wrong_columns_are_named_with_the_nearest_right_one(takes, header, message):
    with pytest.raises(CorpusError, match=message):
        read_folder(takes, write_csv(takes, f"{header}\ntake0.mp4,A,x\n"))


def test_other_columns_are_ignored_openly(takes):
    clips, problems = scan_folder(takes, write_csv(takes, "path,gloss,lesson\ntake0.mp4,A,7\n"))
    assert len(clips) == 1 and [(p.kind, p.severity) for p in problems] == [("ignored-column", "warning")]


@pytest.mark.parametrize("content, message", [
    (b"", "is empty"), (b"\n\n", "is empty"), (b"path,gloss\ntake0.mp4,\xe8aj\n", "line 2 is not UTF-8"),
    (b"path,gloss\n", "has no clips"),
])
def test_csv_that_is_no_csv(takes, content, message):
    (takes / "clips.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_folder(takes, takes / "clips.csv")


def test_missing_csv(takes):
    with pytest.raises(CorpusError, match="can't be read .*corpus.annotations"):
        read_folder(takes, takes / "nowhere.csv")


def test_skip_leaves_out_bad_lines_up_to_the_limit(takes, capsys):
    annotations = write_csv(takes, "path,gloss\ntake0.mp4,A\ntake1.mp4,B\nnowhere.mp4,C\n")
    clips = read_folder(takes, annotations, on_error="skip", max_failures=0.4)
    assert list(clips.clip_id) == ["take0", "take1"]
    assert "left out: clips.csv line 4: there is no file 'nowhere.mp4'" in capsys.readouterr().err
    with pytest.raises(CorpusError, match=r"too many clips .*max_failures 0\.3(.|\n)*nowhere"):
        read_folder(takes, annotations, on_error="skip", max_failures=0.3)


def test_a_box_is_one_signer_of_a_file(takes):
    write_csv(takes, "path,gloss,box\ntake0.mp4,A,0 8 64 40\ntake0.mp4,B,\"64, 8, 32, 40\"\ntake1.mp4,B,\n")
    clips = read_folder(takes, takes / "clips.csv").set_index("clip_id")
    assert {clip_id: None if box is None else list(box) for clip_id, box in clips.bbox.items()} == {
        "take0@box0-8-64-40": [0, 8, 64, 48], "take0@box64-8-32-40": [64, 8, 96, 48], "take1": None}


@pytest.mark.parametrize("box", ["1 2 3", "1 2 0 4", "-1 2 3 4", "left"])
def test_what_is_no_box_is_told(takes, box):
    _, problems = scan_folder(takes, write_csv(takes, f"path,gloss,box\ntake0.mp4,A,{box}\n"))
    assert kinds(problems) == ["box"] and f"'{box}' is not x, y, width and height" in problems[0].reason
