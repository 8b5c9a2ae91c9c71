"""RWTH-BOSTON-104: the real files where they are, and small files like them."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from slr.corpora.imported.boston104 import FPS, SIZE, joints, load, scan
from slr.corpora.scanning import prepare
from slr.corpora.use import use_published
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.errors import ClipError, CorpusError
from slr.extraction.importing import import_landmarks
from slr.params import CorpusParams, ImportedParams
from tests.helpers import REPOSITORY

SETTINGS = ImportedParams()
HEADER = "video,frame,left-x,left-y,right-x,right-y,nose-x,nose-y\n"
WORDS = "video,speaker,word,startframe,endframe\n"
TRAIN = "7,ana,JOHN,0,3\n7,ana,GO,3,9\n"


def write(root: Path, *, train: str = TRAIN, test: str = "12,ben,GO,2,4\n", n_frames: dict[int, int] | None = None,
          header: str = HEADER) -> Path:
    """Files like the corpus's: of video v, frame t has the left hand at (100 + t, v), the right at (50 + t, v + 1)."""
    root.mkdir(parents=True, exist_ok=True)
    tracks = [f"{video},{t},{100 + t},{video},{50 + t},{video + 1},{160},{60}\n"
              for video, count in (n_frames or {12: 6, 7: 10}).items() for t in range(count)]
    (root / "hands_condensed.csv").write_text(header + "".join(tracks))
    (root / "speaker.csv").write_text("video,speaker\n7,ana\n12,ben\n")
    (root / "train_words.csv").write_text(WORDS + train)
    (root / "test_words.csv").write_text(WORDS + test)
    return root


def test_the_real_corpus(shared_data):
    root = shared_data / "boston104"
    clips, problems = scan(root)
    assert problems == [] and len(clips) == 201
    assert Counter(clips.split) == {"train": 161, "test": 40} and clips.signer.nunique() == 3
    train, test = (set(clips[clips.split == split].glosses.explode()) for split in ("train", "test"))
    assert len(train) == 112 and test - train == {"MUST"}
    first = clips.set_index("clip_id").loc["001"]
    assert first.glosses == ["JOHN", "WRITE", "HOMEWORK"] and first.signer == "woman-1"
    assert first.segments[0] == {"start": 8, "end": 18, "label": "JOHN"}
    overlaps = Counter(before["end"] - after["start"] for words in clips.segments
                       for before, after in zip(words, words[1:], strict=False))
    assert overlaps[1] == 113 and overlaps[2] + overlaps[3] == 8 and max(overlaps) == 3
    words, problems = scan(root, subset="words")
    assert problems == [] and len(words) == 888 and (words.end_frame - words.start_frame).between(3, 30).all()
    assert list(words.glosses.str[0]) == list(clips.glosses.explode())


def test_the_real_tracks_are_inside_the_frame_and_complete(shared_data):
    root = shared_data / "boston104"
    recordings = [load(root, media, SETTINGS) for media in scan(root)[0].media]
    assert sum(map(len, recordings)) == 15_746 and {len(one) for one in recordings} <= set(range(41, 163))
    points = np.concatenate([one.coordinates for one in recordings])
    assert not np.isnan(points).any() and points.min() > 0 and points.max() < 1
    nose, left, right = (points[:, joints(root, SETTINGS).index(name)] for name in ("nose", "left_hand", "right_hand"))
    assert (left[:, 0] > right[:, 0]).mean() > 0.8  # left and right are the signer's
    assert (nose[:, 1] < left[:, 1]).all() and (nose[:, 1] < right[:, 1]).mean() > 0.9  # y grows downwards


def test_from_the_files_to_the_store(tmp_path):
    root = write(tmp_path / "boston")
    params = CorpusParams(name="boston104", root=str(root))
    prepare(params, tmp_path / "manifest.parquet")
    clips = read_manifest(tmp_path / "manifest.parquet").set_index("clip_id")
    assert list(clips.index) == ["007", "012"] and list(clips.split) == ["train", "test"]
    assert clips.loc["007"].glosses == ["JOHN", "GO"] and list(clips.signer) == ["ana", "ben"]
    assert [tuple(word.values()) for word in clips.loc["007"].segments] == [(0, 4, "JOHN"), (3, 10, "GO")]
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.skeleton.name == "boston-3" and store.metadata["channels"] == ["x", "y"]
    clip = store["007"]
    assert (clip.fps, clip.width, clip.height, len(clip)) == (FPS, *SIZE, 10)
    expected = np.array([[[160, 60], [100 + t, 7], [50 + t, 8]] for t in range(10)]) / SIZE
    assert np.abs(clip.coordinates - expected).max() < 1e-4


