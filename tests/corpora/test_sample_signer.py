import numpy as np

from slr.corpora.sample.signer import make_signers


def test_a_larger_corpus_keeps_the_signers_of_a_smaller_one():
    assert make_signers(20, seed=3)[:8] == make_signers(8, seed=3)
    assert make_signers(8, seed=3) != make_signers(8, seed=4)


def test_eight_signers_are_spread_over_every_trait():
    signers = make_signers(8, seed=1)
    for trait in ("upper_arm", "forearm", "hand", "head", "tempo", "space", "rest_up", "rest_out", "sloppiness"):
        values = np.sort([getattr(signer, trait) for signer in signers])
        assert (np.diff(values) > 0).all()
        assert values[0] < np.quantile(values, 0.5) < values[-1]
        assert (values[-1] - values[0]) > 0.6 * np.ptp([getattr(s, trait) for s in make_signers(80, seed=1)])


def test_some_signers_are_left_handed_and_most_are_not():
    left = sum(signer.left_handed for signer in make_signers(8, seed=1))
    assert 1 <= left < 4


def test_skin_stands_out_against_shirt_and_wall():
    for signer in make_signers(64, seed=1):
        for other in (signer.shirt, signer.background):
            assert np.abs(np.subtract(other, signer.skin)).sum() > 120
