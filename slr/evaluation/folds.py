"""Cross-validation by signer: every model is trained once per fold and tested on held-out signers.

With at least as many folds as signers, each fold leaves one signer out. Folds come from `slr.partition.splits`,
training is `slr.training.loop.train`, testing `slr.evaluation.evaluate`: nothing here depends on a model or metric.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from slr.dataset.dataset import Dataset
from slr.dataset.signers import write_signers
from slr.dataset.splits import write_splits
from slr.errors import CorpusError, SlrError
from slr.evaluation.predictions import read_predictions
from slr.io.clipwise import content_key
from slr.io.files import file_hash, read_json, write_json, write_text
from slr.io.progress import progress
from slr.io.workers import map_unordered
from slr.params import ModelParams, Params, SignersParams
from slr.partition.splits import make_splits, signer_groups
from slr.preprocessing.inputs import inputs_of

RESULTS, SUMMARY = "results.csv", "summary.csv"
SUMMARISED = ("top1", "top5", "macro_f1", "worst_signer_top1", "signer_gap", "signer_probe", "signer_probe_chance",
              "pr_auc", "worst_signer_pr_auc", "frame_pr_auc", "f1_chosen", "segment_iou", "segment_f1",
              "wer", "wer_del", "wer_ins", "wer_sub", "worst_signer_wer", "val_wer_beam", "wer_greedy", "wer_lm",
              "sentence_errors", "boundary_error_ms", "train_seconds")
"""Metrics whose mean and standard deviation over the folds are in the summary, for models that have them."""
WORST = {"top1": "min", "pr_auc": "min", "wer": "max"}
"""The headline metric of each task, and whether its worst fold is the minimum or maximum."""


def cross_validate(models: Mapping[str, ModelParams], params: Params, dataset: Dataset, out: Path, *, workers: int = 0,
                   validate: bool = True, keep_models: bool = False) -> pd.DataFrame:
    """Train and test every model in every fold.

    Finished combinations of model and fold are kept, and rerun only if the settings, the seed, the folds or the data
    change; a killed run resumes. Changes of the code are not detected: after one, remove `out`.

    Parameters
    ----------
    models : mapping of str to ModelParams
        The models to train, by name.
    params : Params
        `splits` (`folds` is their number; at least as many as signers leaves one signer out), `signers`, `train` (seed,
        device, precision, budget) and `evaluation` are used; its `models` are not.
    dataset : Dataset
        Its splits and pseudo-signers are not used: each fold has its own, which are computed from the landmarks,
        whatever the models' input.
    out : Path
        results.csv (what is returned), summary.csv (see `summarise`), and for each fold its splits, its pseudo-signers
        and each model's report.
    workers : int, default 0
        Parallel trainings, each on one core; 0 for one per core. 1 trains sequentially, each on
        `params.compute.workers` cores.
    validate : bool, default True
        Select the checkpoint on a signer of another fold; else train on that signer, too, and keep the last epoch.
    keep_models : bool, default False
        Keep the weights, below `<fold>/<model>/model`.

    Returns
    -------
    DataFrame
        One row per model and fold: `model`, `fold`, `signer` (of the test clips; several are joined by "+", none if
        unknown), the headline metric, `clips` (or sentences), and the other metrics of `slr.evaluation.evaluate`.

    Raises
    ------
    CorpusError
        If no folds are available.
    SlrError
        If a training or a test failed; names each. The others are finished and kept.
    """
    clips = dataset.rows()
    splits = make_splits(clips, dataset.landmark_store.clip_ids, params.splits)
    folds = [int(fold) for fold in sorted(splits.fold.dropna().unique())]
    if not folds:
        raise CorpusError("there are no folds to test in; set splits.folds to the number of signers, or to at least 3")
    for settings in models.values():
        inputs_of(settings).open(dataset)  # now, and not after other models have trained
    read = {inputs_of(settings).path(dataset) for settings in models.values()} | {dataset.landmarks}
    identity = [*map(file_hash, sorted(read)), file_hash(dataset.manifest), params.splits.model_dump(),
                params.signers.model_dump(), validate]
    prepared = [_Fold(out / f"fold-{fold}", content_key(identity, fold), fold_splits(splits, clips, fold, validate),
                      dataset, params.signers) for fold in folds]
    _prepare_all(prepared, workers)
    if workers != 1:
        params = params.model_copy(update={"compute": params.compute.model_copy(update={"workers": 1})})
    runs = [_Run(name, fold, out / f"fold-{fold}", dataset,
                 params.model_copy(update={"models": {name: settings}}), keep_models)
            for name, settings in models.items() for fold in folds]
    _finish([run for run in runs if not run.done()], len(runs), workers)
    table = pd.DataFrame([run.row(clips, splits) for run in runs])
    write_text(out / RESULTS, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    write_text(out / SUMMARY, summarise(table).to_csv(float_format="%.6g", lineterminator="\n"))
    return table


def fold_splits(splits: pd.DataFrame, manifest: pd.DataFrame, fold: int, validate: bool = True) -> pd.DataFrame:
    """The splits of one fold: its clips are tested, one signer of the next fold is for validation, all others train.

    The validation signer is the next fold's first one, so that every fold is validated on a different signer; if
    signers aren't known (folds by video), the whole next fold. Clips that are in no fold are training clips only.

    Parameters
    ----------
    splits : DataFrame
        From `slr.partition.splits.make_splits`.
    manifest : DataFrame
    fold : int
    validate : bool, default True
        Without it there are no validation clips.

    Returns
    -------
    DataFrame
        `clip_id`, `split` and `fold`.

    Raises
    ------
    CorpusError
        If nothing is left to train on.
    """
    clips = splits.merge(manifest[["clip_id", "media", "signer"]], on="clip_id")
    folds = sorted(clips.fold.dropna().unique())
    split = pd.Series("train", index=clips.index)
    split[(clips.fold == fold).fillna(False)] = "test"
    if validate:
        following = (clips.fold == folds[(folds.index(fold) + 1) % len(folds)]).fillna(False).astype(bool)
        if clips.signer[following].notna().all():
            groups = signer_groups(clips)
            first = clips.signer[following].sort_values().index[0]
            following &= groups == groups[first]
        split[following & (split == "train")] = "val"
    if not (split == "train").any():
        raise CorpusError(f"fold {fold} of {len(folds)} leaves nothing to train on; raise splits.folds")
    return clips[["clip_id"]].assign(split=split, fold=clips.fold)


def by_signer(table: pd.DataFrame, out: Path) -> pd.DataFrame:
    """Top-1 per held-out signer of isolated-sign models, from all folds' predictions.

    Parameters
    ----------
    table : DataFrame
        From `cross_validate`.
    out : Path
        The same as there.

    Returns
    -------
    DataFrame
        One row per model and known signer: `model`, `fold`, `signer`, `clips`, `top1`.
    """
    rows = []
    for model, fold in table[["model", "fold"]].itertuples(index=False):
        predictions = read_predictions(out / f"fold-{fold}" / model / "report" / "predictions.csv")
        for signer, clips in predictions.groupby("signer"):
            rows.append({"model": model, "fold": fold, "signer": signer, "clips": len(clips),
                         "top1": float((clips.gloss == clips.predicted).mean())})
    return pd.DataFrame(rows)


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and sample standard deviation (divided by folds - 1) over the folds, one row per model.

    Parameters
    ----------
    table : DataFrame
        From `cross_validate`.

    Returns
    -------
    DataFrame
        Indexed by `model`, in the table's order: `folds`, `clips` (tested in all folds), `top1_min`, `pr_auc_min` or
        `wer_max` (the worst fold), and `<metric>_mean` and `<metric>_sd` of `SUMMARISED`.
    """
    models = table.groupby("model", sort=False)
    columns = {"folds": models.fold.nunique(), "clips": models.clips.sum()}
    columns |= {f"{metric}_{worst}": models[metric].agg(worst) for metric, worst in WORST.items() if metric in table}
    for metric in SUMMARISED:
        if metric in table:
            columns |= {f"{metric}_mean": models[metric].mean(), f"{metric}_sd": models[metric].std()}
    return pd.DataFrame(columns)


