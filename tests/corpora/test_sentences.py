"""PHOENIX-2014, PHOENIX-2014-T, CSL-Daily, USTC-CSL: real lists where they are, made-up media in the released trees."""

import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from slr.corpora import csl_daily, phoenix2014, phoenix2014t, scanning, ustc_csl
from slr.corpora.use import use_published
from slr.dataset.frames import read_frames
from slr.dataset.manifest import read_manifest, write_manifest
from slr.errors import CorpusError, ParamsError
from slr.extraction.frames import extract_frames
from slr.params import CorpusParams, FramesParams, parse
from tests.helpers import REPOSITORY
from tests.helpers.recordings import record, record_images

FRAMES = "features/fullFrame-210x260px"
READERS = {"phoenix2014": phoenix2014, "phoenix2014t": phoenix2014t, "csl_daily": csl_daily}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_phoenix(root: Path, si5: bool = False, **lists: str) -> Path:
    """Lists of PHOENIX-2014; each line is `id|signer|glosses`."""
    for split, lines in lists.items():
        rows = [f"{name}|{name}/1/*.png|{signer}|{glosses}\n"
                for name, signer, glosses in (line.split("|") for line in lines.splitlines())]
        write(root / f"annotations/manual/{split}{'.SI5' if si5 else ''}.corpus.csv",
              "id|folder|signer|annotation\n" + "".join(rows))
    return root


def write_csl(root: Path, sentences: str, split: str) -> Path:
    lines = [f"{i:06d}|{name}|9|{glosses}|c|w|p\r\n"
             for i, (name, glosses) in enumerate(line.split("|") for line in sentences.splitlines())]
    write(root / "sentence_label/video_map.txt", "index|name|length|gloss|char|word|postag\r\n" + "".join(lines))
    write(root / "sentence_label/split_1.txt", "name|split\n" + split)
    return root


def one_image(folder: Path) -> None:
    """A folder with an empty file called like an image: scanning looks at names alone."""
    folder.mkdir(parents=True)
    (folder / "images0001.png").touch()


# The real lists


@pytest.fixture
def formats(shared_data) -> Path:
    return shared_data / "formats"


def test_the_real_list_of_phoenix_2014(formats, tmp_path):
    table = formats / "phoenix2014-dev.corpus.csv"
    names = [line.split("|")[0] for line in table.read_text().splitlines()[1:]]
    write(tmp_path / "annotations/manual/dev.corpus.csv", table.read_text())
    for name in names:
        one_image(tmp_path / FRAMES / "dev" / name / "1")
    clips, problems = phoenix2014.scan(tmp_path)
    assert problems == [] and list(clips.clip_id) == names and len(names) == 540
    assert set(clips.split) == {"val"} and (clips.fps == 25).all()
    assert clips.signer.value_counts().to_dict() == {
        "Signer01": 149, "Signer05": 111, "Signer07": 71, "Signer04": 69, "Signer08": 63, "Signer03": 47,
        "Signer09": 18, "Signer06": 8, "Signer02": 4}
    lines = (formats / "phoenix2014-dev.stm").read_text().splitlines()
    reference = {line.split()[0]: line.split()[5:] for line in lines}
    assert dict(zip(clips.clip_id, clips.glosses, strict=True)) == reference


def test_the_real_list_of_phoenix_2014_t(formats, tmp_path):
    table = formats / "phoenix2014T-dev.corpus.csv"
    shutil.copy(table, write(tmp_path / "annotations/manual/x", "").with_name("PHOENIX-2014-T.dev.corpus.csv"))
    for line in table.read_text(encoding="utf-8").splitlines()[1:]:
        one_image(tmp_path / FRAMES / "dev" / line.split("|")[0])
    clips, problems = phoenix2014t.scan(tmp_path)
    assert problems == [] and len(clips) == 519 and clips.signer.nunique() == 9 and set(clips.split) == {"val"}
    reference = {line.split()[0]: line.split()[5:]
                 for line in (formats / "phoenix2014T-dev.stm").read_text(encoding="utf-8").splitlines()}
    assert dict(zip(clips.clip_id, clips.glosses, strict=True)) == reference
    assert clips.translation[0] == "tiefer luftdruck bestimmt in den nächsten tagen unser wetter"
    assert clips.translation.notna().all()


