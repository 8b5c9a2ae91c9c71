import json
from pathlib import Path

import numpy as np
import pytest

from slr.corpora.imported.sca_npz import joints, load, read_groundtruth, scan
from slr.corpora.scanning import prepare
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, CorpusError, ParamsError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams, SplitsParams, WindowsParams
from slr.partition.splits import make_splits
from tests.helpers.landmark_files import write_npz

SETTINGS = ImportedParams()


def truth(root: Path, **labels: str) -> Path:
    """Write the labels, a letter a frame (`.` = none) of each video."""
    lines = [f"{video} {frame} {label}" for video, letters in labels.items()
             for frame, label in enumerate(letters) if label != "."]
    path = root / "groundtruth.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_windows_are_clips_of_their_video(tmp_path):
    write_npz(tmp_path / "a.npz", 30)
    write_npz(tmp_path / "more/b.npz", 26)
    truth(tmp_path, a="S" * 12 + "n" * 18, b="P" * 26)
    clips, problems = scan(tmp_path, windows=WindowsParams(stride=2), imported=SETTINGS)
    assert problems == []
    assert clips.clip_id.tolist() == ["a/000000", "a/000002", "a/000004", "more/b/000000"]
    assert clips.media.tolist() == ["a.npz"] * 3 + ["more/b.npz"]
    assert clips.glosses.str[0].tolist() == ["n", "n", "n", "P"]
    assert (clips.end_frame - clips.start_frame).eq(25).all()


def test_no_split_puts_windows_of_one_video_into_two_parts(tmp_path):
    for i in range(9):
        write_npz(tmp_path / f"v{i}.npz", 12, parts="left_hand", seed=i)
    truth(tmp_path, **{f"v{i}": "SSSSSSnnnnnn" if i % 2 else "n" * 12 for i in range(9)})
    clips, _ = scan(tmp_path, windows=WindowsParams(frames=4), imported=SETTINGS)
    splits = make_splits(clips, clips.clip_id, SplitsParams(by="auto", val=0.2, test=0.2)).merge(clips, on="clip_id")
    assert splits.groupby("media").split_x.nunique().eq(1).all()
    assert set(splits.split_x) == {"train", "val", "test"}


def test_a_video_may_be_one_clip_with_segments(tmp_path):
    write_npz(tmp_path / "a.npz", 10)
    truth(tmp_path, a="..SSnn.SSS")
    clips, _ = scan(tmp_path, windows=WindowsParams(frames=None), imported=SETTINGS)
    assert clips.clip_id.tolist() == ["a"] and clips.glosses.tolist() == [[]]
    assert [(s["start"], s["end"], s["label"]) for s in clips.segments[0]] == [(2, 4, "S"), (4, 6, "n"), (7, 10, "S")]


@pytest.mark.parametrize("parts", ["pose left_hand right_hand", "pose", "left_hand", "pose right_hand face"])
def test_any_part_may_be_missing(tmp_path, parts):
    arrays = write_npz(tmp_path / "a.npz", 5, parts)
    clip = load(tmp_path, "a.npz", SETTINGS)
    body = joints(tmp_path, SETTINGS)
    assert body.name == ("holistic-553" if "face" in parts else "holistic-75")
    for part, where in body.part_slices.items():
        if part in arrays:
            assert np.array_equal(clip.coordinates[:, where, :3], arrays[part])
            assert (clip.coordinates[:, where, 3] == 1).all()
        else:
            assert np.isnan(clip.coordinates[:, where]).all()


def test_the_poses_visibility_is_kept_and_two_channels_stay_two(tmp_path):
    pose = write_npz(tmp_path / "a.npz", 5, "pose", channels=4)["pose"]
    np.savez(tmp_path / "a.npz", pose=pose, left_hand=np.ones((5, 21, 3)))
    clip = load(tmp_path, "a.npz", SETTINGS)
    assert np.array_equal(clip.coordinates[:, :33], pose) and (clip.coordinates[:, 33:54] == 1).all()
    write_npz(tmp_path / "b.npz", 5, channels=2)
    assert load(tmp_path, "b.npz", SETTINGS).coordinates.shape == (5, 75, 2)


