import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from slr.corpora import download as downloading
from slr.corpora import scanning
from slr.corpora.check import check_corpus
from slr.corpora.download import NEEDS_YT_DLP
from slr.corpora.wlasl import download, read_entries, scan
from slr.dataset.frames import read_frames
from slr.dataset.manifest import read_manifest
from slr.errors import CorpusError
from slr.extraction.frames import extract_frames
from slr.io.video import read_video, write_video
from slr.params import CorpusParams, FramesParams
from tests.helpers.media import encode, numbers, pictures
from tests.helpers.recordings import record
from tests.helpers.video_server import serve_videos

YOUTUBE = "https://www.youtube.com/watch?v=0UsjUE-TXns"


def instance(video_id: str, **fields: Any) -> dict[str, Any]:
    """An instance as WLASL v0.3 writes it."""
    return {"bbox": [10, 8, 50, 48], "fps": 25, "frame_end": -1, "frame_start": 1, "instance_id": 0, "signer_id": 7,
            "source": "test", "split": "train", "url": "http://example.org/a.mp4", "variation_id": 0,
            "video_id": video_id} | fields


def write_json(root: Path, glosses: dict[str, list[dict]]) -> Path:
    path = root / "WLASL_v0.3.json"
    path.write_text(json.dumps([{"gloss": gloss, "instances": instances} for gloss, instances in glosses.items()]))
    return path


def kinds(problems) -> list[str]:
    return [problem.kind for problem in problems]


# The real annotations


def test_the_real_annotations_with_every_video(shared_data, tmp_path):
    path = shared_data / "formats/wlasl100.json"
    entries, problems = read_entries(path, subset=100)
    assert problems == [] and len({entry.gloss for entry in entries}) == 100
    video = record(tmp_path / "one.mp4", n_frames=5, fps=25, size=(32, 32)).read_bytes()
    (tmp_path / "raw_videos").mkdir()
    for stem in {entry.instance.youtube_id or entry.instance.video_id for entry in entries}:
        (tmp_path / f"raw_videos/{stem}.mp4").write_bytes(video)
    clips, problems = scan(tmp_path, path, subset=100, crop="bbox")
    assert problems == [] and len(clips) == 2038
    assert Counter(clips.split) == {"train": 1442, "val": 338, "test": 258}  # as published
    by_id = clips.set_index("clip_id")
    assert by_id.glosses["69241"] == ["book"] and by_id.signer["69241"] == "118"
    assert by_id.bbox["69241"] == [385, 37, 885, 720]
    assert (by_id.start_frame["70212"], by_id.end_frame["70212"]) == (2149, 2249)  # 2150 to 2249, both included
    assert by_id.media["70212"] == "raw_videos/hjS0dQDgbjo.mp4"


def test_the_real_annotations_with_few_videos(shared_data, tmp_path):
    record(tmp_path / "69241.mp4")
    clips, problems = scan(tmp_path, shared_data / "formats/wlasl100.json")
    assert list(clips.clip_id) == ["69241"]
    (missing,) = problems
    assert missing.kind == "missing-video" and missing.count == 2037 and "65225" in missing.items
    assert "2037 of 2038 clips have no video" in missing.reason and "train 1441, val 338, test 258" in missing.reason
    assert "slr download wlasl --json" in missing.way_out and "corpus.max_failures: 1 " in missing.way_out


def test_a_subset_larger_than_the_file(shared_data, tmp_path):
    with pytest.raises(CorpusError, match="has 100 glosses, fewer than subset 300; use the whole WLASL_v0.3.json"):
        scan(tmp_path, shared_data / "formats/wlasl100.json", subset=300)


# Where videos lie, and which frames of them


def test_a_subset_is_the_first_glosses(tmp_path):
    write_json(tmp_path, {f"g{number}": [instance(f"{number}")] for number in range(150)})
    for number in range(150):
        record(tmp_path / f"{number}.mp4", n_frames=1, size=(16, 16))
    clips, problems = scan(tmp_path, subset=100)
    assert problems == [] and {glosses[0] for glosses in clips.glosses} == {f"g{number}" for number in range(100)}


