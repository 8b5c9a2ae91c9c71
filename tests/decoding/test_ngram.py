"""The language model of glosses."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr.decoding.ngram import load_ngrams, train_ngrams
from slr.errors import DecodingError

LABELS = ["RAIN", "SUN", "WIND", "COLD"]
sentences_of = st.lists(st.lists(st.sampled_from(LABELS[:3]), max_size=5), min_size=1, max_size=8)


@given(sentences_of, st.integers(1, 4), st.lists(st.integers(1, 4), max_size=5))
def test_after_any_history_all_glosses_and_the_end_sum_to_one(sentences, order, history):
    probabilities = np.exp(train_ngrams(sentences, LABELS, order).log_probs(history))
    assert probabilities.shape == (5,) and (probabilities > 0).all()
    assert probabilities.sum() == pytest.approx(1)


def test_the_sentences_of_each_length_and_the_longer_ones_share_the_mass():
    model = train_ngrams([["RAIN", "SUN"], ["SUN"]], LABELS)
    ended = sum(np.exp(model.score(classes)) for n in range(5) for classes in itertools.product(range(1, 5), repeat=n))
    assert 0.9 < ended < 1


def test_the_probabilities_are_witten_bell_s():
    model = train_ngrams([["RAIN", "SUN"], ["RAIN", "WIND"], ["RAIN", "SUN"]], LABELS, order=2)
    # 9 outcomes of 4 kinds: RAIN 3, SUN 2, WIND 1, the end 3; beneath them 5 outcomes are equally probable.
    one = {"SUN": (2 + 4 / 5) / 13, "COLD": (0 + 4 / 5) / 13}
    after_rain = np.exp(model.log_probs([1]))  # 3 outcomes of 2 kinds
    assert after_rain[2] == pytest.approx((2 + 2 * one["SUN"]) / 5)
    assert after_rain[4] == pytest.approx(2 * one["COLD"] / 5)
    after_cold = np.exp(model.log_probs([4]))  # never seen: what is known without history
    assert after_cold[2] == pytest.approx(one["SUN"])


def test_what_was_seen_is_more_probable_the_longer_the_history():
    sentences = [["RAIN", "SUN", "WIND"], ["COLD", "SUN", "COLD"]] * 3
    scores = [train_ngrams(sentences, LABELS, order).score([1, 2, 3]) for order in (1, 2, 3)]
    assert scores == sorted(scores) and scores[0] < scores[2]


@given(sentences=sentences_of, order=st.integers(1, 3))
def test_it_is_the_same_when_read_again(tmp_path_factory, sentences, order):
    path = tmp_path_factory.mktemp("model") / "ngrams.json"
    model = train_ngrams(sentences, LABELS, order)
    model.save(path)
    again = load_ngrams(path, LABELS)
    for classes in ([], [1], [4, 1, 2], [3, 3]):
        assert again.score(classes) == model.score(classes)


def test_glosses_that_the_model_lacks_and_no_sentences_are_refused():
    with pytest.raises(DecodingError, match="'SNOW'"):
        train_ngrams([["RAIN", "SNOW"]], LABELS)
    with pytest.raises(DecodingError, match="at least one"):
        train_ngrams([], LABELS)
    with pytest.raises(DecodingError, match="order 0"):
        train_ngrams([["RAIN"]], LABELS, 0)


@pytest.mark.parametrize("change", [
    lambda content: content.pop("order"), lambda content: content.update(counts=[]),
    lambda content: content.update(order=2), lambda content: content["counts"].append([1, 9, 1, 2]),
])
def test_a_broken_file_is_refused(tmp_path, change):
    path = tmp_path / "ngrams.json"
    train_ngrams([["RAIN", "SUN"]], LABELS).save(path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DecodingError, match="not a language model"):
        load_ngrams(path, LABELS)


def test_one_that_is_absent_or_of_other_glosses_is_refused(tmp_path):
    path = tmp_path / "ngrams.json"
    with pytest.raises(DecodingError, match="no language model"):
        load_ngrams(path, LABELS)
    train_ngrams([["RAIN", "SUN"]], LABELS).save(path)
    with pytest.raises(DecodingError, match="other glosses"):
        load_ngrams(path, LABELS[:3])
    path.write_text("hello")
    with pytest.raises(DecodingError, match="not a language model"):
        load_ngrams(path, LABELS)
