"""Asking a model for its outputs leaves it as it was."""

import pytest
import torch

from slr.dataset.skeleton import skeleton
from slr.models import build
from slr.models.outputs import evaluating, outputs
from slr.params.families.spoter import SpoterParams
from slr.preprocessing.clips import load_clips
from slr.preprocessing.normalise import normaliser
from tests.helpers import landmark_corpus

SMALL = SpoterParams(d_model=16, heads=2, encoder_layers=1, decoder_layers=1, feedforward=32)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_left_as_it_was_and_outputs_are_those_of_evaluation(tmp_path, training):
    corpus = landmark_corpus.make(tmp_path, glosses=2, signers=3, repetitions=1)
    clips = load_clips(corpus.landmark_store, corpus.landmark_store.clip_ids, skeleton(SMALL.joints))
    model, normalise = build(SMALL, 2), normaliser(SMALL.normalise, skeleton(SMALL.joints))
    expected = outputs(model.eval(), clips, normalise)["logits"]
    found = outputs(model.train(training), clips, normalise)["logits"]
    assert model.training is training and model.embed.training is training
    torch.testing.assert_close(found, expected)


def test_the_mode_comes_back_after_an_error():
    model = build(SMALL, 2).train()
    with pytest.raises(RuntimeError), evaluating(model):
        raise RuntimeError
    assert model.training
