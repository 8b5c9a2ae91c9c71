"""Whole sentences with times."""

import numpy as np
import pytest

from slr.decoding.decoder import Decoder
from slr.decoding.ngram import Fusion, train_ngrams
from slr.decoding.records import Gloss, in_seconds, named
from slr.errors import DecodingError
from slr.params.families.ctc import DecodingParams
from tests.helpers.lattices import noise, spikes

PATH = [0, 1, 1, 0, 0, 0, 2, 0, 0]
SENTENCE = np.log(np.eye(3)[PATH] * 0.97 + 0.01)


@pytest.mark.parametrize("method", ["beam", "greedy"])
def test_glosses_have_times(method):
    (found,) = Decoder(method)(SENTENCE)
    assert found.glosses == (Gloss(1, 1, 3), Gloss(2, 6, 7))
    (found,) = Decoder(method, boundaries="middle")(SENTENCE)
    assert found.glosses == (Gloss(1, 0, 4.5), Gloss(2, 4.5, 8.5))
    (found,) = Decoder(method, boundaries="middle", at_most=1)(SENTENCE)
    assert found.glosses == (Gloss(1, 0, 4), Gloss(2, 5, 8))
    assert in_seconds(named(found.glosses, ["RAIN", "SUN"]), stride=4, fps=25) == (
        Gloss("RAIN", 0, 0.64), Gloss("SUN", 0.8, 1.28))


@pytest.mark.parametrize("method", ["beam", "greedy"])
def test_equal_neighbours_become_one_gloss_over_the_time_of_all(method):
    path = [0, 1, 0, 1, 1, 0, 2, 0, 1]
    log_probs = np.log(np.eye(3)[path] * 0.97 + 0.01)
    (apart,), (merged,) = (Decoder(method, merge_repeats=merge)(log_probs) for merge in (False, True))
    assert apart.glosses == (Gloss(1, 1, 2), Gloss(1, 3, 5), Gloss(2, 6, 7), Gloss(1, 8, 9))
    assert merged.glosses == (Gloss(1, 1, 5), Gloss(2, 6, 7), Gloss(1, 8, 9))
    assert merged.score == pytest.approx(apart.score)
    assert Decoder(method, merge_repeats=True)(log_probs[:0])[0].glosses == ()


def test_a_models_settings_are_those_of_its_decoder():
    params = DecodingParams(width=3, top=7, pruning="prefixes", merge_repeats=True)
    assert Decoder.of(params, boundaries="middle") == Decoder(
        width=3, top=7, pruning="prefixes", merge_repeats=True, boundaries="middle")
    assert Decoder.of(DecodingParams()) == Decoder()


@pytest.mark.parametrize("method", ["beam", "greedy"])
def test_no_frames_have_no_glosses(method):
    (found,) = Decoder(method)(np.zeros((0, 4)))
    assert found.glosses == () and found.score == 0


def test_both_searches_give_the_same_sentences():
    pytest.importorskip("flashlight")
    rng = np.random.default_rng(2)
    for log_probs in (noise(rng, 30, 50), spikes(rng, 60, 300)):
        own, theirs, auto = (Decoder(decoder=name)(log_probs, 5) for name in ("own", "flashlight", "auto"))
        assert [h.glosses for h in own] == [h.glosses for h in theirs] == [h.glosses for h in auto]
        assert [h.score for h in auto] == [h.score for h in theirs]
        assert len({tuple(h.labels) for h in own}) == 5


def test_a_language_model_is_used_by_the_own_search(monkeypatch):
    monkeypatch.setattr("slr.decoding.flashlight.beam_search", None)
    fusion = Fusion(train_ngrams([["A"]], ["A", "B"]), weight=1.0, insertion_bonus=9.0)
    plain, = Decoder(decoder="own")(SENTENCE)
    found, = Decoder(fusion=fusion)(SENTENCE)
    assert found.score > plain.score


def test_what_can_not_be_is_refused(monkeypatch):
    with pytest.raises(DecodingError, match="language model"):
        Decoder("greedy", fusion=Fusion(train_ngrams([["A"]], ["A"])))
    monkeypatch.setattr("slr.decoding.flashlight.installed", lambda: True)
    with pytest.raises(DecodingError, match="prunes states"):
        Decoder(decoder="flashlight", pruning="prefixes")
    monkeypatch.setattr("slr.decoding.flashlight.installed", lambda: False)
    with pytest.raises(DecodingError, match=r"slr\[decoding\]"):
        Decoder(decoder="flashlight")
    assert Decoder()(SENTENCE)[0].labels == [1, 2]
