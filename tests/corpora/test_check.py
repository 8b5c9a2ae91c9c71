import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from slr.corpora.check import check_corpus, inspect_media, outliers, print_problems
from slr.corpora.problems import Problem, raise_errors
from slr.corpora.reading import missing
from slr.errors import CorpusError
from slr.params import CorpusParams, ImportedParams, parse
from slr.partition.feasible import foreseen
from tests.helpers.media import beside_sound, pictures
from tests.helpers.recordings import record, record_images


def found(root: Path, annotations: Path | None = None, workers: int = 1) -> list[tuple[str, str]]:
    params = CorpusParams(name="folder", root=str(root), annotations=annotations and str(annotations))
    return [(problem.kind, problem.clip) for problem in check_corpus(params, workers)]


@pytest.fixture
def good(tmp_path) -> Path:
    """Two glosses with two clips each; one clip is a folder of images."""
    for gloss in "AB":
        record(tmp_path / gloss / "one.mp4", seed=ord(gloss))
    record(tmp_path / "A/two.mp4", seed=3)
    record_images(tmp_path / "B/two", seed=4)
    return tmp_path


def test_a_good_corpus_only_lacks_signers(good):
    assert found(good) == [("signer-unknown", "")]


def test_files_that_cannot_be_used(good):
    (good / "A/empty.mp4").touch()
    (good / "A/text.mp4").write_text("this is text")
    (good / "A/cut.mp4").write_bytes((good / "A/one.mp4").read_bytes()[:-2000])
    record_images(good / "B/broken", seed=5)
    (good / "B/broken/003.png").write_bytes(b"")
    problems = check_corpus(CorpusParams(name="folder", root=str(good)), workers=2)
    unreadable = {problem.clip: problem for problem in problems if problem.kind == "unreadable"}
    assert set(unreadable) == {"A/cut", "A/empty", "A/text", "B/broken"}
    assert all(problem.severity == "error" for problem in unreadable.values())
    assert "0 bytes" in unreadable["A/empty"].reason and "003.png" in unreadable["B/broken"].reason


def test_copies_and_short_clips_and_single_ones(good):
    shutil.copy(good / "A/one.mp4", good / "B/copy.mp4")
    shutil.copytree(good / "B/two", good / "A/zzz")
    record(good / "C/only.mp4", seed=9, n_frames=2)
    assert found(good) == [("duplicate-content", "B/copy.mp4"), ("duplicate-content", "B/two"), ("one-clip", "C"),
                           ("signer-unknown", ""), ("too-short", "C/only")]


def test_csv_problems_and_ranges_are_among_them(good):
    (good / "clips.csv").write_text("path,gloss,signer,start_s,end_s\nA/one.mp4,A,s1,0,0.8\nA/two.mp4,A,s2,5,6\n"
                                    "B/one.mp4,B,s2,0,3\nnowhere.mp4,B,s1,,\nB/two,B,s1,,\n")
    assert found(good, good / "clips.csv") == [
        ("missing-file", "clips.csv line 5"), ("outside-range", "A/two@5-6"), ("few-signers", ""),
        ("outside-range", "B/one@0-3")]


def test_outliers_in_duration_and_size(tmp_path):
    for number in range(9):
        record(tmp_path / f"A/{number}.mp4", seed=number, n_frames=8 + number % 3)
    record(tmp_path / "A/long.mp4", seed=20, n_frames=60)
    record(tmp_path / "A/large.mp4", seed=21, n_frames=9, size=(256, 256))
    assert found(tmp_path) == [("duration-outlier", "A/long"), ("signer-unknown", ""), ("size-outlier", "A/large.mp4")]


def test_outliers_are_robust():
    assert list(outliers([1.0] * 20 + [10.0] * 5)) == [20, 21, 22, 23, 24]
    assert list(outliers([1, 1.2, 1.5, 2, 2.5, 3, 3.3, 4, 40])) == [8]
    assert not len(outliers([1.0] * 20 + [1.5]))
    assert not len(outliers([1, 100]))


def test_a_corpus_of_which_nothing_can_be_read(tmp_path):
    record(tmp_path / "stray.mp4")
    assert found(tmp_path) == [("gloss-missing", "stray.mp4")]


def test_nothing_to_check(tmp_path):
    with pytest.raises(CorpusError, match="has no clips"):
        found(tmp_path)
    assert check_corpus(CorpusParams()) == []