def test_the_real_lists_of_csl_daily(formats, tmp_path):
    labels = tmp_path / "sentence_label"
    labels.mkdir()
    for name in ("video_map", "split_1"):
        shutil.copy(formats / f"csl-daily-{name}.head.txt", labels / f"{name}.txt")
    names = [line.split("|")[1] for line in (labels / "video_map.txt").read_text(encoding="utf-8").splitlines()[1:]]
    for name in names:
        one_image(tmp_path / "sentence_frames-512x512/frames_512x512" / name)
    clips, problems = csl_daily.scan(tmp_path)
    assert {problem.kind for problem in problems} == {"split-missing", "gloss-missing"}  # the heads end elsewhere
    assert len(clips) + next(problem.count for problem in problems if problem.kind == "split-missing") == len(names)
    assert set(clips.split) == {"train"} and (clips.fps == 30).all()
    first = clips.set_index("clip_id").loc["S000000_P0004_T00"]
    assert first.glosses == ["你们", "好"] and first.signer == "P0004" and first.translation == "你们好！"
    # The one that the official split misnames.
    assert "S000007_P0003_T00" in set(clips.clip_id)
    assert not any("S000005_P0004_T00" in problem.items for problem in problems)


def test_only_manifests_with_translations_have_a_column_for_them(formats, tmp_path):
    """Of the others nothing changes, to the byte: the columns are those of the table without it."""
    table = formats / "phoenix2014T-dev.corpus.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    name = lines[1].split("|")[0]
    plain, translated = tmp_path / "plain", tmp_path / "translated"
    for root, columns in ((plain, 6), (translated, 7)):
        write(root / "annotations/manual/PHOENIX-2014-T.dev.corpus.csv",
              "".join("|".join(line.split("|")[:columns]) + "\n" for line in lines[:2]))
        one_image(root / FRAMES / "dev" / name)
        clips, problems = phoenix2014t.scan(root)
        assert problems == []
        write_manifest(root / "manifest.parquet", clips)
    assert "translation" not in pq.read_schema(plain / "manifest.parquet").names
    without = read_manifest(translated / "manifest.parquet")
    assert without.translation.tolist() == ["tiefer luftdruck bestimmt in den nächsten tagen unser wetter"]
    write_manifest(tmp_path / "same.parquet", without.drop(columns="translation"))
    assert (tmp_path / "same.parquet").read_bytes() == (plain / "manifest.parquet").read_bytes()
    assert read_manifest(plain / "manifest.parquet").translation.tolist() == [None]


# Media


def test_frames_and_videos_wherever_a_release_has_them(tmp_path):
    write_phoenix(tmp_path / "phoenix-2014-multisigner", train="a|Signer01|A  B\nb|Signer02|C\nc|Signer01|A\n",
                  dev="d|Signer02|A\n", test="e|Signer03|B\nf|Signer03|B\n")
    home = tmp_path / "phoenix-2014-multisigner"
    record_images(home / FRAMES / "train/a/1")
    record_images(home / "features/fullFrame-256x256px/train/b")
    record(home / "videos/train/c.mp4")
    record(home / "videos/d.avi")
    record(home / "test/e.mp4")
    record_images(home / FRAMES / "train/f/1")  # not the split that lists it
    clips, (problem,) = phoenix2014.scan(tmp_path)
    media = dict(zip(clips.clip_id, clips.media, strict=True))
    assert {name: path.removeprefix("phoenix-2014-multisigner/") for name, path in media.items()} == {
        "a": f"{FRAMES}/train/a/1", "b": "features/fullFrame-256x256px/train/b", "c": "videos/train/c.mp4",
        "d": "videos/d.avi", "e": "test/e.mp4"}
    assert list(clips.split) == ["train", "train", "train", "val", "test"] and list(clips.glosses)[0] == ["A", "B"]
    assert clips.fps.isna().tolist() == [False, False, True, True, True]
    assert problem.kind == "missing-video" and problem.items == ("f",)
    assert "1 of 2 clips of test have no frames or video" in problem.reason and "features/fullFrame" in problem.way_out
    inner, _ = phoenix2014.scan(home)
    assert list(inner.media) == [path.removeprefix("phoenix-2014-multisigner/") for path in clips.media]


def test_the_released_frames_come_before_resized_ones(tmp_path):
    write_phoenix(tmp_path, train="a|Signer01|A\n")
    for size in ("256x256px", "210x260px", "128x128px"):
        one_image(tmp_path / f"features/fullFrame-{size}/train/a/1")
    clips, problems = phoenix2014.scan(tmp_path)
    assert problems == [] and list(clips.media) == [f"{FRAMES}/train/a/1"]


