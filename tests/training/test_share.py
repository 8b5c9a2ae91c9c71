"""A share of the training clips: drawn gloss by gloss, by the seed alone, and nested."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from slr.io.files import read_json
from slr.training.data import in_share
from tests.helpers.training import run, settings

SIGNS = pd.Series([[gloss] for gloss, clips in {"a": 20, "b": 10, "c": 1, "d": 3}.items() for _ in range(clips)])
SENTENCES = pd.Series([["a", "b"]] * 30 + [["b", "c"], ["d"]] + [["a"]] * 8)
SHARES = (0.01, 0.1, 0.2, 0.5, 0.9, 1)


@pytest.mark.parametrize("glosses", [SIGNS, SENTENCES, pd.Series([[]] * 7)], ids=["signs", "sentences", "streams"])
def test_a_larger_share_contains_a_smaller_one(glosses):
    for seed in range(5):
        chosen = [in_share(glosses, share, seed) for share in SHARES]
        for smaller, larger in zip(chosen[:-1], chosen[1:], strict=True):
            assert smaller.sum() <= larger.sum() and larger[smaller].all()
        assert chosen[-1].all() and chosen[0].any()
        assert {gloss for own in glosses[chosen[0]] for gloss in own} == {gloss for own in glosses for gloss in own}


def test_each_gloss_gives_its_share_and_at_least_one_clip():
    counts = {share: dict(Counter(own[0] for own in SIGNS[in_share(SIGNS, share, seed=1)])) for share in (0.1, 0.5)}
    assert counts == {0.1: {"a": 2, "b": 1, "c": 1, "d": 1}, 0.5: {"a": 10, "b": 5, "c": 1, "d": 2}}
    assert in_share(pd.Series([[]] * 8), 0.5, seed=1).sum() == 4


def test_another_seed_draws_others_and_every_clip_may_be_drawn():
    drawn = [in_share(SIGNS, 0.2, seed) for seed in range(60)]
    assert np.array_equal(drawn[0], in_share(SIGNS, 0.2, seed=0)) and not np.array_equal(drawn[0], drawn[1])
    assert np.any(drawn, axis=0).all()


def test_a_model_is_trained_on_its_share_of_the_clips_and_validated_on_all(corpus, tmp_path):
    whole, share = (read_json(run(corpus, tmp_path / str(share), settings(train_share=share, epochs=1)) / "config.json")
                    for share in (1, 0.25))
    assert (whole["training"]["train_clips"], share["training"]["train_clips"]) == (64, 16)
    assert whole["training"]["val_clips"] == share["training"]["val_clips"] and whole["labels"] == share["labels"]
