import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from slr.corpora import scanning
from slr.corpora.ipn import scan
from slr.dataset.frames import read_frames
from slr.dataset.manifest import read_manifest
from slr.errors import CorpusError
from slr.extraction.frames import extract_frames
from slr.params import CorpusParams, FramesParams
from tests.helpers.recordings import record, record_images

CLASSES = "1 D0X\n2 B0A\n3 B0B\n"


def write_lists(folder: Path, train: str = "", test: str = "", classes: str = CLASSES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trainlistall.txt").write_text(train)
    (folder / "vallistall.txt").write_text(test)
    (folder / "classIndAll.txt").write_text(classes)
    return folder


def test_the_real_lists(shared_data, tmp_path):
    lists = tmp_path / "annotations"
    lists.mkdir()
    names = set()
    for file in (shared_data / "formats").glob("ipnhand_*.txt"):
        shutil.copy(file, lists)
        names |= {line.split()[0] for line in file.read_text().splitlines() if line.startswith("./")}
    (lists / "trainlistall_but_None.txt").write_text("the authors' other lists lie beside these")
    assert len(names) == 200
    for name in names:
        record_images(tmp_path / name, n_frames=1)
    clips, problems = scan(tmp_path)
    assert problems == []
    assert Counter(clips.split) == {"train": 3117, "test": 1097}
    assert clips.glosses.str[0].nunique() == 13 and clips.signer.nunique() == 50
    signers = clips.groupby("split").signer.unique()
    assert not set(signers["train"]) & set(signers["test"])
    first = clips[clips.clip_id == "1CM1_4_R_#229@18-55"].iloc[0]
    assert (first.media, first.start_frame, first.end_frame) == ("frames/1CM1_4_R_#229", 17, 55)
    assert (first.glosses, first.signer, first.fps) == (["G11"], "1CM1_4_R", 30)
    everything, _ = scan(tmp_path, subset="all")
    assert len(everything) == 4039 + 1480 and everything.glosses.str[0].nunique() == 14


def test_videos_do_as_well_as_folders_of_images(tmp_path):
    write_lists(tmp_path, "./frames/A_1_R_#1 2 1 4\n.\\frames\\B_1_L_#2 3 2 3\n", "./frames/C_1_R_#3 2 3 6\n")
    record(tmp_path / "videos/A_1_R_#1.avi")
    record(tmp_path / "B_1_L_#2.mp4")
    record_images(tmp_path / "C_1_R_#3")
    clips, problems = scan(tmp_path)
    assert problems == []
    assert list(clips.media) == ["videos/A_1_R_#1.avi", "B_1_L_#2.mp4", "C_1_R_#3"]
    assert list(clips.signer) == ["A_1_R", "B_1_L", "C_1_R"]
    assert clips.fps.isna().tolist() == [True, True, False]


def test_both_ends_of_a_range_are_in_its_frames(tmp_path):
    write_lists(tmp_path / "annotations", "./frames/A_1_R_#1 2 1 4\n./frames/A_1_R_#1 1 5 5\n",
                "./frames/A_1_R_#1 3 6 6\n")
    record_images(tmp_path / "frames/A_1_R_#1", n_frames=6)
    scanning.prepare(CorpusParams(name="ipn", root=str(tmp_path), subset="all"), tmp_path / "manifest.parquet")
    assert len(read_manifest(tmp_path / "manifest.parquet")) == 3
    extract_frames(tmp_path / "manifest.parquet", tmp_path, tmp_path / "frames.out", FramesParams(fps=None), workers=1,
                   work=tmp_path / "work")
    for part, n_frames in {"1-4": 4, "5-5": 1, "6-6": 1}.items():
        assert len(read_frames(tmp_path / "frames.out", f"A_1_R_#1@{part}")[1]) == n_frames


def test_what_is_missing_is_one_problem(tmp_path):
    write_lists(tmp_path, "./frames/A_1_R_#1 2 1 4\n./frames/A_1_R_#1 3 5 8\n./frames/B_1_R_#2 2 1 4\n",
                "./frames/.. 2 1 4\n")
    record(tmp_path / "videos/B_1_R_#2.avi")
    clips, (problem,) = scan(tmp_path)
    assert list(clips.clip_id) == ["B_1_R_#2@1-4"]
    assert problem.kind == "missing-video" and problem.items == ("A_1_R_#1@1-4", "A_1_R_#1@5-8", "..@1-4")
    assert "3 of 4 clips" in problem.reason and "2 of 3 videos" in problem.reason


def test_bad_lines_and_repeated_ones(tmp_path):
    write_lists(tmp_path, "A 2 1 4\nA 9 1 4\nA 2 0 4\nA 2 5 4\nA 2 x 4\nA 2 1\n\nA 3 1 4\n")
    record(tmp_path / "A.mp4")
    clips, problems = scan(tmp_path)
    assert list(clips.clip_id) == ["A@1-4"]
    assert [(problem.kind, problem.clip) for problem in problems] == [
        *(("bad-line", f"trainlistall.txt line {number}") for number in range(2, 7)), ("duplicate-id", "A@1-4")]


def test_a_link_out_of_the_root_is_refused(tmp_path):
    write_lists(tmp_path / "ipn", "A 2 1 4\n")
    record(tmp_path / "elsewhere.mp4")
    os.symlink(tmp_path / "elsewhere.mp4", tmp_path / "ipn/A.mp4")
    clips, (problem,) = scan(tmp_path / "ipn")
    assert clips.empty and problem.kind == "outside-root"


@pytest.mark.parametrize("classes", ["1 D0X\n1 B0A\n", "D0X\n", "1 a b\n"])
def test_a_list_of_classes_that_cannot_be_read(tmp_path, classes):
    write_lists(tmp_path, classes=classes)
    with pytest.raises(CorpusError, match="classIndAll.txt line .* is not a new 'number name'"):
        scan(tmp_path)


def test_lists_that_are_not_there(tmp_path):
    with pytest.raises(CorpusError, match=r"has no file '\*classindall.txt'; set corpus.annotations"):
        scan(tmp_path)
    with pytest.raises(CorpusError, match="is not a folder; set corpus.annotations"):
        scan(tmp_path, tmp_path / "nowhere")


TABLE = "video,label,id,t_start,t_end,frames\n"
METADATA = "Video Name,Frames,Sex,Hand,Background,Illumination,People in Scene,Background Motion,Set\n"


def write_release(folder: Path, table: str, metadata: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Annot_List.txt").write_text(TABLE + table)
    (folder / "metadata.csv").write_text(METADATA + metadata)


def test_the_released_table_gives_the_same_clips_as_the_lists(tmp_path):
    for name in ("1CM1_4_R_#229", "1CM1_1_R_#217", "B_1_L__2"):
        record_images(tmp_path / "frames" / name)
    lists = write_lists(tmp_path / "lists", "./frames/1CM1_4_R_#229 1 1 2\n./frames/1CM1_4_R_#229 3 3 5\n",
                        "./frames/1CM1_1_R_#217 2 2 4\n")
    write_release(tmp_path / "annotations", "1CM1_4_R_#229,D0X,1,1,2,2\n1CM1_4_R_#229,B0B,3,3,5,3\n"
                  "1CM1_1_R_#217,B0A,2,2,4,3\nB_1_L__2,B0A,2,1,4,4\n",
                  "1CM1_4_R_#229,5,M,Right,Clutter,Stable,Single,Static,train\n"
                  "1CM1_1_R_#217,6,W,Right,Clutter,Stable,Single,Static,test\n"
                  "B_1_L__2,6,W,Left,Clutter,Stable,Single,Static,Train\n")
    of_lists, _ = scan(tmp_path, lists, subset="all")
    clips, problems = scan(tmp_path, subset="all")
    assert problems == [] and clips.iloc[:3].equals(of_lists)
    assert clips[["clip_id", "signer", "split"]].iloc[3].tolist() == ["B_1_L__2@1-4", "B_1_L", "train"]
    assert len(scan(tmp_path)[0]) == 3  # without D0X
    (tmp_path / "annotations/videos_list.txt").write_text("1CM1_1_R_#217\nB_1_L__2,6\n")
    assert scan(tmp_path)[0].media.tolist() == ["frames/1CM1_1_R_#217", "frames/B_1_L__2"]


def test_lines_of_the_table_that_cannot_be_used(tmp_path):
    record(tmp_path / "A.mp4")
    write_release(tmp_path, "A,B0A,2,0,4,4\nA,,2,1,4,4\nA,B0A,2,5,4,0\nA,B0A,2,1\nC,B0A,2,1,4,4\nA,B0A,2,1,4,4\n",
                  "A,6,W,Left,Clutter,Stable,Single,Static,train\nC,6,W,Left,Clutter,Stable,Single,Static,\n")
    clips, problems = scan(tmp_path)
    assert clips.clip_id.tolist() == ["A@1-4"]
    assert [problem.clip for problem in problems] == [f"Annot_List.txt line {number}" for number in range(2, 7)]
    assert "'C' has no Set train or test" in problems[-1].reason
    (tmp_path / "metadata.csv").write_text("video,Set\n")
    with pytest.raises(CorpusError, match="metadata.csv has no column 'Video Name'"):
        scan(tmp_path)
    (tmp_path / "metadata.csv").unlink()
    with pytest.raises(CorpusError, match="has no file 'metadata.csv'; set corpus.annotations"):
        scan(tmp_path)
