import numpy as np
import pytest

from slr.corpora.sample import motion, timeline
from slr.corpora.sample.signer import make_signers
from slr.corpora.sample.signs import SIGNS

SIGNER = make_signers(1, seed=2)[0]
FPS = 15


def rng():
    return np.random.default_rng(7)


def test_an_isolated_clip_rests_signs_and_rests():
    action = timeline.sentence([SIGNS[0]], SIGNER, rng()).sample(FPS)
    (segment,) = action.segments
    assert segment.label == SIGNS[0].gloss
    assert 3 < segment.start < segment.end < len(action.speaking) - 3
    rest = motion.rest_hand(SIGNER).centre[0]
    np.testing.assert_allclose(action.dominant.centre[[0, -1]], [rest, rest])
    assert (np.linalg.norm(action.dominant.centre[segment.start:segment.end] - rest, axis=-1) > 0.1).all()


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.gloss)
def test_the_other_hand_moves_for_two_handed_signs_alone(sign):
    action = timeline.sentence([sign], SIGNER, rng()).sample(FPS)
    assert (np.ptp(action.other.centre, axis=0).max() > 0.05) == (sign.hands == 2)


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.gloss)
def test_hands_move_without_jumps(sign):
    action = timeline.sentence([sign], SIGNER, rng()).sample(120)
    for hand in (action.dominant, action.other):
        moved = np.linalg.norm(np.diff(hand.centre, axis=0), axis=-1)
        assert moved.max() * 120 < 4  # metres a second; a jump would be ten times that
        turned = (hand.turn[:-1].inv() * hand.turn[1:]).magnitude()
        assert turned.max() * 120 < 20  # radians a second


def test_a_sentence_has_its_signs_in_order_and_apart():
    signs = (SIGNS[3], SIGNS[9], SIGNS[3])
    action = timeline.sentence(signs, SIGNER, rng()).sample(FPS)
    assert [segment.label for segment in action.segments] == [sign.gloss for sign in signs]
    for one, other in zip(action.segments[:-1], action.segments[1:], strict=True):
        assert other.start - one.end >= 2  # a transition


def test_every_frame_of_a_stream_has_one_label_and_all_three_occur():
    labels = set()
    for seed in range(4):
        action = timeline.stream(SIGNS, SIGNER, np.random.default_rng(seed)).sample(FPS)
        assert action.segments[0].start == 0 and action.segments[-1].end == len(action.speaking)
        for one, other in zip(action.segments[:-1], action.segments[1:], strict=True):
            assert one.end == other.start and one.label != other.label
        for segment in action.segments:
            assert (action.speaking[segment.start:segment.end] == (segment.label == "P")).all()
        labels |= {segment.label for segment in action.segments}
    assert labels == {"S", "P", "n"}


def test_mouths_move_while_speaking_and_eyes_blink():
    times = np.arange(300) / FPS
    faces = timeline.expressions(times, times < 10, rng())
    mouths, eyes = np.array(faces).T
    assert len(np.unique(mouths[times < 10])) > 2 and not mouths[times >= 10].any()
    assert 0 < (eyes == 0).mean() < 0.2


def test_a_performance_differs_each_time():
    a, b = (timeline.sentence([SIGNS[0]], SIGNER, np.random.default_rng(seed)).sample(FPS) for seed in (1, 2))
    assert not np.allclose(a.dominant.centre[10], b.dominant.centre[10])
