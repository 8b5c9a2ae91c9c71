"""Training runs of the graph models as published: each variant trains, on coordinates as they are stored."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from slr.dataset.dataset import Dataset
from slr.dataset.landmarks import ClipLandmarks
from slr.dataset.skeleton import skeleton
from slr.inference.model import load_model
from slr.params import parse
from slr.preprocessing.augment import Augment
from slr.preprocessing.inputs import inputs_of
from slr.preprocessing.normalise import normaliser
from slr.training.loop import train
from tests.helpers import landmark_corpus

HOLISTIC = skeleton("holistic-67")
SCA = {
    "additive, adversary": {"losses": {"adversary": 0.5}},
    "film, contrastive": {"attention": "film", "losses": {"contrastive": 0.1, "attention_sparsity": 0.01}},
    "hierarchical": {"attention": "hierarchical", "losses": {"focal": True, "focal_alpha": [0.1, 0.4]}},
    "learned, information": {"signer_encoder": "learned", "attention": "film", "losses": {"mutual_information": 0.1}},
    "hybrid, information": {"signer_encoder": "hybrid", "attention": "film", "losses": {
        "mutual_information": 0.1, "mutual_information_with": "signers", "class_weights": "balanced"}},
}


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Dataset:
    """Sixteen clips of two signs, in frames wider than high, eight of them for training; pseudo-signers 0 and 1."""
    rng = np.random.default_rng(0)
    return landmark_corpus.write(tmp_path_factory.mktemp("few"), [
        (replace(landmark_corpus.clip(gloss, rng, f"s{signer}-{gloss}-{take}"), width=640, height=360), f"s{signer}",
         [f"gloss{gloss}"], []) for signer in (0, 2, 4, 5) for gloss in range(2) for take in range(2)])


def trained(corpus: Dataset, folder, block: dict) -> list[dict]:
    """The history of one epoch; the model's folder is `folder`/model."""
    rows: list[dict] = []
    params = parse({"models": {"m": {"published": True, "epochs": 1, **block}}, "compute": {"workers": 1},
                    "train": {"model": "m", "models": ["m"], "precision": "fp32"}})
    train("m", params, corpus, out=folder / "model", work=folder / "work", on_epoch=rows.append)
    return rows


@pytest.mark.parametrize("variant", SCA)
def test_every_published_variant_trains(variant, few, tmp_path):
    (row,) = trained(few, tmp_path, {"family": "sca_stgcn", **SCA[variant]})
    assert math.isfinite(row["train_loss"]) and row["lr"] == 0.001
    model = load_model(tmp_path / "model")
    assert model.params.published and model.params.losses.published
    store = few.landmark_store
    clip_id = store.clip_ids[0]
    alone, stored = model.clip(store[clip_id], store.skeleton), model.clips(store, [clip_id])
    torch.testing.assert_close(model.probabilities(alone), model.probabilities(stored))


def test_published_coordinates_are_those_of_the_corpus_with_zeros_for_missing_joints(few):
    settings = parse({"models": {"m": {"family": "sca_stgcn", "published": True}},
                      "train": {"model": "m", "models": ["m"]}}).models["m"]
    store, joints = few.landmark_store, skeleton(settings.joints)
    clips = inputs_of(settings).load(store, store.clip_ids[:3], settings, for_training=True)
    augment = Augment(settings.augment, joints, torch.Generator().manual_seed(0), settings.frames)
    batch = augment(clips.batch(torch.arange(3)), normaliser(settings.normalise, joints))
    for i, clip_id in enumerate(store.clip_ids[:3]):
        stored = np.nan_to_num(store[clip_id].coordinates[..., :2])
        np.testing.assert_allclose(batch.landmarks[i, :len(stored)].numpy(), stored, atol=1e-6)


def test_published_detection_trains_on_every_window(tmp_path):
    streams = landmark_corpus.streams(tmp_path, signers=3, repetitions=1, turns=2)
    (row,) = trained(streams, tmp_path, {"family": "sca_stgcn_detection"})
    model = load_model(tmp_path / "model")
    assert math.isfinite(row["train_loss"])
    assert model.config["training"]["train_clips"] == streams.landmark_store.n_frames["s0-0"] - 25 + 1
    assert model.params.losses.class_weights == "balanced"


def test_the_published_attention_stgcn_trains(tmp_path):
    rng = np.random.default_rng(0)
    rows = [(ClipLandmarks(f"s{signer}-{gloss}", 25, 320, 320, rng.random((9, 67, 4), dtype=np.float32)), f"s{signer}",
             [f"gloss{gloss}"], []) for signer in range(4) for gloss in range(2)]
    (row,) = trained(landmark_corpus.write(tmp_path, rows, HOLISTIC), tmp_path, {"family": "attention_stgcn"})
    assert math.isfinite(row["train_loss"])
    assert load_model(tmp_path / "model").params.augment.mixup == 0.2
