"""Pictures of embeddings: what is apart is apart in them, and they are the same every time."""

import builtins

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import silhouette_score

from slr.figures import projections
from slr.figures.projections import lay_out, write_embeddings

ODD = ["$x^2$", "_hidden", "žltý", "a sign with a name that is far too long for a legend"]


def clips(glosses: int = 4, signers: int = 3, repetitions: int = 4) -> pd.DataFrame:
    names = [*ODD, *(f"g{i}" for i in range(glosses))][:glosses]
    rows = [(name, f"s{s}") for name in names for s in range(signers) for _ in range(repetitions)]
    return pd.DataFrame(rows, columns=["gloss", "signer"]).assign(
        clip_id=[f"c{i}" for i in range(len(rows))], split="test")


def features(rows: pd.DataFrame, width: int = 16) -> np.ndarray:
    """Far apart by gloss."""
    rng = np.random.default_rng(0)
    return (pd.factorize(rows.gloss)[0][:, None] == np.arange(width)) * 10 + rng.normal(0, 1, (len(rows), width))


@pytest.fixture
def without_umap(monkeypatch):
    real = builtins.__import__

    def no_umap(name, *rest, **named):
        if name == "umap":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", no_umap)
    projections._umap.cache_clear()
    yield
    projections._umap.cache_clear()


def test_what_is_apart_stays_apart(without_umap, capsys):
    rows = clips()
    found = lay_out(features(rows))
    assert set(found) == {"pca", "tsne"}
    assert silhouette_score(found["tsne"], rows.gloss) > 0.7
    assert found["pca"].mean(0) == pytest.approx([0, 0], abs=1e-9)
    assert found["pca"].std(0)[0] >= found["pca"].std(0)[1] > 1
    lay_out(features(rows))
    assert capsys.readouterr().err.count("slr[embeddings]") == 1  # said once


def test_umap_where_it_is_installed():
    pytest.importorskip("umap")
    rows = clips()
    found = lay_out(features(rows))
    assert silhouette_score(found["umap"], rows.gloss) > 0.7
    assert (lay_out(features(rows))["umap"] == found["umap"]).all()


def test_the_files_hold_every_clip_and_are_the_same_every_time(tmp_path, without_umap):
    rows = clips()
    rows.loc[3, "signer"] = None
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        write_embeddings(folder, features(rows), rows)
    for name in ("embeddings.csv", "embeddings.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    table = pd.read_csv(tmp_path / "a/embeddings.csv")
    assert list(table) == ["clip_id", "gloss", "signer", "split", "pca_x", "pca_y", "tsne_x", "tsne_y"]
    assert (table.clip_id == rows.clip_id).all() and table.signer.isna().sum() == 1
    places = lay_out(features(rows))
    assert table[["tsne_x", "tsne_y"]].to_numpy() == pytest.approx(places["tsne"], abs=1e-4)


def test_the_picture_has_a_colour_for_each_name(tmp_path, without_umap):
    rows = clips(glosses=1, signers=2)
    write_embeddings(tmp_path, features(rows), rows)
    pixels = np.asarray(Image.open(tmp_path / "embeddings.png").convert("RGBA"))
    upper, lower = np.array_split(pixels, 2)
    blue, orange = (31, 119, 180), (255, 127, 14)  # tab10
    for half, seen in ((upper, {blue}), (lower, {blue, orange})):
        opaque = {tuple(colour[:3]) for colour in half.reshape(-1, 4) if colour[3] > 210}
        assert opaque & {blue, orange} == seen
    assert len(pixels) * len(pixels[0]) < 1_000_000


@pytest.mark.parametrize("shape", [(1, 8), (2, 8), (4, 8), (5, 8), (30, 1)])
def test_few_clips_and_narrow_features(tmp_path, shape, without_umap):
    rows = clips(glosses=30, signers=1, repetitions=1).iloc[: shape[0]]
    write_embeddings(tmp_path, np.random.default_rng(0).normal(size=shape), rows)
    table = pd.read_csv(tmp_path / "embeddings.csv")
    assert len(table) == shape[0] and ("tsne_x" in table) == (shape[0] >= 5) and np.isfinite(table.pca_x).all()


def test_features_that_are_all_the_same(tmp_path, without_umap):
    rows = clips()
    write_embeddings(tmp_path, np.ones((len(rows), 4)), rows.assign(signer=None))
    assert np.isfinite(pd.read_csv(tmp_path / "embeddings.csv").tsne_x).all()


def test_large_test_sets_are_thinned_evenly(tmp_path, monkeypatch, without_umap):
    monkeypatch.setattr(projections, "MOST_CLIPS", 10)
    rows = clips(glosses=5, signers=2)
    write_embeddings(tmp_path, features(rows), rows)
    table = pd.read_csv(tmp_path / "embeddings.csv")
    assert len(table) == 10 and table.gloss.nunique() == 5
