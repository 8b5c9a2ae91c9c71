"""Signs outside the gallery: the share of false alarms is kept, and what can't be told isn't."""

import json

import numpy as np
import pytest

from slr.errors import GalleryError
from slr.gallery.openset import Calibration, calibrate
from slr.gallery.search import Search
from tests.helpers.galleries import clusters, gallery


def of_world(clips: int, known: int = 60, outside: int = 400, spread: float = 0.15, seed: int = 0):
    """A gallery of some signs of a world, a further clip of each of them, and clips of signs that aren't in it."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(known + outside, 8))
    shown = centres[:known, None] + spread * rng.normal(size=(known, clips, 8))
    made = gallery(shown.reshape(-1, 8), [f"g{i:03d}" for i in range(known) for _ in range(clips)])
    asked = (centres + spread * rng.normal(size=centres.shape)).astype(np.float32)
    return Search(made), asked[:known], asked[known:]


def passed(search: Search, calibration: Calibration, queries: np.ndarray, false_accept_rate: float) -> float:
    """Share of queries that are taken for signs of the gallery."""
    threshold = calibration.threshold(false_accept_rate)
    return float(np.mean([calibration.confidence(search.nearest_rows(query, 2)[1]) >= threshold for query in queries]))


@pytest.mark.parametrize("clips", [1, 4])
@pytest.mark.parametrize("false_accept_rate", [0.05, 0.1, 0.3])
def test_signs_outside_pass_as_often_as_was_allowed(clips, false_accept_rate):
    rates, kept = [], []
    for seed in range(5):
        search, inside, outside = of_world(clips, seed=seed)
        calibration = calibrate(search)
        rates.append(passed(search, calibration, outside, false_accept_rate))
        kept.append(passed(search, calibration, inside, false_accept_rate))
    assert np.mean(rates) == pytest.approx(false_accept_rate, abs=0.03 + 0.3 * false_accept_rate)
    assert np.mean(kept) > 0.9


def test_what_it_says_of_its_own_clips_comes_true_for_new_ones():
    search, inside, _ = of_world(4, spread=0.5)
    calibration = calibrate(search)
    assert 0.5 < calibration.auroc < 1
    assert passed(search, calibration, inside, 0.1) == pytest.approx(calibration.true_accept_rate, abs=0.15)


def test_one_clip_a_gloss_tells_nothing_of_signs_inside():
    calibration = calibrate(of_world(1)[0])
    assert calibration.true_accept_rate is None and calibration.auroc is None and calibration.score == "ratio"
    assert len(calibration.outside) == 60


def test_clips_of_the_same_signer_are_no_evidence_where_there_are_others():
    vectors = [[0, 0], [0.01, 0], [9, 0], [10, 0], [10.01, 0], [1, 9], [0, 10], [0, 10.01], [1, 1]]
    signers = ["x", "x", "y"] * 3
    apart, alike = (calibrate(Search(gallery(vectors, list("aaabbbccc"), who))) for who in (signers, ["x"] * 9))
    assert alike.auroc > apart.auroc


def test_a_nearer_query_is_never_less_certain():
    calibration = calibrate(Search(clusters(30, 3, spread=0.6)))
    confidences = [calibration.confidence([distance, 20.0]) for distance in np.linspace(0, 20, 50)]
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] == pytest.approx(1 - 1 / 31) and confidences[-1] < 0.2


def test_each_gloss_counts_once_however_many_clips_it_has():
    calibration = Calibration("distance", ((1.0,), (2.0, 2.0, 2.0, 2.0), (3.0,)))
    assert calibration.confidence([0.5]) == pytest.approx(1 - 1 / 4)
    assert calibration.confidence([1.0]) == pytest.approx(1 - 2 / 4)
    assert calibration.confidence([2.5]) == pytest.approx(1 - 3 / 4)


def test_few_glosses_cannot_keep_to_a_small_alarm_and_say_which_they_can():
    calibration = Calibration("distance", ((1.0,), (2.0,), (3.0,)))
    assert calibration.false_accept_rate(0.1) == 1 / 4 and calibration.false_accept_rate(0.5) == 0.5
    assert calibration.confidence([0.9]) >= calibration.threshold(0.1) > calibration.confidence([1.0])


def test_two_glosses_tell_nothing():
    assert calibrate(Search(clusters(2, 5))) is None


def test_glosses_that_all_lie_in_one_point_do_not_divide_by_zero():
    calibration = calibrate(Search(gallery(np.zeros((6, 2)), list("aabbcc"))))
    assert 0 <= calibration.confidence([0.0, 0.0]) < 0.5


def test_it_survives_json_and_what_is_broken_does_not():
    calibration = calibrate(Search(clusters(5, 3)))
    content = json.loads(json.dumps(calibration.to_json()))
    assert Calibration.of_json(content) == calibration and Calibration.of_json(None) is None
    for broken in ({}, content | {"outside": []}, content | {"outside": [[]]}, content | {"score": "x"},
                   content | {"outside": [["a"]]}, content | {"outside": [[float("nan")]]}, content | {"more": 1}, []):
        with pytest.raises(GalleryError, match="calibration is broken"):
            Calibration.of_json(broken)
