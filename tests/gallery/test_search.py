"""The nearest different glosses, against a plain loop."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slr.gallery.gallery import Gallery
from slr.gallery.search import Neighbour, Search
from tests.helpers.galleries import clusters, gallery


def plain(made: Gallery, query: np.ndarray, top: int, leave_out: set[int]) -> list[Neighbour]:
    """Every clip measured, sorted, and of each gloss the first."""
    def measure(row: int) -> tuple:
        distance = np.linalg.norm(made.vectors[row:row + 1].astype(float) - query, axis=1)[0]
        return float(distance), made.glosses[row], made.clip_ids[row], row

    measured = sorted(measure(row) for row in range(len(made)) if row not in leave_out)
    best: dict[str, Neighbour] = {}
    for distance, gloss, clip_id, row in measured:
        best.setdefault(gloss, Neighbour(gloss, distance, clip_id, made.signers[row]))
    return list(best.values())[:top]


@st.composite
def questions(draw):
    """A gallery with near and equal vectors in it, a query, how many glosses, and rows that don't count."""
    clips, size = draw(st.integers(1, 30)), draw(st.integers(1, 4))
    numbers = st.sampled_from([0.0, 1.0, 1.0 + 2**-20, -3.0, 1e4, 2.0**-70]) | st.floats(-100, 100, width=32)
    offset = draw(st.sampled_from([0, 1000, -1e6]))
    vectors = draw(arrays(np.float32, (clips, size), elements=numbers)) + np.float32(offset)
    query = draw(arrays(np.float32, size, elements=numbers)) + np.float32(offset)
    glosses = draw(st.lists(st.sampled_from("abcdefg"), min_size=clips, max_size=clips))
    return (gallery(vectors, glosses), query.astype(np.float32), draw(st.integers(1, 8)),
            draw(st.sets(st.integers(0, clips - 1))))


@given(questions())
def test_it_finds_what_a_plain_loop_finds(question):
    made, query, top, leave_out = question
    assert Search(made).nearest(query, top, leave_out) == plain(made, query, top, leave_out)


def test_each_gloss_is_named_once_and_the_nearest_first():
    made = clusters(20, 5)
    for row in (0, 37, 99):
        found = Search(made).nearest(made.vectors[row], 20)
        assert len({n.gloss for n in found}) == 20
        assert (found[0].clip_id, found[0].distance) == (made.clip_ids[row], 0)
        assert [n.distance for n in found] == sorted(n.distance for n in found)


def test_near_neighbours_far_from_the_origin_are_told_apart():
    """|g|^2 - 2 g q + |q|^2 in float32 would call all of these equal."""
    made = gallery(1e4 + np.arange(5)[:, None] * 2**-8 * np.ones((5, 8)), list("edcba"))
    query = np.full(8, 1e4 + 3 * 2**-8, np.float32)
    assert [n.gloss for n in Search(made).nearest(query, 3)] == ["b", "a", "c"]


def test_nothing_is_left_when_all_is_left_out():
    made = clusters(2, 2)
    assert Search(made).nearest(made.vectors[0], 3, range(4)) == []
