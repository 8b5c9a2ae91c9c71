import json

import numpy as np
import pytest

from slr.corpora.imported.spoter_csv import column, joints, load, scan, silt_columns
from slr.dataset.skeleton import skeleton
from slr.errors import ClipError, CorpusError, ParamsError
from slr.params import ImportedParams
from tests.helpers.landmark_files import SPOTER, body, spoter_cells, write_table

SETTINGS = ImportedParams()


def test_the_published_names_of_columns():
    names = {joint: column(joint) for joint in SPOTER.joints}
    assert len(set(names.values())) == 54
    assert names["right_eye"] == "rightEye" and names["nose"] == "nose" and names["left_hand_wrist"] == "wrist_left"
    assert names["left_hand_thumb_mcp"] == "thumbMP_left" and names["right_hand_thumb_cmc"] == "thumbCMC_right"
    assert names["right_hand_pinky_dip"] == "littleDIP_right" and names["left_hand_index_mcp"] == "indexMCP_left"
    assert column("left_hand_ring_tip", {"left": "0"}) == "ringTip_0"


@pytest.mark.parametrize("hands", [("left", "right"), ("0", "1"), ("Left", "Right")])
def test_a_clip_is_read_as_it_was_written(tmp_path, hands):
    values = body(7)
    values[2, SPOTER.part_slices["left_hand"]] = 0
    cells = spoter_cells(values, hands, labels=3, video_fps=29.97, video_size_width=640, video_size_height=480)
    write_table(tmp_path / "WLASL100_train_25fps.csv", [cells])
    clips, problems = scan(tmp_path)
    assert problems == [] and clips.glosses.tolist() == [["3"]] and clips.split.tolist() == ["train"]
    assert clips.clip_id.tolist() == ["WLASL100_train_25fps/000000"] and clips.fps.tolist() == [29.97]
    clip = load(tmp_path, clips.media[0], SETTINGS)
    assert (clip.fps, clip.width, clip.height) == (29.97, 640, 480) and joints(tmp_path, SETTINGS) is SPOTER
    expected = values.copy()
    expected[2, SPOTER.part_slices["left_hand"]] = np.nan
    assert np.allclose(clip.coordinates, expected, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("y_axis, is_up", [("auto", True), ("auto", False), ("up", True), ("down", False)])
def test_y_that_grows_upwards_is_turned_round(tmp_path, y_axis, is_up):
    values = body(4)
    values[1, SPOTER.index("left_ear")] = 0
    file = np.where(values == 0, 0, np.stack([values[..., 0], 1 - values[..., 1]], -1)) if is_up else values
    write_table(tmp_path / "all.csv", [spoter_cells(file, labels=0)] * 2)
    clip = load(tmp_path, "all.csv#1", ImportedParams(y_axis=y_axis))
    assert np.isnan(clip.coordinates[1, SPOTER.index("left_ear")]).all()
    assert np.allclose(np.nan_to_num(clip.coordinates), values, atol=1e-6)


def test_a_file_without_neck_frame_rate_or_size(tmp_path):
    values = body(3)
    cells = {name: cell for name, cell in spoter_cells(values, labels=1).items() if not name.startswith("neck")}
    write_table(tmp_path / "x.csv", [cells])
    clip = load(tmp_path, "x.csv#0", ImportedParams(fps=20, size=(200, 100)))
    shoulders = values[:, [SPOTER.index("left_shoulder"), SPOTER.index("right_shoulder")]].mean(1)
    assert np.allclose(clip.coordinates[:, SPOTER.index("neck")], shoulders, atol=1e-6)
    assert (clip.fps, clip.width, clip.height) == (20, 200, 100)


def test_ids_glosses_signers_and_splits_are_read_where_they_are(tmp_path):
    write_table(tmp_path / "corpus.csv", [
        spoter_cells(body(), labels=0, clip_id="a/1", gloss="HOUSE", signer="Ana", split="dev"),
        spoter_cells(body(), labels=1, clip_id="a/2", gloss="", signer="", split="test")])
    clips, _ = scan(tmp_path)
    assert clips.clip_id.tolist() == ["a/1", "a/2"] and clips.glosses.tolist() == [["HOUSE"], ["1"]]
    assert clips.split.tolist() == ["val", "test"] and clips.signer.tolist()[0] == "Ana" and clips.signer.isna()[1]


def test_a_corpus_may_be_one_file_below_the_root(tmp_path):
    for name in ("a_train.csv", "b_val.csv"):
        write_table(tmp_path / "sub" / name, [spoter_cells(body(), labels=0)])
    clips, _ = scan(tmp_path, str(tmp_path / "sub/b_val.csv"))
    assert clips.media.tolist() == ["sub/b_val.csv#0"] and clips.split.tolist() == ["val"]
    assert len(load(tmp_path, "sub/b_val.csv#0", SETTINGS)) == 5
    with pytest.raises(CorpusError, match="is not below the corpus root"):
        scan(tmp_path / "sub", str(write_table(tmp_path / "c.csv", [spoter_cells(body(), labels=0)])))


def test_lines_that_cannot_be_used_are_named_and_the_others_read(tmp_path):
    good = spoter_cells(body(), labels=0, split="")
    path = write_table(tmp_path / "x.csv", [good, good | {"labels": ""}, good | {"split": "final"}, good])
    path.write_text(path.read_text() + "a,b\n" + '"[1,\n 2]"\n')
    clips, problems = scan(tmp_path)
    assert clips.media.tolist() == ["x.csv#0", "x.csv#3"]
    assert [(p.clip, p.kind) for p in problems] == [
        ("x.csv clip 1", "gloss-missing"), ("x.csv clip 2", "split-unknown"), ("x.csv clip 4", "csv-fields"),
        ("x.csv clip 5", "csv-fields"), ("x.csv clip 6", "csv-fields")]
    assert "2 fields for 110 columns" in str(problems[2]) and "several lines" in str(problems[3])


@pytest.mark.parametrize("cell, message", [
    ("[0.1, 0.2]", "lists of different lengths: 5 values in nose_X, 2 to 5 in others, such as leftEye_X"),
    ("__import__('os').system('true')", "the cell leftEye_X is not a list of numbers"),
    ("[0.1, [1], 0.3, 0.4, 0.5]", "the cell leftEye_X is not a list of numbers"),
    ("[0.1 0.2 0.3 0.4 0.5]", "the cell leftEye_X is not a list of numbers"),
    ("7", "the cell leftEye_X is not a list"),
    ('["a", 1, 2, 3, 4]', "the cell leftEye_X is not a list"),
])
def test_a_cell_is_never_evaluated_and_its_faults_are_named(tmp_path, cell, message):
    write_table(tmp_path / "x.csv", [spoter_cells(body(), labels=0) | {"leftEye_X": cell}])
    with pytest.raises(ClipError, match=message):
        load(tmp_path, "x.csv#0", SETTINGS)


def test_nan_in_a_cell_is_missing(tmp_path):
    write_table(tmp_path / "x.csv", [spoter_cells(body(), labels=0) | {"leftEye_X": "[nan, 0.2, NaN, 0.4, 0.5]"}])
    clip = load(tmp_path, "x.csv#0", SETTINGS)
    assert np.isnan(clip.coordinates[:, SPOTER.index("left_eye")]).all(-1).tolist() == [True, False, True, False, False]


@pytest.mark.parametrize("content, message", [
    (None, "holds no CSV file"),
    (b"", "has no columns nose_X and nose_Y"),
    (b"\xff\xfe\xff\n", "is not CSV in UTF-8"),
    (b"nose_X,nose_Y,labels\n", "has no columns rightEye_X"),
])
def test_files_of_another_format_are_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        scan(tmp_path)


def test_a_file_without_labels_is_refused(tmp_path):
    write_table(tmp_path / "x.csv", [spoter_cells(body())])
    with pytest.raises(CorpusError, match="has no column 'labels'"):
        scan(tmp_path)


def test_media_that_are_gone_or_elsewhere(tmp_path):
    write_table(tmp_path / "in/x.csv", [spoter_cells(body(), labels=0)])
    with pytest.raises(ClipError, match="has 1 clips, none of number 1"):
        load(tmp_path / "in", "x.csv#1", SETTINGS)
    with pytest.raises(CorpusError, match="leaves the corpus root"):
        load(tmp_path / "in", "../x.csv#0", SETTINGS)


def test_a_long_stream_fits_a_cell(tmp_path):
    values = np.tile(body(1), (20_000, 1, 1))
    cells = spoter_cells(values, labels=0)
    assert len(json.dumps(values[:, 1, 0].tolist())) > 131_072  # the csv module's own limit
    write_table(tmp_path / "x.csv", [cells])
    assert len(load(tmp_path, "x.csv#0", SETTINGS)) == 20_000


def silt_cell(values: np.ndarray) -> str:
    """A list as NumPy writes it, which isn't JSON: `[0.25,-2.  ]`."""
    return np.array2string(values, separator=",").replace("\n ", "").strip()


def silt_cells(values: np.ndarray, joints: str, label: float) -> dict[str, str]:
    """One clip (T, J, 2) in the order of SiLT's columns, as its authors' code writes it."""
    names = [name for pair in silt_columns(joints).values() for name in pair]
    return dict(zip(names, map(silt_cell, values.reshape(len(values), -1).T), strict=True)) | {
        "labels": silt_cell(np.full(len(values), label))}


def test_silts_columns_are_the_authors_and_name_hands_as_in_a_mirror():
    names = silt_columns("holistic-75")
    assert list(names.values())[:2] == [("RHx0", "RHy0"), ("RHx1", "RHy1")] and len(names) == 75
    assert [list(names.values())[i][0] for i in (20, 21, 41, 42, 74)] == ["RHx20", "LHx0", "LHx20", "Px0", "Px32"]
    assert names["left_hand_wrist"] == ("RHx0", "RHy0") and names["right_hand_index_tip"] == ("LHx8", "LHy8")
    assert names["right_wrist"] == ("Px16", "Py16")
    hand = silt_columns("right-hand-21")
    assert list(hand.values())[0] == ("x0", "y0") and hand["right_hand_pinky_tip"] == ("x20", "y20")


@pytest.mark.parametrize("name", ["holistic-75", "right-hand-21"])
def test_silts_own_files_are_read(tmp_path, name):
    target, order = skeleton(name), list(silt_columns(name))
    values = np.random.default_rng(0).uniform(0.1, 0.9, (6, len(order), 2)).round(8)
    values[2, 3] = values[:, 7] = -2
    values[1, 4] = 0.5, 1  # a whole number, "1." in the file
    write_table(tmp_path / "x-y/WLASL100_test.csv", [silt_cells(values, name, 12), silt_cells(values[:1], name, 7.0)])
    clips, problems = scan(tmp_path, str(tmp_path / "x-y/WLASL100_test.csv"))
    assert problems == [] and clips.glosses.tolist() == [["12"], ["7"]] and clips.split.tolist() == ["test", "test"]
    assert joints(tmp_path, SETTINGS) == target
    clip = load(tmp_path, clips.media[0], SETTINGS)
    expected = np.where(values == -2, np.nan, values)
    found = clip.coordinates[:, [target.index(joint) for joint in order]]
    assert np.allclose(found, expected, atol=1e-6, equal_nan=True)
    assert len(load(tmp_path, clips.media[1], SETTINGS)) == 1


def test_silts_files_that_cannot_be_used_say_why(tmp_path):
    values = np.full((3, 21, 2), 0.5)
    cells = silt_cells(values, "right-hand-21", 1)
    write_table(tmp_path / "a.csv", [cells | {"labels": "[1.,1.,2.]"}, cells | {"labels": "[1., ..., 1.]"}])
    clips, problems = scan(tmp_path)
    assert clips.empty and [problem.kind for problem in problems] == ["csv-fields"] * 2
    assert "different numbers in 'labels'" in problems[0].reason and "not a list of numbers" in problems[1].reason
    write_table(tmp_path / "b.csv", [spoter_cells(body(), labels=0)])
    with pytest.raises(ClipError, match="has the joints of spoter-54, the corpus those of right-hand-21"):
        load(tmp_path, "b.csv#0", SETTINGS)
    assert len(load(tmp_path, "b.csv#0", ImportedParams(skeleton="spoter-54"))) == 5
    with pytest.raises(ParamsError, match="no CSV has the joints of 'hands-42'"):
        joints(tmp_path, ImportedParams(skeleton="hands-42"))
    del cells["y20"]
    with pytest.raises(CorpusError, match="has no column y20; SiLT's files have x and y of all joints"):
        scan(tmp_path, str(write_table(tmp_path / "c.csv", [cells])))
