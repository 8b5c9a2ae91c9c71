"""The training loop: it learns, repeats itself, survives a kill, and stops when it must."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from slr.dataset.landmark_store import LandmarkStore
from slr.errors import CorpusError, ModelError
from slr.evaluation.evaluate import evaluate
from slr.inference.model import load_model
from slr.io.files import read_json
from slr.params import ModelParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.training import PlateauParams
from slr.tasks import Score
from slr.training.optimisation import learning_rate, make_optimizer, peak_rate
from slr.training.resume import Checkpoint, RunState
from tests.helpers import landmark_corpus
from tests.helpers.training import run, run_killed, settings, splits_of


@pytest.fixture(scope="module")
def once(corpus, tmp_path_factory) -> Path:
    """A model trained without interruption, with `settings()`."""
    return run(corpus, tmp_path_factory.mktemp("once"), settings())


def test_it_learns_what_only_the_order_of_frames_tells(tmp_path):
    path_and_reverse = landmark_corpus.make(tmp_path, glosses=2, repetitions=8)
    model = run(path_and_reverse, tmp_path, settings(epochs=30, patience=30))
    assert read_json(model / "config.json")["training"]["val_top1"] > 0.9


def test_the_training_clips_middle_rate_is_kept(tmp_path):
    """Two signers train at 25 frames a second and one at 50; those of validation and test have other rates."""
    rng, rates = np.random.default_rng(0), (25, 50, 25, 60, 60)
    clips = [(replace(landmark_corpus.clip(gloss, rng, f"s{signer}-{gloss}"), fps=rate), f"s{signer}",
              [f"gloss{gloss}"], []) for signer, rate in enumerate(rates) for gloss in range(2)]
    corpus = landmark_corpus.write(tmp_path, clips)
    model = run(corpus, tmp_path, settings(epochs=1))
    config = read_json(model / "config.json")
    assert config["fps"] == 25
    shortest, *middle, longest = sorted(len(clip) / clip.fps for clip, *_ in clips[:6])
    assert config["clip_seconds"] == pytest.approx([shortest, (middle[1] + middle[2]) / 2, longest], rel=0.05)
    assert load_model(model).frames.fps == landmark_corpus.METADATA["frames"]["fps"]  # what frames were made at counts


def test_the_published_network_trains_in_the_same_loop(corpus, tmp_path):
    seen = []
    run(corpus, tmp_path, settings(published=True, epochs=1), on_epoch=seen.append)
    assert [row["epoch"] for row in seen] == [1] and math.isfinite(seen[0]["train_loss"])


def test_the_folder_has_all_that_is_needed_to_predict(once, corpus):
    config = read_json(once / "config.json")
    assert config["labels"] == ["gloss0", "gloss1", "gloss2", "gloss3"]
    assert config["skeleton"]["joints"] == list(landmark_corpus.JOINTS.joints)
    assert config["preprocessing"]["extractor"] == landmark_corpus.METADATA["extractor"]
    assert config["params"] == settings().models["spoter"].model_dump()
    assert set(config["data"]) == {"landmarks", "splits.parquet", "manifest.parquet", "signers.parquet"}
    assert config["versions"]["torch"]
    assert config["parameters"] == sum(weight.numel() for weight in load_file(once / "weights.safetensors").values())
    with open(once / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    assert list(history[0]) == ["epoch", "train_loss", "train_top1", "val_loss", "val_top1", "val_macro_f1", "lr"]
    assert len(history) == 4
    best = max(history, key=lambda row: (float(row["val_top1"]), -float(row["val_loss"])))
    assert config["training"]["best_epoch"] == int(best["epoch"])
    assert config["training"]["val_top1"] == float(best["val_top1"])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(once, corpus, tmp_path):
    again = run(corpus, tmp_path / "again", settings())
    other = run(corpus, tmp_path / "other", settings().model_copy(
        update={"train": settings().train.model_copy(update={"seed": 2})}))
    weights = (once / "weights.safetensors").read_bytes()
    assert weights == (again / "weights.safetensors").read_bytes() != (other / "weights.safetensors").read_bytes()


def test_every_change_at_once_repeats_itself_and_the_model_reads_clips_as_in_training(corpus, tmp_path):
    everything = {"crop": 0.2, "mirror": 0.5, "scale": 0.1, "shift": 0.1, "time_mask": 0.2, "frame_dropout": 0.1,
                  "joint_dropout": 0.1, "part_dropout": 0.2, "mixup": 0.3, "yaw_degrees": 10}
    changes = settings(epochs=2, augment=everything, normalise="hands", frames=10)
    first, second = (run(corpus, tmp_path / name, changes) for name in ("first", "second"))
    assert (first / "weights.safetensors").read_bytes() == (second / "weights.safetensors").read_bytes()
    trained, store = load_model(first), LandmarkStore(corpus.landmarks)
    clips = trained.clips(store, store.clip_ids[:3])
    assert clips.lengths.tolist() == [10, 10, 10]
    alone = trained.clip(store[store.clip_ids[1]], store.skeleton)
    torch.testing.assert_close(alone.landmarks, clips.landmarks[10:20])
    assert torch.equal(alone.mask, clips.mask[10:20])


def test_a_killed_run_goes_on_and_ends_with_the_same_weights(once, corpus, tmp_path):
    run_killed(corpus, tmp_path, settings(), epoch=3)
    assert not (tmp_path / "model").exists()

    seen = []
    resumed = run(corpus, tmp_path, settings(), on_epoch=lambda row: seen.append(row["epoch"]))
    assert seen == [1, 2, 3, 4]  # what was trained before is told again
    assert (resumed / "weights.safetensors").read_bytes() == (once / "weights.safetensors").read_bytes()
    assert (resumed / "history.csv").read_bytes() == (once / "history.csv").read_bytes()
    assert not (tmp_path / "work/spoter").exists()


def test_a_killed_run_in_fp16_goes_on_with_its_scale_and_ends_with_the_same_weights(corpus, tmp_path):
    params = settings(epochs=3)
    params = params.model_copy(update={"train": params.train.model_copy(update={"precision": "fp16"})})
    whole = run(corpus, tmp_path / "whole", params)
    training = read_json(whole / "config.json")["training"]
    assert training["precision"] == "fp16" and math.isfinite(training["val_loss"])
    run_killed(corpus, tmp_path, params, epoch=2)
    resumed = run(corpus, tmp_path, params)
    assert (resumed / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()


def test_the_state_of_a_run_has_the_gradient_scaler(tmp_path):
    model, checkpoint = torch.nn.Linear(2, 2), Checkpoint(tmp_path)
    scalers = [torch.amp.GradScaler("cpu", init_scale=scale) for scale in (8.0, 2.0)]
    optimizer = torch.optim.SGD(model.parameters())
    checkpoint.save(RunState(Score("top1", "top-1")), model, optimizer, scalers[0])
    checkpoint.load(model, optimizer, scalers[1], Score("top1", "top-1"))
    assert scalers[1].state_dict() == scalers[0].state_dict() and scalers[1].get_scale() == 8


def test_other_settings_do_not_go_on_from_an_unfinished_run(corpus, tmp_path):
    class Stop(Exception):
        pass

    def stop(row):
        raise Stop

    with pytest.raises(Stop):
        run(corpus, tmp_path, settings(), on_epoch=stop)
    seen = []
    run(corpus, tmp_path, settings(lr=0.002, epochs=1), on_epoch=seen.append)
    assert [row["epoch"] for row in seen] == [1]


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_term(corpus, tmp_path):
    with pytest.raises(ModelError, match=r"epoch \d+: cross_entropy is (nan|inf).*clips s.*lower models.spoter.lr"):
        run(corpus, tmp_path, settings(optimizer="sgd", lr=1e12, warmup_epochs=0, gradient_clip=0, norm_first=False))
    assert not (tmp_path / "model").exists()


def test_training_stops_when_validation_gets_no_better(corpus, tmp_path):
    config = read_json(run(corpus, tmp_path, settings(epochs=50, lr=1e-9, patience=3)) / "config.json")
    training = config["training"]
    assert training["epochs"] == training["best_epoch"] + 3 < 50


def test_without_validation_the_last_epoch_is_kept(corpus, tmp_path):
    none = splits_of(corpus, tmp_path / "splits.parquet", val="train")
    model = run(none, tmp_path, settings(patience=1, epochs=3))
    training = read_json(model / "config.json")["training"]
    assert training["best_epoch"] == training["epochs"] == 3 and training["val_top1"] is None
    assert pd.read_csv(model / "history.csv").val_top1.isna().all()


@pytest.mark.parametrize(("selection", "best"), [("loss", min), ("macro_f1", max)])
def test_another_metric_can_select_the_checkpoint(once, corpus, tmp_path, selection, best):
    """The course of training stays, and with it the history; the weights are those of another epoch."""
    model = run(corpus, tmp_path, settings(selection=selection))
    assert (model / "history.csv").read_bytes() == (once / "history.csv").read_bytes()
    history = pd.read_csv(model / "history.csv").set_index("epoch")[f"val_{selection}"]
    training = read_json(model / "config.json")["training"]
    assert history[training["best_epoch"]] == best(history)
    metrics = evaluate(model, settings(), corpus, tmp_path / "metrics.json", tmp_path / "report")
    assert metrics[f"val_{selection}"] == training[f"val_{selection}"] == pytest.approx(best(history))
    assert metrics["val_top1"] == training["val_top1"]


def test_a_metric_that_these_clips_do_not_have_selects_nothing(corpus, tmp_path):
    with pytest.raises(ModelError, match=r"spoter.selection: top5 isn't defined .*4 labels.*top1, macro_f1, loss"):
        run(corpus, tmp_path, settings(selection="top5", epochs=1))


def test_the_last_epochs_weights_can_be_kept_too(once, corpus, tmp_path):
    """Those of a run without validation, which ends with them."""
    model = run(corpus, tmp_path, settings(keep_last=True, selection="loss"))
    assert read_json(model / "config.json")["training"]["best_epoch"] < 4  # so the two differ
    without = splits_of(corpus, tmp_path / "splits.parquet", val="test")
    last = run(without, tmp_path / "last", settings())
    kept, best, expected = map(load_file, (model / "last.safetensors", model / "weights.safetensors",
                                           last / "weights.safetensors"))
    assert kept.keys() == best.keys() and any(not torch.equal(kept[name], best[name]) for name in best)
    assert all(torch.equal(kept[name], expected[name]) for name in expected)
    assert not (once / "last.safetensors").exists()


def test_without_training_clips_there_is_an_error(corpus, tmp_path):
    with pytest.raises(CorpusError, match="no training clips"):
        run(splits_of(corpus, tmp_path / "splits.parquet", train="test"), tmp_path, settings())


def test_the_learning_rate_rises_then_falls_along_a_cosine():
    params = ModelParams(lr=1, warmup_epochs=2, epochs=10)
    rates = [learning_rate(params, epoch / 4) for epoch in range(40)]
    assert 0 < rates[0] < rates[4] < rates[8] == 1 and rates[8:] == sorted(rates[8:], reverse=True)
    assert rates[24] == pytest.approx(0.5) and 0 < rates[-1] < 0.01
    constant = ModelParams(lr=1, warmup_epochs=0, schedule="constant")
    assert {learning_rate(constant, epoch) for epoch in range(60)} == {1}


def test_on_a_plateau_the_learning_rate_falls_as_by_torchs_scheduler():
    """Stepped once an epoch as its documentation says, after a warm-up that doesn't count."""
    values = [0.9, 0.1, 0.2, 0.2, 0.15, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
    params = ModelParams(lr=0.5, warmup_epochs=1, schedule="plateau", plateau={"factor": 0.2, "patience": 1})
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "max", 0.2, 1)
    score, expected = Score("top1", "top-1"), [0.5, 0.5]
    for value in values[1:]:
        scheduler.step(value)
        expected.append(optimizer.param_groups[0]["lr"])
    history = [{"val_top1": value, "val_loss": 1 / value, "train_loss": epoch} for epoch, value in enumerate(values)]
    rates = [peak_rate(params, history[:epoch], score) for epoch in range(len(values) + 1)]
    assert rates == expected and len(set(rates)) == 4
    assert learning_rate(params, 0.5, rates[-1]) < 0.5 and learning_rate(params, 1, rates[-1]) == rates[-1]
    by_loss = params.model_copy(update={"plateau": PlateauParams(factor=0.2, patience=1, watch="val_loss")})
    assert peak_rate(by_loss, history, score) == rates[-1]
    late = params.model_copy(update={"plateau": PlateauParams(factor=0.2, patience=1, start_epoch=9)})
    assert peak_rate(late, history, score) == 0.5
    unvalidated = [row | {"val_top1": None, "val_loss": None} for row in history]
    assert peak_rate(params, unvalidated, score) == pytest.approx(0.5 * 0.2**4)  # nine epochs without a lower loss


def test_a_killed_run_on_a_plateau_ends_with_the_same_weights(corpus, tmp_path):
    """At such a rate no answer changes, on any processor: every epoch is on the plateau."""
    changes = settings(schedule="plateau", plateau={"patience": 0, "factor": 0.5}, lr=1e-6)
    whole = run(corpus, tmp_path / "whole", changes)
    rates = pd.read_csv(whole / "history.csv").lr
    assert rates[3] < rates[1:].max()
    run_killed(corpus, tmp_path, changes, epoch=3)
    resumed = run(corpus, tmp_path, changes)
    for name in ("weights.safetensors", "history.csv"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_only_matrices_decay(name, kind):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4))
    optimizer = make_optimizer(model, SpoterParams(optimizer=name, weight_decay=0.1))
    assert isinstance(optimizer, kind)
    assert [(len(group["params"]), group["weight_decay"]) for group in optimizer.param_groups] == [(1, 0.1), (3, 0)]
