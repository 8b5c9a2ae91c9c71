"""Training an embedding: it learns to tell signs by distance, survives a kill, and warns of a collapse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from slr.dataset.landmark_store import LandmarkStore
from slr.evaluation.evaluate import evaluate
from slr.inference.model import load_model
from slr.io.files import file_hash, read_json
from slr.params import Params
from tests.helpers import landmark_corpus
from tests.helpers.training import run, run_killed, settings, splits_of

TRIPLET = {"embedding": {"size": 8}, "losses": {"classification": 0, "triplet": 1}}
GROUPED = {"batching": {"clips_per_sign": 4, "signers_per_sign": 2, "hard_from_epoch": 2, "hard_batches": 2,
                        "hard_loops": 2, "hard_min_triplets": 1000}}
KNOWN = ["epoch", "train_loss", "val_loss", "val_top1", "val_macro_f1", "val_silhouette", "lr"]


def embedding(**changes) -> Params:
    return settings(**TRIPLET | GROUPED | changes)


@pytest.fixture(scope="module")
def once(corpus, tmp_path_factory) -> Path:
    """An embedding trained without interruption, with `embedding()`."""
    return run(corpus, tmp_path_factory.mktemp("once"), embedding())


def test_it_learns_to_tell_signs_by_distance(corpus, tmp_path, capsys):
    params = settings(embedding={"size": 8}, losses={"classification": 0, "triplet": 1, "proxy": 1}, epochs=30,
                      patience=30, batch_size=8, augment={"probability": 0})  # 12 do for some seeds alone
    model = load_model(run(corpus, tmp_path, params))
    assert model.config["training"]["val_top1"] > 0.8 and "collapsed" not in capsys.readouterr().err
    store = LandmarkStore(corpus.landmarks)
    clips = model.clips(store, [clip_id for clip_id in store.clip_ids if clip_id.startswith("s5")])
    right = torch.tensor([int(clip_id.split("-g")[1][0]) for clip_id in clips.clip_ids])
    assert (model.outputs(clips)["logits"].argmax(1) == right).float().mean() > 0.7


def test_the_folder_has_the_gallery_and_how_far_apart_it_is(once, corpus):
    model = load_model(once)
    assert model.model.gallery.shape == (64, 8) and model.model.gallery_targets.bincount().tolist() == [16] * 4
    store = LandmarkStore(corpus.landmarks)
    train = sorted(clip_id for clip_id in store.clip_ids if clip_id[1] in "0123")
    outputs = model.outputs(model.clips(store, train))
    torch.testing.assert_close(outputs["features"], model.model.gallery)
    assert outputs["logits"].max(1).values.abs().max() < 1e-3  # each training clip is its own nearest
    assert torch.equal(outputs["logits"].argmax(1), model.model.gallery_targets)
    history = pd.read_csv(once / "history.csv")
    assert list(history) == [*KNOWN, "triplets_used", "triplets_share", "spread", "dimensions", "silhouette_train"]
    assert (history.triplets_share.between(0, 1)).all() and (history.spread > 0).all()
    training = read_json(once / "config.json")["training"]
    assert training["embedding_spread"] == pytest.approx(history.spread[training["best_epoch"] - 1])
    assert model.weights_hash == file_hash(once / "weights.safetensors")


def test_the_silhouettes_of_an_epoch_are_those_of_its_vectors_and_can_select_it(once, corpus, tmp_path):
    chosen = run(corpus, tmp_path, embedding(selection="silhouette"))
    history = pd.read_csv(chosen / "history.csv")
    assert history.equals(pd.read_csv(once / "history.csv"))
    best = read_json(chosen / "config.json")["training"]["best_epoch"]
    assert history.val_silhouette[best - 1] == history.val_silhouette.max()
    metrics = evaluate(chosen, embedding(), corpus, tmp_path / "metrics.json", tmp_path / "report")
    assert metrics["silhouette_train"] == pytest.approx(history.silhouette_train[best - 1], abs=1e-5)
    assert metrics["val_silhouette"] == pytest.approx(history.val_silhouette.max())


def test_it_is_tested_like_any_model(once, corpus, tmp_path):
    metrics = evaluate(once, embedding(), corpus, tmp_path / "metrics.json", tmp_path / "report")
    trained = read_json(once / "config.json")["training"]
    assert {name: metrics[name] for name in ("embedding_spread", "embedding_dimensions")} == {
        name: trained[name] for name in ("embedding_spread", "embedding_dimensions")}
    assert metrics["clips"] == 16 and 0 <= metrics["top1"] <= 1 and "map" in metrics and "one_shot" not in metrics
    predictions = pd.read_csv(tmp_path / "report/predictions.csv")
    assert all(len(set(top.split("|"))) == 4 for top in predictions.top5)  # different glosses


def test_other_losses_have_no_triplets_to_count(corpus, tmp_path):
    model = run(corpus, tmp_path, settings(embedding={}, losses={"proxy": 1}, epochs=1))
    assert list(pd.read_csv(model / "history.csv")) == [*KNOWN, "spread", "dimensions", "silhouette_train"]


def test_random_triplets_are_one_for_each_clip_of_a_batch(corpus, tmp_path):
    rows = []
    run(corpus, tmp_path, settings(embedding={"size": 8}, epochs=1, losses={
        "classification": 0, "triplet": 1, "triplets": "random"}), on_epoch=rows.append)
    assert rows[0]["triplets_used"] == pytest.approx(rows[0]["triplets_share"] * 16) and rows[0]["triplets_used"] > 0


def test_the_published_run_trains_and_gives_a_clip_the_same_vector_alone_and_in_a_batch(corpus, tmp_path):
    params = settings(published=True, embedding={"size": 32}, epochs=1, lr=9, losses={"proxy": 1})
    chosen = params.models["spoter"]
    assert (chosen.lr, chosen.batch_size, chosen.losses.triplet, chosen.losses.proxy) == (0.001, 32, 1, 0)
    model = load_model(run(corpus, tmp_path, params))
    history = pd.read_csv(tmp_path / "model/history.csv")
    assert history.train_loss[0] > 0 and history.triplets_used[0] > 0
    store = LandmarkStore(corpus.landmarks)
    clips = model.clips(store, store.clip_ids[:6])
    assert len(clips.lengths.unique()) > 1
    together, alone = model.outputs(clips)["features"], [
        model.outputs(clips.pick(torch.tensor([i])))["features"] for i in range(6)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=0)


def test_a_killed_run_with_grouped_batches_ends_with_the_same_weights(once, corpus, tmp_path):
    run_killed(corpus, tmp_path, embedding(), epoch=3)
    resumed = run(corpus, tmp_path, embedding())
    for name in ("weights.safetensors", "history.csv"):
        assert (resumed / name).read_bytes() == (once / name).read_bytes()


def test_the_thresholds_of_grouping_follow_the_history(monkeypatch, corpus, tmp_path):
    from slr.training import batching

    seen = []

    def watched(*arguments):
        seen.append(arguments[-1])
        return hard_batches(*arguments)

    hard_batches = batching.hard_batches
    monkeypatch.setattr(batching, "hard_batches", watched)
    rows = []
    run(corpus, tmp_path, embedding(epochs=4), on_epoch=rows.append)
    assert [(limits.distance, round(limits.same_sign, 3)) for limits in seen] == [(0.5, 1), (0.4, 0.9), (0.4, 0.9)]


@pytest.mark.parametrize(("grouping", "alike"), [("fitting", True), ("published", False)])
def test_as_published_hardness_is_measured_with_dropout(grouping, alike, monkeypatch, corpus, tmp_path):
    from slr.training import batching

    seen = []

    def watched(batches, targets, embed, *others):
        first, second = embed(torch.arange(40)), embed(torch.arange(40))
        assert first.shape == (40, 8) and first.isfinite().all() and not first.requires_grad
        seen.append(torch.equal(first, second))
        return hard_batches(batches, targets, embed, *others)

    hard_batches = batching.hard_batches
    monkeypatch.setattr(batching, "hard_batches", watched)
    run(corpus, tmp_path, embedding(epochs=1, batching={"hard_from_epoch": 1, "hard_grouping": grouping}))
    assert seen == [alike]


def test_batches_by_sign_give_more_triplets_than_chance(corpus, tmp_path):
    """Of 16 clips, 4 of each sign: as many triplets as can be, in each step."""
    rows = []
    run(corpus, tmp_path, embedding(batching={"clips_per_sign": 4}, epochs=1), on_epoch=rows.append)
    assert rows[0]["triplets_used"] == pytest.approx(rows[0]["triplets_share"] * 16 * 3 * 12, rel=1e-6)


def test_without_validation_the_last_epoch_is_kept(corpus, tmp_path):
    none = splits_of(corpus, tmp_path / "splits.parquet", val="train")
    model = load_model(run(none, tmp_path, embedding(epochs=2)))
    assert model.config["training"]["best_epoch"] == 2 and len(model.model.gallery) == 80


def test_a_collapse_is_told_with_the_way_out(tmp_path, capsys):
    """Eight signs that look the same, far apart only for a margin twenty times as wide: nothing can tell them apart."""
    rng = np.random.default_rng(0)
    alike = landmark_corpus.write(tmp_path, [
        (landmark_corpus.clip(0, rng, f"s{signer}-g{gloss}-{take}"), f"s{signer}", [f"gloss{gloss}"], [])
        for signer in range(6) for gloss in range(8) for take in range(2)])
    losses = TRIPLET["losses"] | {"triplet_margin": 20}
    run(alike, tmp_path, settings(**TRIPLET | {"losses": losses}, batch_size=8, epochs=3))
    told = " ".join(capsys.readouterr().err.split())
    assert "the embedding of 'spoter' has collapsed" in told and "losses.classification: 1" in told
