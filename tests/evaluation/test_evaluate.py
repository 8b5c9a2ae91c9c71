"""Testing a model: the metrics are those of the predictions, the predictions those of the model."""

from dataclasses import replace

import pandas as pd
import pytest

from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest, write_manifest
from slr.dataset.signers import write_signers
from slr.dataset.splits import read_splits, write_splits
from slr.errors import CorpusError, ModelError
from slr.evaluation.evaluate import evaluate
from slr.evaluation.isolated import measure
from slr.inference.model import load_model
from slr.io.files import read_json, write_json
from slr.metrics.classification import wilson
from slr.params import Params, parse
from slr.preprocessing.clips import load_clips
from slr.training.loop import train
from tests.helpers import landmark_corpus


def settings(**sets: list[str]) -> Params:
    small = {"family": "spoter", "d_model": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "feedforward": 32,
             "epochs": 2}
    return parse({"models": {"spoter": small}, "evaluation": {"gloss_sets": sets}, "compute": {"workers": 1}})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A made-up corpus and the folder of a model of it."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = landmark_corpus.make(folder, glosses=6, repetitions=2)
    train("spoter", settings(), corpus, out=folder / "model", work=folder / "work")
    return corpus, folder / "model"


def run(trained, tmp_path, params: Params | None = None, **changed):
    corpus, model = trained
    return evaluate(model, params or settings(), replace(corpus, **changed),
                    metrics_path=tmp_path / "metrics.json", report_dir=tmp_path / "report")


