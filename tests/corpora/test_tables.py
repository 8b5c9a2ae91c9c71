"""Corpora that are tables or lists of clips and a folder of videos: MS-ASL, ASL Citizen, INCLUDE, How2Sign."""

import json
from pathlib import Path

import pytest

from slr.corpora import asl_citizen, how2sign, include, msasl
from slr.corpora.check import check_corpus
from slr.errors import CorpusError
from slr.params import CorpusParams
from tests.helpers.recordings import record


def rows_of(clips, *columns: str) -> list[tuple]:
    return list(zip(*(clips[column] for column in columns), strict=True))


def kinds(problems) -> list[tuple]:
    return [(problem.kind, problem.items or problem.clip) for problem in problems]


# MS-ASL


def instance(youtube_id: str, gloss: str, label: int, **changes) -> dict:
    """An entry of MS-ASL's JSON with all its fields."""
    return {"org_text": gloss, "clean_text": gloss, "start_time": 0.0, "signer_id": 4, "signer": 0, "start": 0,
            "end": 12, "file": gloss, "label": label, "height": 360.0, "fps": 30.0, "end_time": 0.4,
            "url": f"https://www.youtube.com/watch?v={youtube_id}", "text": gloss, "box": [0.25, 0.125, 1.0, 0.75],
            "width": 640.0, **changes}


@pytest.fixture
def ms_asl(tmp_path) -> Path:
    """Two videos with three clips; a fourth clip's is gone."""
    record(tmp_path / "videos/AAAAAAAAAA0.mp4", n_frames=20, fps=10, size=(80, 160))
    record(tmp_path / "videos/-BBBBBBBB_1.mkv", n_frames=8, fps=10, seed=1)
    (tmp_path / "MSASL_train.json").write_text(json.dumps([
        instance("AAAAAAAAAA0", "hello", 0, end_time=0.5), instance("CCCCCCCCCC2", "hello", 0),
        instance("AAAAAAAAAA0", "nice", 100, start_time=0.8, end_time=1.4, url="www.youtube.com/watch?v=AAAAAAAAAA0")]))
    (tmp_path / "MSASL_test.json").write_text(json.dumps([
        instance("-BBBBBBBB_1", "hello", 0, signer_id=9, url="https://youtu.be/-BBBBBBBB_1")]))
    return tmp_path


def test_ms_asl_clips_are_parts_of_videos_from_youtube(ms_asl):
    clips, problems = msasl.scan(ms_asl)
    assert rows_of(clips, "clip_id", "media", "start_frame", "end_frame", "signer", "split") == [
        ("train-00000", "videos/AAAAAAAAAA0.mp4", 0, 5, "4", "train"),
        ("train-00002", "videos/AAAAAAAAAA0.mp4", 8, 14, "4", "train"),
        ("test-00000", "videos/-BBBBBBBB_1.mkv", 0, 4, "9", "test")]
    assert clips.glosses.str[0].tolist() == ["hello", "nice", "hello"] and clips.bbox.isna().all()
    assert kinds(problems) == [("missing-video", ("train-00001",))]
    assert "1 of 3 clips of train have no video" in problems[0].reason
    clips, _ = msasl.scan(ms_asl, subset=100)
    assert clips.clip_id.tolist() == ["train-00000", "test-00000"]


def test_ms_asls_boxes_are_fractions_of_the_video_that_is_there(ms_asl):
    clips, _ = msasl.scan(ms_asl, crop="bbox")
    assert [list(box) for box in clips.bbox] == [[20, 20, 120, 80], [20, 20, 120, 80], [8, 16, 48, 64]]
    params = CorpusParams(name="msasl", root=str(ms_asl), crop="bbox", on_error="skip")
    assert not [problem for problem in check_corpus(params, 1) if problem.kind == "outside-box"]


@pytest.mark.parametrize("changes, reason", [
    ({"start_time": -1}, "start_time"), ({"text": ""}, "text"), ({"box": [0, 0, 1]}, "box"),
])
def test_entries_of_ms_asl_that_cannot_be_used(ms_asl, changes, reason):
    (ms_asl / "MSASL_test.json").write_text(json.dumps([instance("-BBBBBBBB_1", "hello", 0, **changes)]))
    clips, problems = msasl.scan(ms_asl)
    assert len(clips) == 2 and kinds(problems)[0] == ("bad-entry", "MSASL_test.json, entry 0")
    assert reason in problems[0].reason
    (ms_asl / "MSASL_test.json").write_text(json.dumps([instance("-BBBBBBBB_1", "hello", 0, box=[0.9, 0, 0.1, 1])]))
    assert ("bad-entry", "test-00000") in kinds(msasl.scan(ms_asl, crop="bbox")[1])


# ASL Citizen


def test_asl_citizen_is_its_three_tables(tmp_path):
    header = "Participant ID,Video file,Gloss,ASL-LEX Code\n"
    for name in ("15890366051589533-APPLE.mp4", "4.7299-seedBOOK.mp4"):
        record(tmp_path / "videos" / name, n_frames=1)
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits/train.csv").write_text(
        header + "P1,15890366051589533-APPLE.mp4,APPLE,A_01_001\nP1,1-GONE.mp4,APPLE,A_01_001\nP1,short\n")
    (tmp_path / "splits/test.csv").write_text(header + 'P52,4.7299-seedBOOK.mp4,"BOOK, 1",B_01_002\n')
    clips, problems = asl_citizen.scan(tmp_path)
    assert rows_of(clips, "clip_id", "media", "signer", "split") == [
        ("15890366051589533-APPLE", "videos/15890366051589533-APPLE.mp4", "P1", "train"),
        ("4.7299-seedBOOK", "videos/4.7299-seedBOOK.mp4", "P52", "test")]
    assert clips.glosses.str[0].tolist() == ["APPLE", "BOOK, 1"]
    assert kinds(problems) == [("bad-line", "train.csv line 4"), ("missing-video", ("1-GONE",))]


