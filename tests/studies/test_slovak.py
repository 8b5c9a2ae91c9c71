"""The Slovak recordings, as the studies read them."""

import csv

import numpy as np

from slr.corpora.folder import scan
from slr.corpora.reading import nfc
from slr.dataset.landmark_store import LandmarkStore
from studies import slovak
from studies.workspace import kept
from tests.helpers.study_recordings import real, write_takes, write_words


def test_words_have_both_takes_and_are_in_the_dictionary(tmp_path):
    write_words(tmp_path, ["pes", "mama"])
    assert [word["word_sk"] for word in slovak.words(tmp_path)] == ["pes", "mama"]
    assert [word["word_sk"] for word in slovak.words(tmp_path, longest=60)] == ["pes", "mama"]
    assert not slovak.words(tmp_path, longest=59)
    slovak.write_annotations(tmp_path / "takes.csv", slovak.words(tmp_path))
    with open(tmp_path / "takes.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["gloss"], row["split"]) for row in rows[:2]] == [
        ("words_front/w0.mp4", "pes", "train"), ("words_side/w0.mp4", "pes", "test")]
    assert {row["signer"] for row in rows} == {"one"} and len(rows) == 4


def test_each_gloss_with_both_takes_is_found_by_dtw(tmp_path):
    glosses = ["dom", "auto", "pes", "strom"]
    write_takes(tmp_path, glosses)
    store = LandmarkStore(tmp_path / "landmarks")
    pairs = slovak.takes(tmp_path / "manifest.parquet", store)
    assert pairs.gloss.tolist() == ["auto", "pes", "strom"]
    assert pairs.front.tolist() == ["front/1", "front/2", "front/3"] and pairs.side[0] == "side/1"
    assert slovak.places(slovak.dtw_matrix(store, pairs)).tolist() == [1, 1, 1]


def test_places_count_a_tie_as_lost():
    assert slovak.places(np.array([[0.1, 0.2, 0.3], [0.0, 0.5, 0.6], [1.0, 1.0, 1.0]])).tolist() == [1, 2, 3]


def test_an_array_is_kept_until_what_it_follows_from_changes(tmp_path):
    made = []

    def make():
        made.append(len(made))
        return np.array(made)

    for key in ("a", "a", "b"):
        last = kept(tmp_path / "dtw", key, make)
    assert last.tolist() == [0, 1] and len(made) == 2


def test_the_recordings_give_one_pair_of_takes_a_gloss(tmp_path):
    recordings = real("slovak")
    chosen = slovak.words(recordings)
    assert len({nfc(word["word_sk"]).strip() for word in chosen}) == len(chosen) == 389
    slovak.write_annotations(tmp_path / "words.csv", chosen)
    clips, problems = scan(recordings, tmp_path / "words.csv")
    assert not problems and clips.split.value_counts().to_dict() == {"train": 389, "test": 389}
