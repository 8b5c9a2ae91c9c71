"""One loop for three tasks: clips with one sign, windows of streams, sentences."""

import math

import pandas as pd
import pytest
import torch

from slr.errors import CorpusError, ParamsError
from slr.io.files import read_json
from slr.params import parse
from slr.preprocessing.batch import Batch
from slr.tasks import Data, task_of
from slr.training.loop import train
from tests.helpers import landmark_corpus

SENTENCES = {"family": "pose_ctc", "width": 64, "layers": 1, "epochs": 50, "warmup_epochs": 2, "lr": 0.005,
             "batch_size": 4, "dropout": 0.1, "ctc": {"distillation": 0, "frames": 1}}
STREAMS = {"family": "sca_stgcn_detection", "widths": [16], "hidden": 16, "epochs": 8, "warmup_epochs": 0,
           "lr": 0.003, "windows": {"frames": 8, "stride": 4, "classes": 2}}


def run(corpus, folder, settings) -> tuple[dict, pd.DataFrame]:
    """Train `m`; returns its config and history."""
    params = parse({"models": {"m": settings}, "train": {"model": "m", "models": ["m"]}, "compute": {"workers": 1}})
    train("m", params, corpus, out=folder / "model", work=folder / "work")
    return read_json(folder / "model/config.json"), pd.read_csv(folder / "model/history.csv")


def test_sentences_are_learned(tmp_path):
    config, history = run(landmark_corpus.sentences(tmp_path / "corpus"), tmp_path, SENTENCES)
    assert config["task"] == "continuous" and config["labels"] == [f"gloss{i}" for i in range(4)]
    assert history.train_loss.map(math.isfinite).all()
    assert list(history)[:3] == ["epoch", "train_loss", "val_loss"]  # a sentence's glosses would have to be decoded
    assert config["training"]["val_wer"] == pytest.approx(history.val_wer.min()) and history.val_wer.min() < 0.2
    kinds = history[["val_wer_del", "val_wer_ins", "val_wer_sub"]]
    assert kinds.sum(axis=1).to_numpy() == pytest.approx(history.val_wer.to_numpy()) and (kinds > 0).any(axis=None)


def test_what_happens_in_streams_is_learned(tmp_path):
    """Chosen by another metric than PR-AUC; two labels count as signing."""
    several = {**STREAMS, "windows": {**STREAMS["windows"], "positive": ["signing", "s"]}, "selection": "f1"}
    config, history = run(landmark_corpus.streams(tmp_path / "corpus"), tmp_path, several)
    assert config["task"] == "detection" and config["labels"] == ["rest", "signing"]
    assert config["training"]["val_f1"] == pytest.approx(history.val_f1.max())
    assert history.val_pr_auc.max() > 0.9 and history.val_accuracy.max() > 0.8
    assert history.train_f1.iloc[-1] > history.train_f1.iloc[0] and history.train_accuracy.iloc[-1] > 0.8
    assert history.val_macro_f1.between(0, 1).all() and not history.val_macro_f1.equals(history.val_f1)


@pytest.mark.parametrize(("settings", "selection", "names"), [
    ({"family": "spoter"}, "wer", "top1, top5, macro_f1, loss"),
    ({"family": "spoter"}, "silhouette", "top1, top5, macro_f1, loss"),
    (STREAMS, "top1", "pr_auc, f1, macro_f1, accuracy, loss"), (SENTENCES, "pr_auc", "wer, loss")])
def test_a_metric_of_another_task_is_refused_with_those_of_its_own(settings, selection, names):
    with pytest.raises(ParamsError, match=f"models.m.selection: '{selection}' can't .*; use one of {names}, or null"):
        parse({"models": {"m": settings | {"selection": selection}}, "train": {"model": "m", "models": ["m"]}})


@pytest.mark.parametrize(("task", "mixed", "expected"), [
    ("isolated", None, {"top1": 3 / 5}),
    ("isolated", [0, 0, 0, 0, 0.4], {"top1": 3 / 4}),
    ("isolated", [0.1] * 5, {"top1": None}),
    ("detection", None, {"accuracy": 3 / 5, "f1": 2 * 2 / (3 + 3)}),
    ("detection", [0, 0, 0, 0, 0.4], {"accuracy": 3 / 4, "f1": 2 * 2 / (3 + 2)})])
def test_the_answers_for_training_batches_are_counted(task, mixed, expected):
    """Two batches: three clips are answered 1, of which two are; of the others the last is. Mixed clips don't count."""
    logits = torch.tensor([[0.0, 1], [0, 2], [0, 3], [2, 0], [1, 0]])
    targets = torch.tensor([1, 1, 0, 0, 1])
    share = None if mixed is None else torch.tensor(mixed)
    chosen = parse({"models": {"m": STREAMS if task == "detection" else {"family": "spoter"}},
                    "train": {"model": "m", "models": ["m"]}}).models["m"]
    counts = []
    for of_batch in (slice(0, 2), slice(2, 5)):
        batch = Batch(torch.zeros(1), torch.zeros(1), torch.zeros(1), targets[of_batch], targets[of_batch], (),
                      mixed_share=None if share is None else share[of_batch])
        counts.append(task_of(chosen).training_counts({"logits": logits[of_batch]}, batch, Data(
            ["O", "S"], None, None), chosen))
    assert task_of(chosen).training_metrics(torch.stack(counts).sum(0).tolist()) == expected


def test_a_corpus_without_such_clips_is_refused(tmp_path):
    corpus = landmark_corpus.make(tmp_path / "corpus", repetitions=1)
    with pytest.raises(CorpusError, match="the corpus has no streams"):
        run(corpus, tmp_path, STREAMS)
