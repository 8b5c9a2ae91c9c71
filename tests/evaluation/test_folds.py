"""Cross-validation by signer: who is tested, validated and trained where, and that nothing done is done again."""
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.dataset.splits import read_splits
from slr.errors import CorpusError, SlrError
from slr.evaluation import folds
from slr.evaluation.folds import by_signer, cross_validate, fold_splits, summarise
from slr.extraction.frames import extract_frames
from slr.io.video import write_video
from slr.params import FramesParams, Params, SplitsParams, parse
from slr.params.families.pose_ctc import PoseCtcParams
from slr.params.families.spoter import SpoterParams
from slr.params.families.stfnet import StfnetParams
from slr.partition.splits import make_splits
from tests.helpers import landmark_corpus

SMALL = SpoterParams(d_model=16, heads=2, encoder_layers=1, decoder_layers=1, feedforward=32, epochs=1)


def settings(n_folds: int = 100, **evaluation) -> Params:
    return parse({"splits": {"folds": n_folds}, "signers": {"clusters": 2}, "compute": {"workers": 1},
                  "evaluation": evaluation})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Dataset:
    return landmark_corpus.make(tmp_path_factory.mktemp("corpus"), glosses=3, signers=4, repetitions=2)


def dealt(corpus: Dataset, n_folds: int, **options) -> list[pd.DataFrame]:
    """The splits of every fold, with the manifest's columns."""
    manifest = read_manifest(corpus.manifest)
    splits = make_splits(manifest, LandmarkStore(corpus.landmarks).clip_ids, SplitsParams(folds=n_folds))
    return [fold_splits(splits, manifest, fold, **options).merge(manifest.drop(columns="split"), on="clip_id")
            for fold in range(splits.fold.nunique())]


def signers_in(splits: pd.DataFrame, split: str) -> set[str]:
    return set(splits.signer[splits.split == split])


@pytest.mark.parametrize(("n_folds", "tested"), [(100, 1), (2, 2)])
def test_every_signer_is_tested_once_by_models_that_never_saw_them(corpus, n_folds, tested):
    every = dealt(corpus, n_folds)
    assert sorted(signer for splits in every for signer in signers_in(splits, "test")) == ["s0", "s1", "s2", "s3"]
    for splits in every:
        test, val, train = (signers_in(splits, split) for split in ("test", "val", "train"))
        assert len(test) == tested and len(val) == 1 and len(train) == 3 - tested
        assert test | val | train == {"s0", "s1", "s2", "s3"}
    assert len({frozenset(signers_in(splits, "val")) for splits in every}) == len(every)  # each by another


def test_without_validation_all_others_train(corpus):
    for splits in dealt(corpus, 100, validate=False):
        assert len(signers_in(splits, "train")) == 3 and not signers_in(splits, "val")


def test_signers_who_share_a_file_are_not_parted(corpus):
    manifest = read_manifest(corpus.manifest)
    manifest.loc[manifest.signer.isin(["s0", "s1"]), "media"] = "both.mp4"
    splits = make_splits(manifest, list(manifest.clip_id), SplitsParams(folds=3))
    for fold in range(3):
        together = fold_splits(splits, manifest, fold).merge(manifest[["clip_id", "signer"]], on="clip_id")
        assert together.split[together.signer.isin(["s0", "s1"])].nunique() == 1


def test_where_signers_are_unknown_the_next_fold_validates(corpus):
    manifest = read_manifest(corpus.manifest).assign(signer=None)
    splits = make_splits(manifest, list(manifest.clip_id), SplitsParams(folds=4, by="video"))
    one = fold_splits(splits, manifest, 3)
    assert set(one.fold[one.split == "test"]) == {3} and set(one.fold[one.split == "val"]) == {0}
    assert set(one.fold[one.split == "train"]) == {1, 2}


def test_two_folds_of_one_leave_nothing_to_train_on(corpus):
    manifest = read_manifest(corpus.manifest).assign(signer=None)
    splits = make_splits(manifest, list(manifest.clip_id), SplitsParams(folds=2, by="video"))
    with pytest.raises(CorpusError, match="nothing to train on.*splits.folds"):
        fold_splits(splits, manifest, 0)