def test_words_are_cut_out_of_their_sentences(tmp_path):
    root = write(tmp_path / "boston")
    params = CorpusParams(name="boston104", root=str(root), subset="words")
    prepare(params, tmp_path / "manifest.parquet")
    import_landmarks(tmp_path / "manifest.parquet", tmp_path / "landmarks", params)
    store = LandmarkStore(tmp_path / "landmarks")
    assert store.n_frames == {"007@0-3": 4, "007@3-9": 7, "012@2-4": 3}
    assert list(store["012@2-4"].frame_numbers) == [2, 3, 4]
    left = joints(root, SETTINGS).index("left_hand")
    assert np.allclose(store["012@2-4"].coordinates[:, left, 0] * SIZE[0], [102, 103, 104], atol=0.04)


def test_frames_may_be_in_any_order(tmp_path):
    root = write(tmp_path)
    before = load(root, "hands_condensed.csv#7", SETTINGS).coordinates
    table = pd.read_csv(root / "hands_condensed.csv").sample(frac=1, random_state=1)
    table.to_csv(root / "hands_condensed.csv", index=False)
    assert np.array_equal(load(root, "hands_condensed.csv#7", SETTINGS).coordinates, before)


@pytest.mark.parametrize("files, clips, problem", [
    ({"train": TRAIN + "7,ana,GO,9,10\n"}, ["007", "012"], ("bad-line", "frames 9 to 10 of video 7, which has 10")),
    ({"train": TRAIN + "7,ana,GO,5,4\n"}, ["007", "012"], ("bad-line", "frames 5 to 4 of video 7")),
    ({"train": TRAIN + "8,ana,GO,1,4\n"}, ["007", "012"], ("missing-video", "1 of 3 clips have no track in .*: 8")),
    ({"test": ""}, ["007"], ("gloss-missing", "1 of 2 clips of hands_condensed.csv have no words: 12")),
    ({"test": "12,ben,GO,2,4\n7,ana,GO,1,2\n"}, ["007", "012"], ("duplicate-id", "would be the same clip")),
])
def test_what_is_wrong_is_one_problem(tmp_path, files, clips, problem):
    found, (only,) = scan(write(tmp_path, **files))
    assert sorted(found.clip_id) == clips and only.kind == problem[0] and only.severity == "error"
    assert pd.Series(only.reason).str.contains(problem[1]).all()


@pytest.mark.parametrize("break_it, message", [
    (lambda root: (root / "speaker.csv").unlink(), "has no speaker.csv; set corpus.root to the folder with"),
    (lambda root: shutil.rmtree(root), "is not a folder"),
    (lambda root: write(root, header=HEADER.replace("nose-x", "nase")), "lacks a column .*nose-x.* RWTH-BOSTON-104"),
    (lambda root: write(root, train="7,ana,GO,one,2\n"), "train_words.csv can't be read .*download it again"),
    (lambda root: write(root, n_frames={7: 4}, header=HEADER + "7,5,1,1,1,1,1,1\n"),
     "the frames of video 7 are not 0, 1, 2"),
])
def test_what_is_not_the_corpus_is_refused(tmp_path, break_it, message):
    root = write(tmp_path / "boston")
    break_it(root)
    with pytest.raises(CorpusError, match=message):
        scan(root)


@pytest.mark.parametrize("media, error, message", [
    ("hands_condensed.csv#8", ClipError, "has no video 8"),
    ("hands_condensed.csv", ClipError, "there is no file"),
    ("../hands_condensed.csv#7", CorpusError, "leaves the corpus root"),
])
def test_a_recording_that_is_not_there_is_named(tmp_path, media, error, message):
    with pytest.raises(error, match=message):
        load(write(tmp_path / "boston"), media, SETTINGS)


def test_choosing_it(tmp_path, monkeypatch):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "boston")
    assert "2 clips of 2 glosses by 2 signers" in use_published("params.yaml", "boston104", "boston")
    assert "3 clips of 2 glosses" in use_published("params.yaml", "boston104", "boston", subset="words")
    with pytest.raises(Exception, match="subset 100 is not one of corpus boston104's; use words or null"):
        use_published("params.yaml", "boston104", "boston", subset=100)
