"""Every model of params.yaml and of the zoo on signers it has never seen: what is right, and what is left of who signs.

    python -m studies.variations.run [DATA]

See README.md beside this file for the protocol.
"""

import sys
from pathlib import Path

import matplotlib
import pandas as pd

from slr.dataset.dataset import Dataset
from slr.evaluation.folds import by_signer, cross_validate
from slr.figures import plots
from slr.io.files import write_json, write_text
from slr.params import Params, load
from slr.report.leakage import Leakage, leakages
from slr.report.model_facts import ModelFacts
from studies.workspace import REPOSITORY, clone, run

STUDY = Path(__file__).parent
FOLDER = STUDY / "folds"
"""Finished folds, kept for the next start; not in git."""
FOLDS = 4
"""Of two signers each: a probe needs several signers whom the model has never seen."""
EPOCHS = 30
"""At most: the study's budget is 30 minutes of two cores."""


def data() -> Path:
    """Manifest and landmarks of the built-in corpus, made by the pipeline in a clone that shares this one's cache."""
    project = clone(STUDY)
    run(project, "dvc", "cache", "dir", "--local", REPOSITORY / ".dvc" / "cache")
    run(project, "dvc", "repro", "landmarks")
    return project / "data"


def settings() -> Params:
    params = load(REPOSITORY / "params.yaml")
    return params.model_copy(update={"splits": params.splits.model_copy(update={"by": "signer", "folds": FOLDS})})


def classifiers(params: Params) -> list[str]:
    """The models that name a sign by its class: no embeddings, nothing of sentences or streams."""
    return [name for name in (*params.train.models, *params.zoo.models)
            if params.models[name].task == "isolated" and params.models[name].embedding is None]


def measure(params: Params, folder: Path) -> pd.DataFrame:
    """Train and test all models in all folds; one row for each of the `classifiers`.

    Columns: `family`; `top1_mean`, `top1_sd` and `top1_worst` over the signers; `probe`, `probe_sd` and `chance` over
    the folds; `train_seconds` of a fold.
    """
    models = {name: params.models[name].model_copy(update={"epochs": min(EPOCHS, params.models[name].epochs)})
              for name in classifiers(params)}
    table = cross_validate(models, params, Dataset.below(folder), out=FOLDER, workers=params.compute.workers)
    folds, signers = table.groupby("model"), by_signer(table, FOLDER).groupby("model")
    return pd.DataFrame({
        "family": {name: model.family for name, model in models.items()},
        "top1_mean": signers.top1.mean(), "top1_sd": signers.top1.std(), "top1_worst": signers.top1.min(),
        "top1_gap": signers.top1.max() - signers.top1.min(), "probe": folds.signer_probe.mean(),
        "probe_sd": folds.signer_probe.std(), "chance": folds.signer_probe_chance.mean(),
        "train_seconds": folds.train_seconds.mean(),
    }).loc[list(models)]


def compare(models: pd.DataFrame) -> list[Leakage]:
    """Each model beside the first of its family, as the report does."""
    return leakages([
        ModelFacts(str(name), {"top1": row.top1_mean, "worst_signer_top1": row.top1_worst, "signer_gap": row.top1_gap,
                               "signer_probe": row.probe, "signer_probe_chance": row.chance},
                   {"params": {"family": row.family}}, None, None, {}, {}, [])
        for name, row in models.iterrows()])


def write_results(models: pd.DataFrame) -> None:
    """metrics.json, results.md and leakage.png."""
    found = compare(models)
    metrics = {f"{name}_{metric}": float(value) for name, row in models.drop(columns=["family", "chance"]).iterrows()
               for metric, value in row.items()}
    write_json(STUDY / "metrics.json", metrics | {"chance": float(models.chance.mean()), "models": len(models)})
    lines = ["| model | top-1, mean (sd) | worst signer | signer probe (sd) | above chance | compared with | top-1 | "
             "probe | above chance | seconds |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    of = {row.model: row for row in found}
    for row in found:
        model, base = models.loc[row.model], of[row.baseline]
        gains = (["", "", "", ""] if row.top1_gain is None else
                 [row.baseline, f"{row.top1_gain:+.3f}", f"{row.probe_gain:+.3f}",
                  f"x {row.above_chance / base.above_chance:.2f}" if base.above_chance > 0 else ""])
        lines.append("| " + " | ".join([
            f"`{row.model}`", f"{row.top1:.3f} ({model.top1_sd:.3f})", f"{row.worst:.3f}",
            f"{row.probe:.3f} ({model.probe_sd:.3f})", f"{row.above_chance:.3f}", *gains,
            f"{model.train_seconds:.0f}"]) + " |")
    write_text(STUDY / "results.md", "\n".join(lines) + "\n")
    with matplotlib.rc_context(plots.STYLE):
        plots.scatter_figure(
            [plots.Dot(row.model, row.probe, row.top1, (row.top1 - models.top1_sd[row.model],
                                                        min(1, row.top1 + models.top1_sd[row.model])),
                       row.top1_gain is None) for row in found],
            x_label="signer probe", y_label="top-1 on unseen signers", line=found[0].chance,
            line_label="chance").savefig(STUDY / "leakage.png", dpi=150)


def main(folder: Path | None = None) -> None:
    write_results(measure(settings(), folder or data()))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