@pytest.mark.parametrize("name, n_joints", [("holistic-67", 67), ("hands-42", 42), ("holistic-553", 553)])
def test_fewer_or_more_joints_may_be_chosen(tmp_path, name, n_joints):
    arrays = write_npz(tmp_path / "a.npz", 5)
    clip = load(tmp_path, "a.npz", ImportedParams(skeleton=name))
    assert clip.coordinates.shape[1] == n_joints
    assert np.array_equal(clip.coordinates[:, skeleton(name).part_slices["right_hand"], :3], arrays["right_hand"])


def test_joints_that_no_array_has_are_refused(tmp_path):
    with pytest.raises(ParamsError, match="'spoter-54' has joint 'neck', which is not in the arrays"):
        joints(tmp_path, ImportedParams(skeleton="spoter-54"))


def test_from_the_files_to_the_store(tmp_path):
    arrays = write_npz(tmp_path / "root/a.npz", 30)
    arrays["pose"][3, 5] = np.nan
    np.savez(tmp_path / "root/a.npz", **arrays)
    truth(tmp_path / "root", a="S" * 15 + "n" * 15)
    params = CorpusParams(name="sca_npz", root=str(tmp_path / "root"), windows=WindowsParams(stride=5))
    prepare(params, tmp_path / "manifest.parquet")
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.clip_ids == read_manifest(tmp_path / "manifest.parquet").clip_id.tolist() == ["a/000000", "a/000005"]
    second = store["a/000005"]
    assert second.frame_numbers.tolist() == list(range(5, 30)) and second.timestamps_s[0] == 0.2
    assert np.abs(second.coordinates[:, :33, :3] - arrays["pose"][5:30]).max() < 1e-4
    assert np.isnan(store["a/000000"].coordinates[3, 5]).all()


def test_what_cannot_be_used_is_told(tmp_path):
    write_npz(tmp_path / "good.npz", 30)
    write_npz(tmp_path / "short.npz", 10)
    write_npz(tmp_path / "unlabelled.npz", 30)
    write_npz(tmp_path / "beyond.npz", 30)
    (tmp_path / "broken.npz").write_bytes(b"PK")
    np.savez(tmp_path / "other.npz", skeleton=np.zeros((5, 3)))
    np.savez(tmp_path / "ragged.npz", pose=np.zeros((5, 33, 3)), face=np.zeros((4, 478, 3)))
    truth(tmp_path, good="Sn" + "." * 28, short="S" * 10, beyond="S" * 40, gone="S", broken="S", other="S",
          ragged="S")
    clips, problems = scan(tmp_path, windows=WindowsParams(), imported=SETTINGS)
    assert clips.clip_id.tolist() == ["good/000000", "good/000001"]
    told = {(p.clip, p.kind): str(p) for p in problems}
    assert set(told) == {("gone", "missing-file"), ("good.npz", "window"), ("short.npz", "window"),
                         ("unlabelled.npz", "label-missing"), ("beyond.npz", "outside-range"),
                         ("broken.npz", "unreadable"), ("other.npz", "unreadable"), ("ragged.npz", "unreadable")}
    assert "4 of 6 windows have no labelled frame" in told["good.npz", "window"]
    assert "none of the arrays" in told["other.npz", "unreadable"]
    assert "differ in length: pose 5, face 4" in told["ragged.npz", "unreadable"]


def test_labels_in_lower_case_are_read_and_a_single_class_is_an_error(tmp_path):
    """The published example: labels s and n, two classes."""
    for video in "ab":
        write_npz(tmp_path / f"{video}.npz", 30)
    truth(tmp_path, a="s" * 30, b="n" * 30)
    clips, problems = scan(tmp_path, windows=WindowsParams(classes=2), imported=SETTINGS)
    assert problems == [] and set(clips.glosses.str[0]) == {"S", "rest"}
    lines = (tmp_path / "groundtruth.txt").read_text()
    (tmp_path / "groundtruth.txt").write_text(lines.replace(" s", " sign"))
    for windows, what in ((WindowsParams(classes=2), "everything is of the class 'rest'"),
                          (WindowsParams(frames=None), "nothing is of the class 'S'")):
        _, [problem] = scan(tmp_path, windows=windows, imported=SETTINGS)
        assert (problem.kind, problem.severity) == ("one-class", "error")
        assert f"{what}; labels found: sign (30 frames), n (30 frames)" in problem.reason
        assert "corpus.windows.positive" in problem.way_out
    for frames in (25, None):
        clips, problems = scan(tmp_path, windows=WindowsParams(classes=2, frames=frames, positive=["S", "Sign"]),
                               imported=SETTINGS)
        assert problems == [] and len(clips) == (12 if frames else 2)