def test_the_printed_list(capsys):
    print_problems([])
    assert "no problems" in capsys.readouterr().out
    print_problems([Problem("A/[x]", "one-clip", "warning", "alone", "add"),
                    Problem("long/" * 50, "unreadable", "error", "bad", "fix"),
                    Problem("B/y", "unreadable", "error", "bad", "fix")])
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "error: unreadable (2)", "  B/y: bad", f"  {'long/' * 50}: bad", "  -> fix",
        "warning: one-clip (1)", "  A/[x]: alone", "  -> add",
        "errors: 2, warnings: 1 (errors stop `dvc repro`, or spoil its results)"]
    videos = [f"v{number}" for number in range(9)]
    print_problems([missing("missing-video", videos, 20, "have no video", "fetch them")], every=True)
    out = capsys.readouterr().out.splitlines()
    assert out[1] == "  9 of 20 clips have no video: v0, v1, v2, v3, v4, ..."
    assert out[2] == f"    all 9: {', '.join(videos)}"


def test_of_many_problems_of_a_kind_three_are_named_and_all_are_counted(capsys):
    many = [Problem(f"{number:03d}.mp4", "unreadable", "error", "cut off", "replace it") for number in range(177)]
    print_problems([*many, Problem("C", "one-clip", "warning", "alone", "add")])
    assert capsys.readouterr().out.splitlines() == [
        "error: unreadable (177)", "  000.mp4: cut off", "  001.mp4: cut off", "  002.mp4: cut off",
        "  -> replace it", "  ... and 174 more: slr check --all", "warning: one-clip (1)", "  C: alone", "  -> add",
        "errors: 177, warnings: 1 (errors stop `dvc repro`, or spoil its results)"]
    print_problems(many, every=True)
    assert "  176.mp4: cut off" in capsys.readouterr().out
    with pytest.raises(CorpusError) as raised:
        raise_errors([*many, Problem("", "no-signers", "error", "nobody", "name them")], "corpus x")
    assert str(raised.value).splitlines() == [
        "corpus x has 178 problems:", "  000.mp4: cut off; replace it", "  001.mp4: cut off; replace it",
        "  002.mp4: cut off; replace it", "  ... unreadable: 177 in all; `slr check --all` lists them",
        "  nobody; name them"]


def test_models_that_the_corpus_cannot_train_are_named(good):
    params = parse({"models": {"spoter": {"family": "spoter"}, "find": {"family": "sca_stgcn_detection"}},
                    "train": {"models": ["spoter", "find"]}, "corpus": {"name": "folder", "root": str(good)}})
    problems = check_corpus(params.corpus, 1, partial(foreseen, params))
    assert [(problem.clip, problem.severity) for problem in problems if problem.kind == "model-without-clips"] == [
        ("find", "error")]


def test_a_gallery_is_one_problem_and_not_one_of_each_gloss(tmp_path):
    for seed, gloss in enumerate("ABC"):
        record(tmp_path / gloss / "only.mp4", seed=seed)
    params = parse({"corpus": {"name": "folder", "root": str(tmp_path)}})
    found = [(problem.kind, problem.severity) for problem in check_corpus(params.corpus, 1, partial(foreseen, params))]
    assert found == [("gallery", "error"), ("signer-unknown", "warning")]


def test_a_corpus_of_landmarks_is_read_recording_by_recording(tmp_path):
    lines = ["path,gloss,signer"]
    for i in range(6):
        hands = np.random.default_rng(i // 2).uniform(0.3, 0.6, (8, 42, 2))
        np.save(tmp_path / f"{i}.npy", hands[:3 if i == 1 else 8])
        lines.append(f"{i}.npy,{'AB'[i % 2]},s{i // 2}")
    np.save(tmp_path / "2.npy", np.full((8, 42, 2), np.nan))
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    params = CorpusParams(name="arrays", root=str(tmp_path), imported=ImportedParams(skeleton="hands-42"))
    found = {(problem.clip, problem.kind) for problem in check_corpus(params)}
    assert found == {("2", "unreadable"), ("1", "too-short"), ("5.npy", "duplicate-content")}


def test_media_are_inspected_as_a_player_shows_them(tmp_path, shared_data):
    """A file that was cut off, and a rate that doesn't count the time before the picture."""
    shutil.copy(shared_data / "inputs/cut.webm", tmp_path)
    beside_sound(tmp_path / "late.mp4", pictures(12), fps=4, picture_s=2, length_s=3)
    media = inspect_media(tmp_path, ["cut.webm", "late.mp4"], workers=1)
    assert media["cut.webm"].reason == "cut off (says 1.9 s, 0.9 s decode)"
    assert media["late.mp4"].reason is None and media["late.mp4"].n_frames == 12
    assert media["late.mp4"].fps == pytest.approx(4)