def test_ranges_apply_to_videos_as_downloaded_and_not_to_those_cut_already(tmp_path):
    part = {"frame_start": 11, "frame_end": 20}
    write_json(tmp_path, {"book": [
        instance("cut", url=YOUTUBE, **part), instance("raw", url="https://youtu.be/aaaaaaaaaaa", **part),
        instance("direct", **part), instance("late", frame_start=11), instance("whole")]})
    for media in ("videos/cut", "raw_videos/aaaaaaaaaaa", "videos/direct", "late", "raw_videos_mp4/whole"):
        record(tmp_path / f"{media}.mp4", n_frames=30, fps=25, size=(32, 32))
    clips, problems = scan(tmp_path)
    assert problems == []
    ranges = {clip.clip_id: (clip.media, clip.start_frame, clip.end_frame)
              for clip in clips.astype(object).where(clips.notna(), None).itertuples()}
    assert ranges == {
        "cut": ("videos/cut.mp4", None, None), "raw": ("raw_videos/aaaaaaaaaaa.mp4", 10, 20),
        "direct": ("videos/direct.mp4", 10, 20), "late": ("late.mp4", 10, None),
        "whole": ("raw_videos_mp4/whole.mp4", None, None)}


def test_flash_files_are_videos_too(tmp_path):
    """162 of WLASL-100's addresses are aslpro's .swf."""
    write_json(tmp_path, {"book": [instance("1", url="http://www.aslpro.com/main/b/book.swf")]})
    (tmp_path / "raw_videos").mkdir()
    encode(tmp_path / "raw_videos/1.swf", pictures(6), codec="flv")
    clips, _ = scan(tmp_path)
    assert clips.media[0] == "raw_videos/1.swf"
    assert len(list(read_video(tmp_path / clips.media[0]))) == 6


def test_a_root_that_is_the_folder_of_cut_videos(tmp_path):
    path = write_json(tmp_path, {"book": [instance("1", url=YOUTUBE, frame_start=11, frame_end=20)]})
    record(tmp_path / "videos/1.mp4")
    clips, problems = scan(tmp_path / "videos", path)
    assert problems == [] and clips.start_frame.isna().all()


def test_frames_are_counted_at_25_a_second_whatever_the_video_has(tmp_path):
    write_json(tmp_path, {"book": [instance("1", frame_start=26, frame_end=50), instance("2", frame_start=26)]})
    for video_id in "12":
        record(tmp_path / f"{video_id}.mp4", n_frames=90, fps=30, size=(32, 32))
    clips, _ = scan(tmp_path)
    assert list(clips.start_frame) == [30, 30] and clips.end_frame[0] == 60


def test_the_boxes_are_carried_only_where_pictures_are_to_be_cut(tmp_path):
    write_json(tmp_path, {"book": [instance("1", bbox=[-3, 8, 50, 48]), instance("2", bbox=[5, 5, 5, 9]),
                                   instance("3", bbox=None)]})
    for video_id in "123":
        record(tmp_path / f"{video_id}.mp4")
    assert scan(tmp_path)[0].bbox.isna().all() and scan(tmp_path)[1] == []
    clips, problems = scan(tmp_path, crop="bbox")
    assert dict(zip(clips.clip_id, clips.bbox, strict=True)) == {"1": [0, 8, 50, 48]}
    assert [(problem.clip, problem.kind) for problem in problems] == [("2", "bad-entry"), ("3", "bad-entry")]


# What can be wrong


@pytest.mark.parametrize("content, message", [
    ("{", "is not JSON"), ("[]", "is not WLASL's"), ('{"69241": {"subset": "train"}}', "not nslt_100.json"),
    ('[{"gloss": "book"}]', "entry 0 lacks 'gloss' or 'instances'"), ("[1]", "entry 0 lacks"),
    ('[{"gloss": "a", "instances": []}, {"gloss": "a", "instances": []}]', "gloss 'a' occurs twice"),
])
def test_a_file_that_is_not_wlasls(tmp_path, content, message):
    (tmp_path / "WLASL.json").write_text(content)
    with pytest.raises(CorpusError, match=message):
        scan(tmp_path)


