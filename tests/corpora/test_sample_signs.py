from slr.corpora.sample import MINIMAL_PAIRS, SIGNS, signs
from slr.corpora.sample.hand import HANDSHAPES
from slr.corpora.sample.motion import MOVEMENTS

BY_GLOSS = {sign.gloss: sign for sign in SIGNS}


def test_there_are_sixteen_signs_of_known_parts():
    assert len(SIGNS) == len(BY_GLOSS) == 16
    for sign in SIGNS:
        assert sign.gloss.isupper()
        assert sign.handshape in HANDSHAPES
        assert sign.place in signs.PLACES
        assert sign.movement in MOVEMENTS
        assert sign.hands in (1, 2)


def test_most_signs_are_in_minimal_pairs_of_every_kind():
    kinds = [signs.differences(BY_GLOSS[a], BY_GLOSS[b]) for a, b in MINIMAL_PAIRS]
    assert all(len(kind) == 1 for kind in kinds)
    assert {kind[0] for kind in kinds} >= {"handshape", "place", "movement", "hands"}
    assert len({gloss for pair in MINIMAL_PAIRS for gloss in pair}) >= 10


def test_the_smallest_corpora_have_minimal_pairs_too():
    first = {sign.gloss for sign in SIGNS[:4]}
    assert {gloss for pair in MINIMAL_PAIRS if set(pair) <= first for gloss in pair} == first


def test_no_two_signs_are_the_same():
    assert all(signs.differences(a, b) for a in SIGNS for b in SIGNS if a is not b)