def of_fold(dataset: Dataset, folder: Path) -> Dataset:
    """A data set with the splits and pseudo-signers in a fold's folder."""
    return replace(dataset, splits=folder / "splits.parquet", signers=folder / "signers.parquet")


class _Fold(NamedTuple):
    """The content of a fold; `key` is a hash of it."""

    folder: Path
    key: str
    splits: pd.DataFrame
    dataset: Dataset
    signers: SignersParams

    @property
    def own(self) -> Dataset:
        """The data set with this fold's splits and pseudo-signers."""
        return of_fold(self.dataset, self.folder)

    def done(self) -> bool:
        return (self.folder / "fold.json").exists() and read_json(self.folder / "fold.json") == self.key


class _Run(NamedTuple):
    """One training and test: everything a worker process needs."""

    model: str
    fold: int
    folder: Path
    dataset: Dataset
    params: Params
    keep_model: bool

    @property
    def result(self) -> Path:
        return self.folder / self.model / "result.json"

    def key(self) -> str:
        """Hash of everything the result depends on."""
        return content_key(read_json(self.folder / "fold.json"), self.params.models[self.model].model_dump(),
                           self.params.train.model_dump(include={"seed", "device", "precision", "budget"}),
                           self.params.evaluation.model_dump())

    def done(self) -> bool:
        return (self.result.exists() and read_json(self.result)["key"] == self.key()
                and (not self.keep_model or (self.folder / self.model / "model").exists()))

    def row(self, manifest: pd.DataFrame, splits: pd.DataFrame) -> dict[str, Any]:
        tested = splits.clip_id[(splits.fold == self.fold).fillna(False)]
        signers = sorted(manifest.signer[manifest.clip_id.isin(tested)].dropna().unique())
        metrics = read_json(self.result)["metrics"]
        first = {name: metrics[name] for name in WORST if name in metrics}
        first |= {"clips": metrics.get("clips", metrics.get("sentences")), "train_seconds": metrics["train_seconds"]}
        return {"model": self.model, "fold": self.fold, "signer": "+".join(signers) or None, **first, **metrics}


