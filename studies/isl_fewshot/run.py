"""Signs that no model was trained on, by signers whom it has never seen: ISL Kinect, one and five examples.

    python -m studies.isl_fewshot.run [MODEL ...]

See README.md beside this file for the protocol.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.spatial.distance import cdist

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest, write_manifest
from slr.evaluation.folds import cross_validate
from slr.figures import plots
from slr.inference.model import load_model
from slr.io.files import file_hash, read_json, write_json, write_text
from slr.metrics.retrieval import SHOTS, GalleryPairs, few_shot
from slr.params import ModelParams
from studies.dtw import dtw_body_features, dtw_distances
from studies.isl_fewshot.models import MODELS
from studies.isl_kinect.run import CHOSEN_ON, SEEN_BY_MISTAKE, corpus, settings
from studies.pictures import draw_signers
from studies.workspace import kept, require_known

STUDY = Path(__file__).parent
FOLDER = STUDY / "folds"
"""The corpus's landmarks and the trained folds, kept for the next start; not in git."""
UNSEEN, SEED = 10, 1
"""How many signs are never trained on, and what draws them."""
DTW = "dtw"


def unseen_signs(glosses: Sequence[str], count: int = UNSEEN) -> list[str]:
    """The signs that are never trained on, the same for the same corpus."""
    return sorted(np.random.default_rng(SEED).choice(sorted(set(glosses)), count, replace=False).tolist())


def prepare(folder: Path) -> pd.DataFrame:
    """Write the corpus, and the manifest of the signs that train; returns the clips of the others.

    Returns
    -------
    DataFrame
        `clip_id`, `gloss`, `signer`, sorted by `clip_id`.
    """
    corpus(folder)
    clips = read_manifest(folder / "manifest.parquet")
    glosses = clips.glosses.str[0]
    held_out = glosses.isin(unseen_signs(glosses))
    write_manifest(folder / "trained.parquet", clips[~held_out])
    return clips[held_out].assign(gloss=glosses).sort_values("clip_id", ignore_index=True)[
        ["clip_id", "gloss", "signer"]]


def shots(distances: np.ndarray, clips: pd.DataFrame, signer: str) -> dict[str, float]:
    """`one_shot` and `five_shot`: top-1 of a signer's clips, whose examples are drawn of all other signers' clips.

    Parameters
    ----------
    distances : array (clips, clips)
    clips : DataFrame
        Of signs that were never trained on, from `prepare`.
    signer : str
    """
    pairs = GalleryPairs(distances, pd.factorize(clips.gloss, sort=True)[0], (clips.signer == signer).to_numpy(int))
    found = {name: few_shot(pairs, count, name) for name, count in SHOTS.items()}
    return {name: of[name] for name, of in found.items() if name in of}


def measure(name: str, model: ModelParams, clips: pd.DataFrame, folder: Path, workers: int = 0) -> pd.DataFrame:
    """Train a model in all folds, and try it on the signs that it was never trained on.

    Returns
    -------
    DataFrame
        A row for each signer, whom the model has never seen: `signer`, `one_shot`, `five_shot`, and `trained_top1`, of
        the signs that were trained, as any classifier's.
    """
    signers = read_manifest(folder / "trained.parquet").signer.nunique()
    table = cross_validate({name: model}, settings({name: model}, signers, workers),
                           replace(Dataset.below(folder), manifest=folder / "trained.parquet"), out=folder,
                           workers=workers, validate=False,
                           keep_models=True)
    store, rows = LandmarkStore(folder / "landmarks"), []
    for fold, signer, top1 in table[["fold", "signer", "top1"]].itertuples(index=False):
        trained = load_model(folder / f"fold-{fold}" / name / "model")
        features = trained.outputs(trained.clips(store, clips.clip_id))["features"].double().numpy()
        rows.append({"signer": signer, **shots(cdist(features, features), clips, signer), "trained_top1": top1})
    return pd.DataFrame(rows).sort_values("signer", ignore_index=True)


