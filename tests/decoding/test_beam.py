"""Beam search, against every gloss sequence and against flashlight-text."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slr.decoding import beam, flashlight
from slr.decoding.ngram import Fusion, train_ngrams
from tests.helpers.lattices import fusion, noise, readings, spikes

ENDLESS = 10**4
pruned = st.sampled_from(["states", "prefixes"])


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(2, 4), st.booleans(), pruned)
@settings(max_examples=60)
def test_without_pruning_it_finds_every_sequence_and_its_probability(seed, frames, classes, with_model, pruning):
    rng = np.random.default_rng(seed)
    log_probs = noise(rng, frames, classes)
    expected = readings(log_probs)
    language = fusion(classes, rng) if with_model else None
    if language:
        expected = {glosses: score + 0.7 * language.model.score(glosses) + 0.4 * len(glosses)
                    for glosses, score in expected.items()}
    found = beam.beam_search(log_probs, width=ENDLESS, top=classes, n_best=ENDLESS, fusion=language,
                             pruning=pruning)
    assert {tuple(glosses): score for glosses, score in found} == pytest.approx(expected)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert math.isclose(np.logaddexp.reduce(scores), 0, abs_tol=1e-9) or with_model


@given(st.integers(0, 10**6), st.integers(1, 6), pruned)
@settings(max_examples=40)
def test_with_pruning_no_score_is_above_the_sequence_s_own(seed, width, pruning):
    log_probs = noise(np.random.default_rng(seed), 6, 4, scale=2)
    expected = readings(log_probs)
    for glosses, score in beam.beam_search(log_probs, width, top=3, n_best=ENDLESS, pruning=pruning):
        assert score <= expected[tuple(glosses)] + 1e-9


def by_hand(log_probs, width):
    """Hannun et al.'s search with plain dictionaries: of each prefix the probabilities of both states."""
    beam = {(): (1.0, 0.0)}
    for frame in np.exp(log_probs):
        grown = {}

        def add(prefix, blank, label, grown=grown):
            before = grown.get(prefix, (0.0, 0.0))
            grown[prefix] = (before[0] + blank, before[1] + label)

        for prefix, (blank, label) in beam.items():
            add(prefix, (blank + label) * frame[0], label * frame[prefix[-1]] if prefix else 0)
            for gloss in range(1, len(frame)):
                repeat = bool(prefix) and gloss == prefix[-1]
                add((*prefix, gloss), 0, (blank if repeat else blank + label) * frame[gloss])
        beam = dict(sorted(grown.items(), key=lambda item: -sum(item[1]))[:width])
    return {prefix: np.log(sum(states)) for prefix, states in beam.items()}


@given(st.integers(0, 10**6), st.integers(1, 8))
@settings(max_examples=40)
def test_pruned_prefixes_are_those_of_the_plain_search(seed, width):
    log_probs = noise(np.random.default_rng(seed), 8, 4, scale=2)
    found = beam.beam_search(log_probs, width, top=4, n_best=ENDLESS, pruning="prefixes")
    assert {tuple(glosses): score for glosses, score in found} == pytest.approx(by_hand(log_probs, width))


def test_impossible_classes_are_never_read():
    log_probs = np.log(np.array([[0.5, 0.5, 0], [0, 1, 0], [0.4, 0.6, 0]]) + 0.0, where=np.array(
        [[1, 1, 0], [0, 1, 0], [1, 1, 0]], bool), out=np.full((3, 3), -np.inf))
    assert beam.beam_search(log_probs, n_best=9) == [([1], pytest.approx(0.0))]


@pytest.mark.parametrize("made", [noise, spikes, lambda rng, t, v: noise(rng, t, v, 3.0)],
                         ids=["noise", "spikes", "sharper noise"])
def test_flashlight_finds_the_same(made):
    pytest.importorskip("flashlight")
    rng = np.random.default_rng(0)
    for frames, classes in [(60, 1200)] * 20 + [(1, 5), (0, 5), (7, 3), (30, 12)]:
        log_probs = made(rng, frames, classes)
        own, theirs = beam.beam_search(log_probs, n_best=10), flashlight.beam_search(log_probs, n_best=10)
        assert [glosses for glosses, _ in own] == [glosses for glosses, _ in theirs]
        assert [score for _, score in own] == pytest.approx([score for _, score in theirs], rel=1e-5, abs=1e-4)


def test_flashlight_finds_the_same_with_a_language_model():
    pytest.importorskip("flashlight")
    rng = np.random.default_rng(1)
    language = fusion(60, rng)
    for made, frames in ((noise, 30), (spikes, 40), (noise, 0)):
        log_probs = made(rng, frames, 60)
        own, theirs = (search(log_probs, n_best=10, fusion=language)
                       for search in (beam.beam_search, flashlight.beam_search))
        assert [glosses for glosses, _ in own] == [glosses for glosses, _ in theirs]
        assert [score for _, score in own] == pytest.approx([score for _, score in theirs], rel=1e-5, abs=1e-4)


def test_a_language_model_decides_between_equals():
    labels = ["A", "B", "C"]
    model = train_ngrams([["A", "B"], ["A", "B"], ["A", "C"]], labels)
    log_probs = np.log([[0.02, 0.96, 0.01, 0.01], [0.97, 0.01, 0.01, 0.01], [0.02, 0.02, 0.48, 0.48]])
    (glosses, _), = beam.beam_search(log_probs, fusion=Fusion(model))
    assert glosses == [1, 2]
    short, = beam.beam_search(log_probs, fusion=Fusion(model, 1.0, insertion_bonus=-20))
    assert short[0] == []