# INCLUDE


def test_include_is_read_from_its_folders_or_by_its_lists(tmp_path):
    names = ["Adjectives/1. loud/MVI_9289.MOV", "Adjectives/36. light/MVI_9714.MOV", "Places/19. House/Extra/MVI_1.MOV",
             "Electronics/50. Light/MVI_9714.MOV", "Days_and_Time/Second (Number)/MVI_4650.MOV"]
    for seed, name in enumerate(names):
        record((tmp_path / name).with_suffix(".mp4"), n_frames=1, seed=seed).rename(tmp_path / name)
    clips, problems = include.scan(tmp_path)
    assert problems == [] and clips.split.isna().all()
    assert dict(zip(clips.clip_id, clips.glosses.str[0], strict=True)) == {
        "Adjectives/1. loud/MVI_9289": "loud", "Adjectives/36. light/MVI_9714": "light",
        "Places/19. House/Extra/MVI_1": "house", "Electronics/50. Light/MVI_9714": "light",
        "Days_and_Time/Second (Number)/MVI_4650": "second (number)"}
    (tmp_path / "include_train.txt").write_text("\n".join([names[0], names[2], "Animals/1. Dog/MVI_3085.MOV"]))
    (tmp_path / "include_test.txt").write_text(f"{names[1]}\nnonsense\n")
    clips, problems = include.scan(tmp_path)
    assert rows_of(clips, "media", "split") == [(names[0], "train"), (names[2], "train"), (names[1], "test")]
    assert kinds(problems) == [("missing-video", ("Animals/1. Dog/MVI_3085.MOV",)), ("bad-line", "include_test.txt")]
    (tmp_path / "include50_val.txt").write_text(names[3])
    assert rows_of(include.scan(tmp_path, subset=50)[0], "media", "split") == [(names[3], "val")]


# How2Sign


def how2sign_table(path: Path, columns: tuple[str, str], *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ["VIDEO_ID", "VIDEO_NAME", "SENTENCE_ID", "SENTENCE_NAME", *columns, "SENTENCE"]
    path.write_text("\n".join(["\t".join(header), *lines]) + "\n")


def test_how2sign_reads_cut_sentences_and_whole_videos(tmp_path):
    record(tmp_path / "sentence_level/train/rgb_front/raw_videos/--7E2sU6zP4_10-5-rgb_front.mp4", n_frames=4)
    record(tmp_path / "video_level/train/rgb_front/raw_videos/--7E2sU6zP4-5-rgb_front.mp4", n_frames=30, fps=10)
    video = ["--7E2sU6zP4", "--7E2sU6zP4-5-rgb_front"]
    how2sign_table(
        tmp_path / "sentence_level/train/text/en/raw_text/re_aligned/how2sign_realigned_train.csv",
        ("START_REALIGNED", "END_REALIGNED"),
        "\t".join([*video, "--7E2sU6zP4_10", "--7E2sU6zP4_10-5-rgb_front", "0.5", "1.0",
                   'And I call "them" decorative, don\'t I?']),
        "\t".join([*video, "--7E2sU6zP4_11", "--7E2sU6zP4_11-5-rgb_front", "1.2", "2.25", "It's so."]),
        "\t".join([*video, "--7E2sU6zP4_12", "--7E2sU6zP4_12-5-rgb_front", "2", "3", "..."]))
    how2sign_table(tmp_path / "how2sign_train.csv", ("START", "END"), "not read: there is the realigned one")
    how2sign_table(tmp_path / "how2sign_test.csv", ("START", "END"),
                   "\t".join(["x", "x-8-rgb_front", "x_1", "x_1-8-rgb_front", "0", "1", "Gone."]),
                   "\t".join(["x", "x-8-rgb_front", "x_2", "x_2-8-rgb_front", "0", "?", "Gone."]))
    clips, problems = how2sign.scan(tmp_path)
    assert rows_of(clips, "clip_id", "signer", "split") == [
        ("--7E2sU6zP4_10-5-rgb_front", "5", "train"), ("--7E2sU6zP4_11-5-rgb_front", "5", "train")]
    assert clips.glosses.tolist() == [["and", "i", "call", "them", "decorative", "don't", "i"], ["it's", "so"]]
    assert clips.media.str.split("/").str[0].tolist() == ["sentence_level", "video_level"]
    assert clips.start_frame.tolist()[1:] == [12] and clips.end_frame.tolist()[1:] == [22]
    assert clips.start_frame.isna().tolist() == [True, False]
    assert kinds(problems) == [("gloss-missing", "--7E2sU6zP4_12-5-rgb_front"), ("bad-line", "x_2-8-rgb_front"),
                               ("missing-video", ("x_1-8-rgb_front",))]


@pytest.mark.parametrize("reader, message", [
    (msasl, "has no MSASL_train.json"), (asl_citizen, "has no train.csv"),
    (how2sign, "has no how2sign_realigned_{train,val,test}.csv")])
def test_a_root_without_annotations_is_refused(tmp_path, reader, message):
    with pytest.raises(CorpusError, match=message.replace("{", r"\{")):
        reader.scan(tmp_path)
    with pytest.raises(CorpusError, match="is not a folder"):
        reader.scan(tmp_path / "nowhere")


def test_include_50_needs_its_lists(tmp_path):
    with pytest.raises(CorpusError, match=r"has no include50_\{train,val,test\}.txt"):
        include.scan(tmp_path, subset=50)