def measure_dtw(clips: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The baseline that learns nothing: rows as of `measure`, without `trained_top1`."""
    store = LandmarkStore(folder / "landmarks")

    def make() -> np.ndarray:
        features = [dtw_body_features(store[clip], store.skeleton) for clip in clips.clip_id]
        return dtw_distances(features, features)

    distances = kept(folder / DTW, file_hash(folder / "landmarks"), make)
    return pd.DataFrame([{"signer": signer, **shots(distances, clips, signer)} for signer in sorted(set(clips.signer))])


def summarise(name: str, table: pd.DataFrame) -> dict[str, float]:
    """Flat metrics of one model's rows: over the signers, and over those at whom nobody looked before."""
    untouched = table[~table.signer.isin((*CHOSEN_ON, *SEEN_BY_MISTAKE))]
    metrics = {}
    for metric in (*SHOTS, "trained_top1"):
        if metric in table:
            metrics |= {f"{name}_{metric}_mean": table[metric].mean(), f"{name}_{metric}_sd": table[metric].std(),
                        f"{name}_{metric}_min": table[metric].min(),
                        f"{name}_untouched_{metric}_mean": untouched[metric].mean()}
    return {key: float(value) for key, value in metrics.items() if not np.isnan(value)}


def write_results(tables: Mapping[str, pd.DataFrame]) -> None:
    """metrics.json, results.md and accuracy.png, of all models measured so far."""
    metrics = {key: value for name, table in tables.items() for key, value in summarise(name, table).items()}
    write_json(STUDY / "metrics.json", metrics | {"ways": UNSEEN})
    order = sorted(tables, key=lambda name: -metrics[f"{name}_one_shot_mean"])
    lines = ["| | one example: mean (sd) | untouched signers | five examples: mean (sd) | untouched signers | "
             "the 20 trained signs |", "| --- | --- | --- | --- | --- | --- |"]
    for name in order:
        of = {key: metrics.get(f"{name}_{key}", np.nan) for key in (
            "one_shot_mean", "one_shot_sd", "untouched_one_shot_mean", "five_shot_mean", "five_shot_sd",
            "untouched_five_shot_mean", "trained_top1_mean")}
        trained = "" if np.isnan(of["trained_top1_mean"]) else f"{of['trained_top1_mean']:.3f}"
        lines.append(f"| `{name}` | {of['one_shot_mean']:.3f} ({of['one_shot_sd']:.3f}) | "
                     f"{of['untouched_one_shot_mean']:.3f} | {of['five_shot_mean']:.3f} ({of['five_shot_sd']:.3f}) | "
                     f"{of['untouched_five_shot_mean']:.3f} | {trained} |")
    write_text(STUDY / "results.md", "\n".join(lines) + "\n")
    with matplotlib.rc_context(plots.STYLE):
        draw({name: tables[name] for name in reversed(order)}).savefig(STUDY / "accuracy.png", dpi=150)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """One picture for one example, one for five: a line for each model, a dot for each signer."""
    figure = Figure(figsize=(8.4, 1.2 + 0.38 * len(tables)), layout="constrained")
    for axes, (shot, count) in zip(figure.subplots(1, len(SHOTS), sharey=True), SHOTS.items(), strict=True):
        draw_signers(axes, {name: table[shot] for name, table in tables.items()},
                     f"top-1 by {count} example{'s' if count > 1 else ''} of each sign")
        axes.set(xlim=(0, 1))
    return figure


def main(names: Sequence[str] = (), workers: int = 0) -> None:
    """Measure DTW and the models of these names, all by default; results are written after each."""
    require_known(names, MODELS)
    clips = prepare(FOLDER)
    log = FOLDER / "measured.json"
    for name in (DTW, *(names or MODELS)):
        table = measure_dtw(clips, FOLDER) if name == DTW else measure(name, MODELS[name], clips, FOLDER, workers)
        measured = read_json(log) if log.exists() else {}  # read late: another run may have added its models
        write_json(log, measured | {name: table.to_dict("list")})
        known = {DTW, *MODELS}
        write_results({name: pd.DataFrame(of) for name, of in read_json(log).items() if name in known})


if __name__ == "__main__":
    main(sys.argv[1:])