def test_every_model_is_tested_in_every_fold_and_never_twice(corpus, tmp_path, monkeypatch):
    run = {"dataset": corpus, "out": tmp_path, "workers": 1}
    models = {"a": SMALL, "b": SMALL.model_copy(update={"lr": 0.01})}
    table = cross_validate(models, settings(2), **run)
    assert list(table.columns[:4]) == ["model", "fold", "signer", "top1"]
    assert list(zip(table.model, table.fold, strict=True)) == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert sorted("+".join(table.signer[:2]).split("+")) == ["s0", "s1", "s2", "s3"] and set(table.clips) == {12}
    for row in table.itertuples():
        predictions = pd.read_csv(tmp_path / f"fold-{row.fold}" / row.model / "report/predictions.csv")
        assert set(predictions.signer) == set(row.signer.split("+"))
        assert row.top1 == (predictions.gloss == predictions.predicted).mean()
        splits = read_splits(tmp_path / f"fold-{row.fold}/splits.parquet")
        assert set(splits.clip_id[splits.split == "test"]) == set(predictions.clip_id)
    signers = by_signer(table, tmp_path)
    assert sorted(signers.signer) == sorted(["s0", "s1", "s2", "s3"] * 2) and set(signers.clips) == {6}
    assert signers.groupby(["model", "fold"], sort=False).top1.mean().tolist() == pytest.approx(list(table.top1))
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "results.csv"), table, rtol=1e-4, check_dtype=False)
    assert sorted(path.name for path in (tmp_path / "fold-1").iterdir()) == [
        "a", "b", "fold.json", "signers.parquet", "splits.parquet"]
    assert sorted(path.name for path in (tmp_path / "fold-1/a").iterdir()) == ["report", "result.json"]

    trained: list[tuple[str, int]] = []
    monkeypatch.setattr(folds, "_train_and_test", lambda task, real=folds._train_and_test: (
        trained.append((task.model, task.fold)), real(task)))
    pd.testing.assert_frame_equal(cross_validate(models, settings(2), **run), table)
    assert trained == []
    (tmp_path / "fold-1/b/result.json").unlink()  # as a killed run leaves it
    cross_validate(models, settings(2), **run)
    assert trained == [("b", 1)]
    cross_validate({**models, "b": SMALL.model_copy(update={"lr": 0.02})}, settings(2), **run)
    assert trained[1:] == [("b", 0), ("b", 1)]
    one_out = cross_validate({"a": SMALL}, settings(), **run)  # other folds: nothing of the old ones is left
    assert trained[3:] == [("a", fold) for fold in range(4)]
    assert sorted(one_out.signer) == ["s0", "s1", "s2", "s3"] and set(one_out.clips) == {6}
    assert not (tmp_path / "fold-0/b").exists()


def test_a_failure_is_named_and_costs_only_itself(corpus, tmp_path):
    models = {"good": SMALL, "bad": SMALL.model_copy(update={
        "optimizer": "sgd", "lr": 1e12, "warmup_epochs": 0, "gradient_clip": 0, "norm_first": False, "epochs": 3})}
    with pytest.raises(SlrError, match=r"(?s)\d of 4 trainings failed:.*bad, fold \d: ModelError: .*not|nan|inf"):
        cross_validate(models, settings(2), corpus, out=tmp_path,
                       workers=1, keep_models=True)
    for fold in range(2):
        assert (tmp_path / f"fold-{fold}/good/result.json").exists()
        assert (tmp_path / f"fold-{fold}/good/model/weights.safetensors").exists()
        assert not (tmp_path / f"fold-{fold}/bad/result.json").exists()


def test_a_training_can_be_sent_to_another_process(tmp_path):
    task = folds._Run("a", 1, tmp_path, Dataset.below(tmp_path), parse(
        {"models": {"a": SMALL.model_dump()}, "train": {"models": ["a"], "model": "a"}}), True)
    assert pickle.loads(pickle.dumps(task)) == task


def test_no_folds_is_an_error(corpus, tmp_path):
    with pytest.raises(CorpusError, match="splits.folds"):
        cross_validate({"a": SMALL}, settings(0), corpus, out=tmp_path)


def test_sentences_are_tested_too_from_landmarks_and_from_frames(tmp_path):
    made = landmark_corpus.sentences(tmp_path / "corpus", signers=4, repetitions=3, longest=2)
    for i, clip_id in enumerate(read_manifest(made.manifest).clip_id):
        write_video(tmp_path / f"videos/{clip_id}.mp4", [np.full((32, 32, 3), 20 * i, np.uint8)] * 12, fps=10)
    extract_frames(made.manifest, tmp_path / "videos", tmp_path / "frames", FramesParams(fps=None, size=None),
                   workers=1, work=tmp_path / "work")
    models = {"poses": PoseCtcParams(width=16, heads=1, layers=1, epochs=1),
              "pictures": StfnetParams(backbone="tiny", hidden=16, temporal=["K3", "P2"], lstm_layers=1, epochs=1,
                                       lstm_dropout=0, images={"resize": 32, "crop": 32})}
    run = {"dataset": replace(made, frames=tmp_path / "frames"), "out": tmp_path / "out", "workers": 1}
    table = cross_validate(models, settings(2), **run)
    assert list(table.columns[:5]) == ["model", "fold", "signer", "wer", "clips"] and len(table) == 4
    assert set(table.clips) == {6} and sorted("+".join(table.signer[:2]).split("+")) == ["s0", "s1", "s2", "s3"]
    summary = summarise(table)
    assert summary.wer_max["pictures"] == table.wer[2:].max() and summary.clips.tolist() == [12, 12]
    assert summary.wer_mean["poses"] == pytest.approx(table.wer[:2].mean())
    run["dataset"] = replace(made, frames=tmp_path / "none")
    with pytest.raises(CorpusError, match="none"):
        cross_validate({"pictures": models["pictures"]}, settings(2), **run)


def test_mean_and_deviation_over_folds_by_hand():
    table = pd.DataFrame({"model": ["z", "z", "a", "a"], "fold": [0, 1, 0, 1], "clips": [4, 6, 4, 6],
                          "top1": [0.5, 0.9, 1.0, 1.0]})
    summary = summarise(table)
    assert list(summary.index) == ["z", "a"] and list(summary.clips) == [10, 10] and list(summary.folds) == [2, 2]
    assert summary.loc["z", ["top1_mean", "top1_sd", "top1_min"]].tolist() == pytest.approx([0.7, 0.08**0.5, 0.5])
    assert summary.top1_mean["a"] == 1 and summarise(table[table.fold == 0]).top1_sd.isna().all()