def test_the_signer_independent_setup_has_lists_of_its_own(tmp_path):
    multisigner = write_phoenix(tmp_path / "phoenix-2014-multisigner", train="a|Signer05|A\nb|Signer01|B\n")
    write_phoenix(tmp_path / "phoenix-2014-signerindependent-SI5", si5=True, train="b|Signer01|B\n",
                  dev="a|Signer05|A\n")
    one_image(multisigner / FRAMES / "train/a/1")
    one_image(multisigner / FRAMES / "train/b/1")
    clips, problems = phoenix2014.scan(tmp_path, subset="SI5")
    assert problems == [] and dict(zip(clips.clip_id, clips.split, strict=True)) == {"b": "train", "a": "val"}
    one_image(tmp_path / "phoenix-2014-signerindependent-SI5" / FRAMES / "dev/a/1")
    clips, _ = phoenix2014.scan(tmp_path, subset="SI5")
    assert clips.media.iloc[1].startswith("phoenix-2014-signerindependent-SI5/")
    assert set(phoenix2014.scan(tmp_path)[0].split) == {"train"}


def test_translations_are_not_glosses(tmp_path):
    write(tmp_path / "PHOENIX-2014-T/annotations/manual/PHOENIX-2014-T.test.corpus.csv",
          "name|video|start|end|speaker|orth|translation\nx|x/1/*.png|-1|-1|Signer08|MORGEN SÜD|morgen im süden\n")
    record_images(tmp_path / "PHOENIX-2014-T" / FRAMES / "test/x")
    clips, problems = phoenix2014t.scan(tmp_path)
    (clip,) = clips.itertuples()
    assert problems == [] and (clip.glosses, clip.signer, clip.split) == (["MORGEN", "SÜD"], "Signer08", "test")


def test_csl_daily_in_both_trees_and_as_videos(tmp_path):
    write_csl(tmp_path, "S000001_P0000_T00|你 好\nS000002_P0009_T01|好\nS000003_P0001_T00|好\nS000004_P0001_T00|好\n",
              "S000001_P0000_T00|train\nS000002_P0009_T01|dev\nS000003_P0001_T00|test\nS000009_P0000_T00|test\n")
    one_image(tmp_path / "sentence_frames-512x512/frames_512x512/S000001_P0000_T00")
    one_image(tmp_path / "sentence/frames_512x512/S000002_P0009_T01")
    record(tmp_path / "sentence/S000003_P0001_T00.mp4")
    clips, problems = csl_daily.scan(tmp_path)
    assert list(clips.split) == ["train", "val", "test"] and list(clips.signer) == ["P0000", "P0009", "P0001"]
    assert {problem.kind: problem.items for problem in problems} == {
        "split-missing": ("S000004_P0001_T00",), "gloss-missing": ("S000009_P0000_T00",)}


CORPUS = "000000 他的同学是警察\r\n000001 我的爸爸是商人\n"


def write_ustc(root: Path, recordings: str, corpus: str = CORPUS) -> Path:
    write(root / "corpus.txt", corpus)
    for name in recordings.split():
        write(root / "color" / name, "")
    return root


def test_ustc_csl_as_released(tmp_path):
    write_ustc(tmp_path, "000000/P01_s1_00_0._color.avi 000000/P41_s1_00_4._color.avi 000001/P40_s1_01_2_color.avi "
                         "000001/readme.txt 000001/other.avi")
    one_image(tmp_path / "color/000001/P50_s1_01_0_color")
    clips, (odd,) = ustc_csl.scan(tmp_path)
    assert list(clips.clip_id) == ["000000_P01_s1_00_0", "000000_P41_s1_00_4", "000001_P40_s1_01_2",
                                   "000001_P50_s1_01_0"]
    assert list(clips.media) == ["color/000000/P01_s1_00_0._color.avi", "color/000000/P41_s1_00_4._color.avi",
                                 "color/000001/P40_s1_01_2_color.avi", "color/000001/P50_s1_01_0_color"]
    assert list(clips.signer) == ["P01", "P41", "P40", "P50"]
    assert list(clips.split) == ["train", "test", "train", "test"]
    assert clips.fps.isna().tolist() == [True, True, True, False] and clips.fps[3] == 30
    assert clips.glosses[0] == list("他的同学是警察")
    assert (odd.kind, odd.severity, odd.clip) == ("ignored-file", "warning", "000001/other.avi")