def _prepare_all(folds: list[_Fold], workers: int) -> None:
    missing = [fold for fold in folds if not fold.done()]
    with progress("folds", len(folds), unit="fold") as advance:
        advance(len(folds) - len(missing))
        for done in map_unordered(_prepare, missing, workers):
            if done.error is not None:
                raise done.error
            advance()


def _prepare(fold: _Fold) -> None:
    """Write a fold's splits and pseudo-signers, replacing outdated content."""
    from slr.partition.signers import cluster_signers

    shutil.rmtree(fold.folder, ignore_errors=True)
    write_splits(fold.own.splits, fold.splits)
    clusters, _ = cluster_signers(fold.own, fold.signers)
    write_signers(fold.own.signers, clusters)
    write_json(fold.folder / "fold.json", fold.key)


def _finish(runs: list[_Run], total: int, workers: int) -> None:
    failed = []
    with progress("train and test", total, unit="model") as advance:
        advance(total - len(runs))
        for done in map_unordered(_train_and_test, runs, workers):
            if done.error is not None:
                failed.append(f"  {done.item.model}, fold {done.item.fold}: {type(done.error).__name__}: {done.error}")
            advance(note=f"{done.item.model}, fold {done.item.fold}" + (f"; {len(failed)} failed" if failed else ""))
    if failed:
        raise SlrError(f"{len(failed)} of {total} trainings failed:\n" + "\n".join(failed) +
                       "\nthose that worked are kept for the next run")


def _train_and_test(run: _Run) -> None:
    from slr.evaluation.evaluate import evaluate
    from slr.training.loop import train

    folder, dataset = run.folder / run.model, of_fold(run.dataset, run.folder)
    run.result.unlink(missing_ok=True)
    train(run.model, run.params, dataset, out=folder / "model", work=folder / "work")
    metrics = evaluate(folder / "model", run.params, dataset, metrics_path=folder / "metrics.json",
                       report_dir=folder / "report")
    (folder / "metrics.json").unlink()
    shutil.rmtree(folder / "work", ignore_errors=True)
    if not run.keep_model:
        shutil.rmtree(folder / "model")
    write_json(run.result, {"key": run.key(), "metrics": metrics})