def test_labels_may_lie_elsewhere_and_have_no_suffix(tmp_path):
    write_npz(tmp_path / "a.npz", 30)
    truth(tmp_path, a="S" * 30).rename(tmp_path / "groundtruth")
    assert len(scan(tmp_path, windows=WindowsParams(), imported=SETTINGS)[0]) == 6
    (tmp_path / "groundtruth").rename(tmp_path / "labels.gt")
    assert len(scan(tmp_path, str(tmp_path / "labels.gt"), windows=WindowsParams(), imported=SETTINGS)[0]) == 6
    with pytest.raises(CorpusError, match="groundtruth.txt can't be read .* set corpus.annotations"):
        scan(tmp_path, windows=WindowsParams(), imported=SETTINGS)


def splits_file(path: Path, **videos: list[str]) -> Path:
    """The splits of SCA-STGCN's build_video_splits.py, with these videos."""
    path.write_text(json.dumps({"meta": {"window": 25, "stride": 1, "s_label": "S", "rule": "any"}, "per_video": {},
                                "splits": {name: {"videos": names, "counts": {"S": 0, "nonS": 0}}
                                           for name, names in videos.items()}}))
    return path


def test_splits_json_is_the_official_split_and_what_it_lacks_is_named(tmp_path):
    for video in "abcd":
        write_npz(tmp_path / f"{video}.npz", 26)
    truth(tmp_path, **{video: "S" * 13 + "n" * 13 for video in "abcd"})
    windows = {"windows": WindowsParams(), "imported": SETTINGS}
    assert scan(tmp_path, **windows)[0].split.isna().all()
    splits_file(tmp_path / "splits.json", train=["a", "gone"], val=["b"], test=["c"])
    clips, problems = scan(tmp_path, **windows)
    assert clips.groupby("media").split.first().to_dict() == {"a.npz": "train", "b.npz": "val", "c.npz": "test"}
    assert [(problem.kind, problem.severity, problem.items) for problem in problems] == [
        ("split-missing", "error", ("d",)), ("missing-file", "warning", ("gone",))]
    other = splits_file(tmp_path / "mine.json", train=["a", "b"], val=["c"], test=["d"])
    clips, problems = scan(tmp_path, splits=str(other), **windows)
    assert problems == [] and clips.split.tolist() == ["train"] * 4 + ["val"] * 2 + ["test"] * 2


@pytest.mark.parametrize("text, message", [
    ("{", "is not SCA-STGCN's splits.json"), ('{"train": ["a"]}', "with a list splits.train.videos"),
    ('{"splits": {"train": ["a"]}}', "with a list splits.train.videos"),
    ('{"splits": {"train": {"videos": ["a"]}, "test": {"videos": ["a"]}}}', "'a' is in train and in test"),
])
def test_splits_of_another_form_are_refused(tmp_path, text, message):
    write_npz(tmp_path / "a.npz", 26)
    truth(tmp_path, a="S" * 26)
    (tmp_path / "splits.json").write_text(text)
    with pytest.raises(CorpusError, match=message):
        scan(tmp_path, windows=WindowsParams(), imported=SETTINGS)


@pytest.mark.parametrize("line", ["a 1", "a one S", "a 1 S extra", "a -1 S"])
def test_lines_of_another_form_are_named(tmp_path, line):
    path = tmp_path / "groundtruth"
    path.write_text(f"a 0 S\n\n{line}\n")
    with pytest.raises(CorpusError, match="groundtruth line 3: not <video_id> <frame> <label>"):
        read_groundtruth(path)


def test_pickled_arrays_and_paths_outside_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", pose=np.array([{}], dtype=object))
    with pytest.raises(ClipError, match="without pickled objects"):
        load(tmp_path, "a.npz", SETTINGS)
    with pytest.raises(CorpusError, match="leaves the corpus root"):
        load(tmp_path / "sub", "../a.npz", SETTINGS)
    with pytest.raises(ClipError, match="there is no file 'b.npz'"):
        load(tmp_path, "b.npz", SETTINGS)