@pytest.mark.parametrize(("name", "words"), [
    ("dictionary.txt", "000001\t同学\n000002\t警察（公安、巡警）\n000003\t同\n"), ("voc.txt", "同学\n警察\n的\n"), ])
def test_words_of_ustc_csl_are_those_of_a_list_beside_it(tmp_path, name, words):
    write_ustc(tmp_path, "000000/P01_s1_00_0_color.avi 000001/P01_s1_01_0_color.avi",
               "000000 他的同学是警察\n000001 公安 的同学\n")
    write(tmp_path / name, words)
    clips, problems = ustc_csl.scan(tmp_path)
    assert problems == [] and clips.glosses[0] == ["他", "的", "同学", "是", "警察"]
    assert clips.glosses[1] == (["警察", "的", "同学"] if name == "dictionary.txt" else ["公", "安", "的", "同学"])


@pytest.mark.parametrize("validated", [False, True])
def test_ustc_csl_as_others_prepare_it(tmp_path, validated):
    write(tmp_path / "lists/train.txt", "/disk1/CSL/video0|他 的 同学\nno bar\n")
    write(tmp_path / "lists/dev.txt", "/disk1/CSL/video1|我 的 爸爸\n")
    if validated:
        write(tmp_path / "lists/test.txt", "/disk1/CSL/video2|我 的\n")
    for number in range(3):
        one_image(tmp_path / f"video{number}")
    clips, (problem,) = ustc_csl.scan(tmp_path, tmp_path / "lists")
    assert list(clips.split) == (["train", "val", "test"] if validated else ["train", "test"])
    assert clips.glosses[0] == ["他", "的", "同学"] and clips.signer.isna().all() and (clips.fps == 30).all()
    assert (problem.kind, problem.clip) == ("bad-line", "train.txt line 2")


def test_what_ustc_csl_lacks(tmp_path):
    write_ustc(tmp_path, "000000/P01_s1_00_0_color.avi", CORPUS + "two 词\n")
    clips, problems = ustc_csl.scan(tmp_path)
    assert len(clips) == 1 and {problem.kind: problem.items or problem.clip for problem in problems} == {
        "bad-line": "corpus.txt line 3", "missing-video": ("000001",)}
    with pytest.raises(CorpusError, match="neither corpus.txt nor train.txt; set corpus.root"):
        ustc_csl.scan(tmp_path / "color")


def test_the_frames_of_a_sentence_are_read_in_their_order_at_their_rate(tmp_path):
    write_phoenix(tmp_path, train="a|Signer01|A B\n", dev="b|Signer01|A\n")
    record_images(tmp_path / FRAMES / "train/a/1", n_frames=12)
    record(tmp_path / "videos/dev/b.mp4", n_frames=5, fps=10)
    scanning.prepare(CorpusParams(name="phoenix2014", root=str(tmp_path)), tmp_path / "manifest.parquet")
    assert list(read_manifest(tmp_path / "manifest.parquet").glosses) == [["A", "B"], ["A"]]
    extract_frames(tmp_path / "manifest.parquet", tmp_path, tmp_path / "frames.out", FramesParams(fps=None), workers=1,
                   work=tmp_path / "work")
    times_s, images = read_frames(tmp_path / "frames.out", "a")[:2]
    assert len(images) == 12 and list(times_s) == pytest.approx([i / 25 for i in range(12)])
    assert len(read_frames(tmp_path / "frames.out", "b")[1]) == 5


def test_missing_frames_stop_or_are_left_out_as_the_settings_say(tmp_path):
    write_phoenix(tmp_path, train="a|Signer01|A\nb|Signer01|A\n")
    one_image(tmp_path / FRAMES / "train/a/1")
    with pytest.raises(CorpusError, match=r"1 of 2 clips of train have no frames or video in .*: b; put the released"):
        scanning.read(CorpusParams(name="phoenix2014", root=str(tmp_path)))
    clips = scanning.read(CorpusParams(name="phoenix2014", root=str(tmp_path), on_error="skip", max_failures=0.5))
    assert list(clips.clip_id) == ["a"]


# What is wrong with a list