def predictions_of(rows: list[tuple[str, str | None, str, str, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["clip_id", "signer", "gloss", "predicted", "rank"])


def test_what_is_written_is_what_the_model_says(trained, tmp_path):
    metrics = run(trained, tmp_path)
    assert read_json(tmp_path / "metrics.json") == metrics
    predictions = pd.read_csv(tmp_path / "report/predictions.csv")
    assert list(predictions) == ["clip_id", "signer", "gloss", "predicted", "rank", "probability", "top5"]
    assert set(predictions.signer) == {"s5"} and len(predictions) == metrics["clips"] == 12  # the test signer alone
    assert metrics["top1"] == (predictions.gloss == predictions.predicted).mean() == (predictions["rank"] == 1).mean()
    assert metrics["top5"] == (predictions["rank"] <= 5).mean()
    assert (predictions.top5.str.split("|").str[0] == predictions.predicted).all()
    confusion = pd.read_csv(tmp_path / "report/confusion.csv")
    assert list(confusion) == ["actual", "predicted"] and (confusion.actual == predictions.gloss).all()

    model = load_model(trained[1])
    store = LandmarkStore(trained[0].landmarks)
    for row in predictions.itertuples():  # one at a time, without padding
        alone = model.probabilities(load_clips(store, [row.clip_id], model.skeleton))[0]
        assert row.probability == pytest.approx(alone.max().item(), abs=1e-5)
        assert row.predicted == model.labels[alone.argmax()]


def test_every_model_has_the_metrics_of_embeddings(trained, tmp_path):
    metrics = run(trained, tmp_path)
    assert {"silhouette", "silhouette_train", "map", "one_shot", "one_shot_ways", "open_set_auroc"} <= metrics.keys()
    assert metrics["one_shot_ways"] == 6 and "five_shot" not in metrics  # two signers, two clips of each gloss


def test_the_probe_and_the_pictures_are_of_the_clips_that_no_weight_was_trained_on(trained, tmp_path):
    corpus, model = trained
    metrics = run(trained, tmp_path)
    embeddings = pd.read_csv(tmp_path / "report/embeddings.csv")
    assert dict(embeddings.groupby("split").signer.unique().str.join(" ")) == {"test": "s5", "val": "s4"}
    assert metrics["signer_probe_chance"] == 0.5 and 0 <= metrics["signer_probe"] <= 1
    manifest = read_manifest(corpus.manifest)
    write_manifest(tmp_path / "unknown.parquet", manifest.assign(signer=None))
    metrics = run(trained, tmp_path, manifest=tmp_path / "unknown.parquet")  # s4 and s5 are one pseudo-signer
    assert "signer_probe" not in metrics and "signer_gap" not in metrics
    write_signers(tmp_path / "signers.parquet", manifest[["clip_id"]].assign(
        pseudo_signer=manifest.signer.map({"s4": 3, "s5": 7}).fillna(0).astype(int)))
    metrics = run(trained, tmp_path, manifest=tmp_path / "unknown.parquet", signers=tmp_path / "signers.parquet")
    assert metrics["signer_probe_chance"] == 0.5 and "signer_gap" not in metrics
    assert set(pd.read_csv(tmp_path / "report/embeddings.csv").signer) == {"pseudo-signer 3", "pseudo-signer 7"}


def test_it_is_the_same_every_time(trained, tmp_path):
    run(trained, tmp_path / "a")
    run(trained, tmp_path / "b")
    for name in ("metrics.json", *(f"report/{file}" for file in ("predictions.csv", "confusion.csv", "embeddings.csv",
                                                                 "embeddings.png"))):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_metrics_by_hand():
    metrics = measure(predictions_of([
        ("1", "x", "a", "a", 1), ("2", "x", "a", "b", 2), ("3", "y", "b", "b", 1), ("4", "y", "b", "b", 1),
        ("5", None, "c", "a", 6),
    ]), 6, {"pair": ["a", "b"], "nowhere": ["z"]})
    low, high = wilson(3, 5)
    assert metrics == pytest.approx({
        "top1": 0.6, "top1_ci_low": low, "top1_ci_high": high, "top5": 0.8, "macro_f1": (1 / 2 + 4 / 5 + 0) / 3,
        "clips": 5, "classes": 6, "signers": 2,
        "top1_pair": 0.75, "top1_pair_ci_low": wilson(3, 4)[0], "top1_pair_ci_high": wilson(3, 4)[1],
        "top1_pair_clips": 4,
    })


def test_the_worst_signer_is_one_of_enough_clips():
    clips = [*(("x", rank) for rank in (1, 1, 1, 2, 2)), *(("y", 1) for _ in range(6)), *(("z", 2) for _ in range(4))]
    metrics = measure(predictions_of([(str(number), signer, "a", "a", rank)
                                      for number, (signer, rank) in enumerate(clips)]), 3, {})
    assert metrics["signers"] == 3  # but z has four clips
    assert metrics["worst_signer_top1"] == 0.6 and metrics["signer_gap"] == pytest.approx(0.4)


def test_metrics_that_do_not_apply_are_left_out():
    metrics = measure(predictions_of([("1", None, "a", "a", 1)]), 3, {})
    assert not {"top5", "signers", "worst_signer_top1", "signer_gap"} & set(metrics)


def test_a_gloss_that_was_never_trained_counts_as_wrong(trained, tmp_path):
    corpus, model = trained
    splits = read_splits(corpus.splits)
    moved = splits.assign(split=splits.split.where(~splits.clip_id.str.contains("g5"), "test"))
    write_splits(tmp_path / "splits.parquet", moved)
    train("spoter", settings(), replace(corpus, splits=tmp_path / "splits.parquet"), tmp_path / "model",
          tmp_path / "work")
    metrics = run((corpus, tmp_path / "model"), tmp_path, splits=tmp_path / "splits.parquet")
    predictions = pd.read_csv(tmp_path / "report/predictions.csv")
    unknown = predictions[predictions.gloss == "gloss5"]
    assert metrics["classes"] == 5 and len(unknown) == 12 and (unknown["rank"] == 6).all() and "top5" not in metrics


def test_gloss_sets_are_named_metrics_and_a_gloss_that_is_not_there_a_warning(trained, tmp_path, capsys):
    metrics = run(trained, tmp_path, settings(pairs=["gloss0", "gloss1"], typo=["glos1"]))
    predictions = pd.read_csv(tmp_path / "report/predictions.csv")
    chosen = predictions[predictions.gloss.isin(["gloss0", "gloss1"])]
    assert metrics["top1_pairs"] == (chosen["rank"] == 1).mean() and metrics["top1_pairs_clips"] == len(chosen)
    assert "top1_typo" not in metrics
    assert "gloss_sets.typo: the corpus has no gloss 'glos1'; did you mean 'gloss1'?" in capsys.readouterr().err


def test_landmarks_made_otherwise_and_a_corpus_without_test_clips_are_errors(trained, tmp_path):
    corpus, model = trained
    config = read_json(model / "config.json")
    other = tmp_path / "other"
    other.mkdir()
    (other / "weights.safetensors").write_bytes((model / "weights.safetensors").read_bytes())
    write_json(other / "config.json", {**config, "preprocessing": {**config["preprocessing"], "frames": {"fps": 25.0}}})
    with pytest.raises(ModelError, match="made differently"):
        run((corpus, other), tmp_path)
    write_splits(tmp_path / "splits.parquet", read_splits(corpus.splits).assign(split="train"))
    with pytest.raises(CorpusError, match="no test clips"):
        run(trained, tmp_path, splits=tmp_path / "splits.parquet")


def test_a_missing_or_foreign_model_is_an_error_with_the_way_out(trained, tmp_path):
    corpus, model = trained
    with pytest.raises(ModelError, match="no trained model.*dvc repro"):
        load_model(tmp_path)
    config = read_json(model / "config.json")
    (tmp_path / "weights.safetensors").write_bytes((model / "weights.safetensors").read_bytes())
    (tmp_path / "weights.safetensors").write_bytes((model / "weights.safetensors").read_bytes()[:1000])
    write_json(tmp_path / "config.json", config)
    with pytest.raises(ModelError, match="can't be read by this version"):
        load_model(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes((model / "weights.safetensors").read_bytes())
    write_json(tmp_path / "config.json", {**config, "labels": ["only one"]})
    with pytest.raises(ModelError, match="train it again"):
        load_model(tmp_path)
    write_json(tmp_path / "config.json", {**config, "params": {**config["params"], "family": "oracle"}})
    with pytest.raises(ModelError, match="train it again"):
        load_model(tmp_path)
    write_json(tmp_path / "config.json", {**config, "params": {**config["params"], "colour": 1}})
    with pytest.raises(ModelError, match=r"slr: models\.\w+\.colour: unknown name.*; train it again$"):
        load_model(tmp_path)
