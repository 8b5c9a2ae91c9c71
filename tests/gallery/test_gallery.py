"""The gallery's file: what is written is read, and what isn't a gallery is refused with a sentence."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slr.errors import GalleryError
from slr.gallery.gallery import FORMAT, merged, read_gallery, scaled, write_gallery
from tests.helpers.galleries import clusters, gallery


def test_what_is_written_is_read_and_the_same_gallery_gives_the_same_bytes(tmp_path):
    made = gallery(np.random.default_rng(0).normal(size=(3, 5)), ["b", "a", "b"], ["x", None, "y"])
    made = replace(made, calibration={"score": "ratio", "outside": [[0.5]]})
    write_gallery(tmp_path / "one.parquet", made)
    write_gallery(tmp_path / "two.parquet", made)
    read = read_gallery(tmp_path / "one.parquet")
    assert (read.clip_ids, read.glosses, read.signers) == (("c1", "c0", "c2"), ("a", "b", "b"), (None, "x", "y"))
    assert np.array_equal(read.vectors, made.vectors) and read.vectors.dtype == np.float32
    assert (read.model, read.model_hash, read.metric) == ("models/made-up", "abc", "euclidean")
    assert read.calibration == made.calibration
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert pq.read_schema(tmp_path / "one.parquet").field("vector").type == pa.list_(pa.float32(), 5)


def test_cosine_stores_vectors_of_length_one_and_leaves_zero_alone():
    made = gallery([[3, 4], [0, 0]], ["a", "b"], metric="cosine")
    assert np.allclose(made.vectors, [[0.6, 0.8], [0, 0]])
    assert np.array_equal(scaled(np.array([[3, 4]], np.float32), "euclidean"), [[3, 4]])


def test_added_clips_replace_those_of_the_same_id():
    both, replaced = merged(gallery([[1, 1], [2, 2]], ["a", "b"]), gallery([[9, 9]], ["z"]))
    assert replaced == ["c0"]
    assert dict(zip(both.clip_ids, both.glosses, strict=True)) == {"c0": "z", "c1": "b"}
    assert both.vectors.tolist() == [[2, 2], [9, 9]]


@pytest.mark.parametrize("other, message", [({"model_hash": "def"}, "another model"), ({"metric": "cosine"}, "metric")])
def test_galleries_of_two_models_or_metrics_do_not_mix(other, message):
    with pytest.raises(GalleryError, match=message):
        merged(gallery([[1, 1]], ["a"]), gallery([[1, 1]], ["a"], **other))


@pytest.mark.parametrize("vectors, glosses, message", [
    (np.empty((0, 2)), [], "at least one clip"), ([[1, np.nan]], ["a"], "clip 'c0'.*finite"),
    ([[1, 1e30]], ["a"], "clip 'c0'.*finite")])
def test_what_is_no_gallery_is_not_made(vectors, glosses, message):
    with pytest.raises(GalleryError, match=message):
        gallery(vectors, glosses)


def _other_metadata(path, change):
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[b"slr_index"])
    change(said)
    pq.write_table(table.replace_schema_metadata({"slr_index": json.dumps(said)}), path)


def _truncated(path):
    path.write_bytes(path.read_bytes()[:-20])


def _garbled(path):
    content = bytearray(path.read_bytes())
    content[20:60] = bytes(40)
    path.write_bytes(content)


def _other_columns(path):
    pq.write_table(pq.read_table(path).drop_columns(["vector"]), path)


def _no_rows(path):
    pq.write_table(pq.read_table(path).slice(0, 0), path)


def _unsorted(path):
    table = pq.read_table(path)
    pq.write_table(table.take(list(range(len(table)))[::-1]), path)


def _not_finite(path):
    table = pq.read_table(path)
    broken = pa.FixedSizeListArray.from_arrays(pa.array(np.full(16 * len(table), np.nan, np.float32)), 16)
    pq.write_table(table.set_column(3, "vector", broken), path)


@pytest.mark.parametrize("damage, message", [
    (lambda path: path.unlink(), "there is no gallery"),
    (lambda path: path.write_text("hello"), "can't be read as Parquet"),
    (_truncated, "can't be read as Parquet"), (_garbled, "can't be read|broken"),
    (lambda path: pq.write_table(pa.table({"x": [1]}), path), "is no gallery"),
    (_other_columns, "is no gallery, or a broken one"), (_no_rows, "has no clips"), (_unsorted, "broken"),
    (_not_finite, "broken"),
    (lambda path: _other_metadata(path, lambda said: said.update(format=FORMAT + 1)), "later version"),
    (lambda path: _other_metadata(path, lambda said: said.update(metric="manhattan")), "broken"),
    (lambda path: _other_metadata(path, lambda said: said.pop("model")), "broken"),
])
def test_a_file_that_cannot_be_used_is_refused(tmp_path, damage, message):
    path = tmp_path / "gallery.parquet"
    write_gallery(path, clusters(3, 2))
    damage(path)
    with pytest.raises(GalleryError, match=message):
        read_gallery(path)