def test_bad_lines_and_repeated_ones(tmp_path):
    write_phoenix(tmp_path, train="a|Signer01|A\n")
    table = tmp_path / "annotations/manual/train.corpus.csv"
    table.write_text(table.read_text() + "b|b/1/*.png|Signer01\n\na|a/1/*.png|Signer01|A\nc|c/1/*.png|Signer01|  \n")
    one_image(tmp_path / FRAMES / "train/a/1")
    clips, problems = phoenix2014.scan(tmp_path)
    assert list(clips.clip_id) == ["a"]
    assert [(problem.kind, problem.clip) for problem in problems] == [
        ("bad-line", "train.corpus.csv line 3"), ("duplicate-id", "a"), ("gloss-missing", "c")]


def test_csl_dailys_bad_names_and_splits(tmp_path):
    write_csl(tmp_path, "S1|A\nS000001_P0000_T00|A\n", "S000001_P0000_T00|train\nS000002_P0000_T00|extra\n")
    one_image(tmp_path / "sentence/frames_512x512/S000001_P0000_T00")
    clips, problems = csl_daily.scan(tmp_path)
    assert list(clips.clip_id) == ["S000001_P0000_T00"]
    assert [(problem.kind, problem.clip) for problem in problems] == [
        ("bad-line", "split_1.txt sentence 2"), ("bad-line", "video_map.txt sentence 1")]


@pytest.mark.parametrize("name", ["../elsewhere", "{elsewhere}"])
def test_a_path_out_of_the_root_is_refused(tmp_path, name):
    one_image(tmp_path / "elsewhere")
    name = name.format(elsewhere=tmp_path / "elsewhere")
    clips, (problem,) = phoenix2014.scan(write_phoenix(tmp_path / "root", train=f"{name}|Signer01|A\n"))
    assert clips.empty and problem.kind == "outside-root"


def test_a_link_out_of_the_root_is_refused(tmp_path):
    write_phoenix(tmp_path / "root", train="a|Signer01|A\n")
    one_image(tmp_path / "elsewhere")
    (tmp_path / "root" / FRAMES / "train").mkdir(parents=True)
    os.symlink(tmp_path / "elsewhere", tmp_path / "root" / FRAMES / "train/a")
    clips, (problem,) = phoenix2014.scan(tmp_path / "root")
    assert clips.empty and problem.kind == "outside-root"


@pytest.mark.parametrize("name, message", [
    ("phoenix2014", "annotations/manual has no {train,dev,test}.corpus.csv; set corpus.root"),
    ("phoenix2014t", "has no PHOENIX-2014-T.{train,dev,test}.corpus.csv; set corpus.root"),
    ("csl_daily", "sentence_label has no video_map.txt; set corpus.root"),
])
def test_lists_that_are_not_there(tmp_path, name, message):
    with pytest.raises(CorpusError, match=message.replace("{", "\\{")):
        READERS[name].scan(tmp_path)
    with pytest.raises(CorpusError, match="is not a folder"):
        READERS[name].scan(tmp_path / "nowhere")


def test_a_list_with_other_columns(tmp_path):
    write(tmp_path / "lists/train.corpus.csv", "id,folder,signer,annotation\n")
    with pytest.raises(CorpusError, match=r"has no column 'id' \(found: id,folder,signer,annotation\).* \| between"):
        phoenix2014.scan(tmp_path, tmp_path / "lists")


def test_choosing_them(tmp_path, monkeypatch):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    one_image(write_phoenix(tmp_path / "p", train="a|Signer01|A B\n") / FRAMES / "train/a/1")
    one_image(write_csl(tmp_path / "c", "S000001_P0000_T00|A\n", "S000001_P0000_T00|train\n")
              / "sentence/frames_512x512/S000001_P0000_T00")
    assert "1 clips of 2 glosses by 1 signer" in use_published("params.yaml", "phoenix2014", "p")
    assert "1 clips of 1 glosses by 1 signer" in use_published("params.yaml", "csl_daily", "c")
    write_ustc(tmp_path / "u", "000000/P01_s1_00_0_color.avi", "000000 他的\n")
    assert "1 clips of 2 glosses by 1 signer" in use_published("params.yaml", "ustc_csl", "u")
    with pytest.raises(ParamsError, match="subset 'SI5' is not one of corpus csl_daily's"):
        parse({"corpus": {"name": "csl_daily", "subset": "SI5"}})
