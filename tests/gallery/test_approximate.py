"""The approximate index, against the exact search."""

import numpy as np
import pytest

from slr.gallery.approximate import ApproximateSearch, index_path, keep_approximate, open_search
from slr.gallery.gallery import write_gallery
from slr.gallery.search import Search
from tests.helpers.galleries import clusters

pytest.importorskip("faiss")


@pytest.fixture(scope="module")
def made():
    return clusters(800, 10, size=24)


def test_it_finds_the_nearest_gloss_and_most_others_and_measures_them_exactly(made):
    exact, approximate = Search(made), ApproximateSearch(made)
    rng = np.random.default_rng(1)
    first, shared = [], []
    for row in rng.integers(0, len(made), 100):
        query = (made.vectors[row] + 0.1 * rng.normal(size=24)).astype(np.float32)
        expected, found = exact.nearest(query, 5), approximate.nearest(query, 5)
        assert len(found) == len({n.gloss for n in found}) == 5
        first.append(found[0] == expected[0])
        shared.append(len({n.gloss for n in found} & {n.gloss for n in expected}) / 5)
        distances = {n.clip_id: n.distance for n in exact.nearest(query, 800)}
        assert all(n.distance >= distances.get(n.clip_id, 0) for n in found)
    assert np.mean(first) >= 0.99 and np.mean(shared) >= 0.8


def test_with_every_cell_probed_it_is_exact_whatever_is_left_out(made):
    exact, approximate = Search(made), ApproximateSearch(made)
    approximate.index.nprobe = approximate.index.nlist
    for row, top in ((5, 1), (400, 3), (7999, 60)):
        out = range(row - row % 10, row - row % 10 + 10)
        assert approximate.nearest(made.vectors[row], top, out) == exact.nearest(made.vectors[row], top, out)


def test_where_its_cells_have_too_few_glosses_it_is_exact(made):
    approximate = ApproximateSearch(made)
    approximate.index.nprobe = 1
    assert approximate.nearest(made.vectors[0], 800) == Search(made).nearest(made.vectors[0], 800)


def test_only_a_large_gallery_keeps_one_and_it_is_opened_with_it(made, tmp_path):
    path = tmp_path / "gallery.parquet"
    write_gallery(path, made)
    assert keep_approximate(path, made) is None and type(open_search(path, made)) is Search
    assert keep_approximate(path, made, at_least=1000) == index_path(path)
    assert type(open_search(path, made)) is ApproximateSearch
    assert keep_approximate(path, made) is None and not index_path(path).exists()


def _garbled(path):
    path.write_text("hello")


def _of_others(path):
    keep_approximate(path.with_suffix(".parquet"), clusters(800, 10, size=24, seed=9), at_least=0)


def _of_fewer(path):
    keep_approximate(path.with_suffix(".parquet"), clusters(100, 10, size=24), at_least=0)


def _of_another_size(path):
    keep_approximate(path.with_suffix(".parquet"), clusters(800, 10, size=8), at_least=0)


@pytest.mark.parametrize("damage", [_garbled, _of_others, _of_fewer, _of_another_size])
def test_one_that_does_not_belong_is_not_used(made, tmp_path, capsys, damage):
    path = tmp_path / "gallery.parquet"
    keep_approximate(path, made, at_least=0)
    damage(index_path(path))
    assert type(open_search(path, made)) is Search
    assert "doesn't belong" in capsys.readouterr().err


def test_without_the_extra_the_search_is_exact_and_says_so(made, tmp_path, capsys, monkeypatch):
    path = tmp_path / "gallery.parquet"
    keep_approximate(path, made, at_least=0)
    monkeypatch.setattr("slr.gallery.approximate.installed", lambda: False)
    assert type(open_search(path, made)) is Search
    assert keep_approximate(path, made, at_least=0) is None
    assert capsys.readouterr().err.count("slr[index]") == 2