def test_no_file_or_several(tmp_path):
    with pytest.raises(CorpusError, match="has no file 'wlasl.*set corpus.annotations"):
        scan(tmp_path)
    with pytest.raises(CorpusError, match="can't be read"):
        scan(tmp_path, tmp_path / "nowhere.json")
    with pytest.raises(CorpusError, match="is not a folder"):
        scan(tmp_path / "nowhere")
    for name in ("WLASL_v0.2.json", "WLASL_v0.3.json"):
        (tmp_path / name).write_text("[]")
    with pytest.raises(CorpusError, match="has 2 files"):
        scan(tmp_path)


@pytest.mark.parametrize("fields, message", [
    ({"split": "dev"}, "split: Input should be 'train', 'val' or 'test'"),
    ({"video_id": "../../etc/passwd"}, "video_id: String should match"),
    ({"video_id": None}, "video_id: "), ({"frame_start": 0}, "frame_start: "), ({"fps": 0}, "fps: "),
    ({"frame_start": 9, "frame_end": 3}, "frame_end 3 is before frame_start 9"),
])
def test_an_instance_that_cannot_be_used_is_a_problem_and_the_others_are_read(tmp_path, fields, message):
    write_json(tmp_path, {"book": [instance("1"), instance("2") | fields]})
    record(tmp_path / "1.mp4"), record(tmp_path / "2.mp4")
    clips, problems = scan(tmp_path)
    assert list(clips.clip_id) == ["1"]
    assert [(problem.kind, problem.clip) for problem in problems] == [("bad-entry", "book, instance 1")]
    assert message in problems[0].reason


def test_an_instance_without_what_is_needed(tmp_path):
    bare = instance("1")
    del bare["split"]
    write_json(tmp_path, {"book": [bare, "nonsense", {"video_id": "2", "split": "test"}]})
    record(tmp_path / "2.mp4")
    clips, problems = scan(tmp_path)
    assert "split: Field required" in problems[0].reason and kinds(problems) == ["bad-entry", "bad-entry"]
    assert list(clips.clip_id) == ["2"] and clips.signer.isna().all()


def test_an_id_that_occurs_twice_and_a_link_out_of_the_root(tmp_path):
    write_json(tmp_path, {"book": [instance("1")], "drink": [instance("1"), instance("2")]})
    record(tmp_path / "1.mp4")
    record(tmp_path.parent / f"{tmp_path.name}-elsewhere.mp4")
    os.symlink(tmp_path.parent / f"{tmp_path.name}-elsewhere.mp4", tmp_path / "2.mp4")
    clips, problems = scan(tmp_path)
    assert list(clips.glosses) == [["book"]]
    assert kinds(problems) == ["duplicate-id", "outside-root"] and "'book' and 'drink'" in problems[0].reason


def test_a_damaged_video_whose_rate_is_needed(tmp_path):
    write_json(tmp_path, {"book": [instance("1", frame_start=5), instance("2")]})
    (tmp_path / "1.mp4").write_text("text")
    record(tmp_path / "2.mp4")
    clips, problems = scan(tmp_path)
    assert list(clips.clip_id) == ["2"] and kinds(problems) == ["unreadable"]


# Through the pipeline


@pytest.fixture
def corpus(tmp_path) -> Path:
    """Three of four videos: one shared by two clips, each a range of it."""
    write_json(tmp_path, {
        "book": [instance("1", url=YOUTUBE, frame_start=6, frame_end=10), instance("2", split="test", signer_id=8)],
        "drink": [instance("3", url=YOUTUBE, frame_start=21, frame_end=-1), instance("4")]})
    write_video(tmp_path / "raw_videos/0UsjUE-TXns.mp4", pictures(30, 64, 96), fps=25, crf=5)
    write_video(tmp_path / "raw_videos/2.mp4", pictures(12, 64, 96), fps=25, crf=5)
    return tmp_path


def params(root: Path, **settings: Any) -> CorpusParams:
    return CorpusParams(name="wlasl", root=str(root), **settings)


def test_missing_videos_stop_the_stage_unless_so_many_may_be_missing(corpus, capsys):
    with pytest.raises(CorpusError, match=r"has 1 problem:\n  1 of 4 clips have no video in .* \(train 1\): 4; fetch"):
        scanning.prepare(params(corpus), corpus / "manifest.parquet")
    with pytest.raises(CorpusError, match=r"too many clips can't be used \(1, a share of 0.250; corpus.max_failures"):
        scanning.prepare(params(corpus, on_error="skip"), corpus / "manifest.parquet")
    scanning.prepare(params(corpus, on_error="skip", max_failures=0.25), corpus / "manifest.parquet")
    assert list(read_manifest(corpus / "manifest.parquet").clip_id) == ["1", "2", "3"]
    assert "left out: 1 of 4 clips have no video" in capsys.readouterr().err


def test_check_names_what_is_missing_and_looks_at_the_rest(corpus):
    problems = {problem.kind: problem for problem in check_corpus(params(corpus, crop="bbox"), workers=1)}
    assert problems["missing-video"].items == ("4",)
    assert set(problems) == {"missing-video", "few-signers", "one-clip", "near-copy"}  # the tests' videos are alike
    glosses = json.loads((corpus / "WLASL_v0.3.json").read_text())
    glosses[0]["instances"][1]["bbox"] = [10, 8, 500, 48]
    (corpus / "WLASL_v0.3.json").write_text(json.dumps(glosses))
    problems = {problem.kind: problem for problem in check_corpus(params(corpus, crop="bbox"), workers=1)}
    assert "beyond its picture of 96 x 64 pixels" in problems["outside-box"].reason
    assert problems["outside-box"].clip == "2"


@pytest.mark.parametrize("crop, size", [("none", (64, 96)), ("bbox", (40, 40))])
def test_from_json_to_frames(corpus, crop, size):
    manifest = corpus / "manifest.parquet"
    scanning.prepare(params(corpus, on_error="skip", max_failures=0.25, crop=crop), manifest)
    assert (read_manifest(manifest).bbox.notna().all()) == (crop == "bbox")
    extract_frames(manifest, corpus, corpus / "frames", FramesParams(fps=None, size=None), workers=1,
                   work=corpus / "work")
    expected = {"1": range(5, 10), "2": range(12), "3": range(20, 30)}
    for clip_id, frames in expected.items():
        _, images = read_frames(corpus / "frames", clip_id)
        assert [image.shape[:2] for image in images] == [size] * len(frames)
        assert numbers(images) == list(frames)
    whole = next(iter(read_video(corpus / "raw_videos/2.mp4"))).image
    x0, y0 = (0, 0) if crop == "none" else (10, 8)
    assert abs(images[0][0, 0].astype(int) - whole[y0, x0]).max() < 20  # the red corner is where it was


# Fetching


def test_download_fetches_what_is_not_there_under_the_names_that_the_reader_looks_for(tmp_path, monkeypatch):
    monkeypatch.setattr(downloading.importlib.util, "find_spec", lambda name: None)  # no yt-dlp
    video = record(tmp_path / "source.mp4").read_bytes()
    root = tmp_path / "wlasl"
    record(root / "videos/4.mp4", seed=4)
    with serve_videos() as server:
        server.content = {"/a/book.mp4": video, "/b/drink.mov": video}
        path = write_json(tmp_path, {
            "book": [instance("1", url=f"{server.address}/a/book.mp4"), instance("2", url=f"{server.address}/gone"),
                     instance("bad/id")],
            "drink": [instance("3", url=f"{server.address}/b/drink.mov"), instance("4", url=f"{server.address}/4"),
                      instance("5", url=YOUTUBE), instance("6", url="https://youtu.be/0UsjUE-TXns")]})
        summary = download(path, root, pause_s=0, attempts=1)
        assert sorted(server.asked) == ["/a/book.mp4", "/b/drink.mov", "/gone"]
    assert sorted(summary.fetched) == ["1", "3"]
    assert summary.dead == {"2": "HTTP 404 Not Found", "0UsjUE-TXns": NEEDS_YT_DLP}
    clips, problems = scan(root, path)
    assert dict(zip(clips.clip_id, clips.media, strict=True)) == {
        "1": "raw_videos/1.mp4", "3": "raw_videos/3.mov", "4": "videos/4.mp4"}
    assert problems[1].items == ("2", "5", "6")
    dead = (root / "dead.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in dead] == ["video_id", "2", "5", "6"]
