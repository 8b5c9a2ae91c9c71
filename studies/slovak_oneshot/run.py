"""One example of each of about 400 signs, from the front: is the sign recognised from the side?

    python -m studies.slovak_oneshot.run [MODEL ...]
    python -m studies.slovak_oneshot.run --development [MODEL ...]

See README.md beside this file for the protocol.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.spatial.distance import cdist

from slr.corpora.reading import nfc
from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.errors import SlrError
from slr.figures import plots
from slr.inference.model import TrainedModel, load_model
from slr.io.clipwise import content_key
from slr.io.files import file_hash, read_json, write_json, write_text
from slr.io.progress import progress
from slr.io.workers import map_unordered
from slr.params import parse
from slr.training.loop import train
from studies import slovak
from studies.slovak_oneshot.models import AVERAGES, MODELS, Recipe
from studies.slovak_oneshot.sources import Source, slovak_data, source
from studies.slovak_words.run import EVERY, MAX_FRAMES
from studies.workspace import kept, require_known, shared_data

STUDY = Path(__file__).parent
FOLDER = STUDY / "folds"
"""Trained models and distances, kept for the next start; not in git."""
DTW = "dtw"
DEVELOPMENT = "--development"


class Member(NamedTuple):
    """One training: everything that a worker process needs."""

    name: str
    seed: int
    recipe: Recipe
    source: Source
    pairs: pd.DataFrame

    @property
    def folder(self) -> Path:
        return FOLDER / "models" / f"{self.name}-{self.seed}"

    def key(self) -> str:
        """What its distances follow from; the code isn't watched."""
        data = [file_hash(self.source.landmarks), file_hash(self.source.splits), file_hash(self.source.takes)]
        return content_key(self.recipe.params.model_dump(), self.recipe.compare, self.seed, data)


def development(glosses: Sequence[str], words: Sequence[Mapping[str, str]]) -> np.ndarray:
    """(glosses,) bool: the glosses on whose side takes settings may be chosen.

    Of the dictionary words that `slovak_words` chose from every fifth, whose side takes `slovak_words` has
    tested already, and every tenth from the second on.
    """
    names = [nfc(word["word_sk"]).strip() for word in words]
    return np.isin(glosses, [*names[::EVERY], *names[1::2 * EVERY]])


def distances(member: Member) -> np.ndarray:
    """(glosses, glosses) from side takes to front takes by one model, which is trained unless that was done before."""

    def make() -> np.ndarray:
        settings = parse({"models": {member.name: member.recipe.params.model_dump()}, "compute": {"workers": 1},
                          "train": {"model": member.name, "models": [member.name], "seed": member.seed}})
        source = member.source
        data = Dataset(source.manifest, landmarks=source.landmarks, splits=source.splits, signers=source.signers)
        train(member.name, settings, data, out=member.folder / "model", work=member.folder / "work")
        return compare(load_model(member.folder / "model"), member.source.takes, member.pairs, member.recipe.compare)

    return kept(member.folder, member.key(), make)


def compare(model: TrainedModel, takes: Path, pairs: pd.DataFrame, by: str) -> np.ndarray:
    """(glosses, glosses) from side takes to front takes, by a trained model: see `Recipe.compare`."""
    store = LandmarkStore(takes)
    side = model.outputs(model.clips(store, pairs.side))
    if by == "logits":
        return -side["logits"].log_softmax(1)[:, [model.labels.index(gloss) for gloss in pairs.gloss]].numpy()
    front = model.outputs(model.clips(store, pairs.front))
    return cdist(side["features"].double().numpy(), front["features"].double().numpy())


def averaged(several: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of several models' distances (queries, gallery), each query's scaled to mean 0 and deviation 1.

    Without the scaling the model with the largest numbers would decide alone.
    """
    return np.mean([(of - of.mean(1, keepdims=True)) / (of.std(1, keepdims=True) + 1e-12) for of in several], axis=0)


def measure(names: Sequence[str], data: Path, workers: int = 0) -> tuple[list[str], dict[str, np.ndarray]]:
    """Train what isn't, and compare all takes.

    Returns
    -------
    list of str
        The glosses.
    dict of str to array (glosses, glosses)
        Distances from side takes to front takes by `dtw`, each model, and each average whose models are all there.
    """
    store = LandmarkStore(data / "landmarks")
    pairs = slovak.takes(data / "manifest.parquet", store)
    found = {DTW: kept(FOLDER / DTW, file_hash(data / "landmarks"), lambda: slovak.dtw_matrix(store, pairs))}
    sources = {corpus: source(corpus, FOLDER, data) for corpus in dict.fromkeys(MODELS[name].corpus for name in names)}
    members = [Member(name, seed, MODELS[name], sources[MODELS[name].corpus], pairs)
               for name in names for seed in range(1, MODELS[name].seeds + 1)]
    made: dict[str, list[tuple[int, np.ndarray]]] = {name: [] for name in names}
    failed = []
    with progress("models", len(members), unit="model") as advance:
        for done in map_unordered(distances, members, workers):
            if done.error is None:
                made[done.item.name].append((done.item.seed, done.result))
            else:
                failed.append(f"  {done.item.name}, seed {done.item.seed}: {done.error}")
            advance(note=f"{done.item.name}, seed {done.item.seed}")
    if failed:
        raise SlrError("\n".join([f"{len(failed)} of {len(members)} models failed:", *failed,
                                  "those that worked are kept for the next run"]))
    found |= {name: averaged([of for _, of in sorted(several, key=lambda one: one[0])])
              for name, several in made.items()}
    found |= {name: averaged([found[one] for one in of]) for name, of in AVERAGES.items() if set(of) <= set(found)}
    return pairs.gloss.tolist(), found


def summarise(found: Mapping[str, np.ndarray], chosen_on: np.ndarray) -> tuple[dict[str, float], str]:
    """The study's metrics, and the name of the model that `top1` is of.

    Parameters
    ----------
    found : mapping of str to array (glosses, glosses)
        From `measure`.
    chosen_on : array (glosses,) bool
        From `development`. The best model is the one with the most of these right (then among the first five); it is
        measured on the others.
    """
    places = {name: slovak.places(of) for name, of in found.items()}
    on = {name: slovak.accuracy(of[chosen_on]) for name, of in places.items()}
    best = max((name for name in places if name != DTW), key=lambda name: (on[name]["top1"], on[name]["top5"]))
    metrics = {"ways": len(chosen_on), "queries": int((~chosen_on).sum()), "development_queries": int(chosen_on.sum())}
    for name, of in places.items():
        metrics |= {f"{name}_{key}": value for key, value in slovak.accuracy(of[~chosen_on]).items()}
        metrics |= {f"{name}_development_{key}": on[name][key] for key in ("top1", "top5")}
        metrics |= {f"{name}_everything_{key}": slovak.accuracy(of)[key] for key in ("top1", "top5")}
    metrics |= {key: metrics[f"{best}_{key}"] for key in slovak.accuracy(places[best])}
    return metrics, best


def write_results(metrics: Mapping[str, float], best: str, names: Sequence[str]) -> None:
    """metrics.json, results.md and accuracy.png."""
    write_json(STUDY / "metrics.json", dict(metrics))
    order = sorted(names, key=lambda name: -metrics[f"{name}_top1"])
    lines = [f"{metrics['ways']} ways, one example each, {metrics['queries']} side takes that nothing was chosen on; "
             f"best on the other {metrics['development_queries']}: `{best}`.", "",
             "| | top-1 (95 %) | top-5 | chosen on: top-1, top-5 | all side takes: top-1, top-5 |",
             "| --- | --- | --- | --- | --- |"]
    for name in order:
        of = {key.removeprefix(f"{name}_"): value for key, value in metrics.items() if key.startswith(f"{name}_")}
        lines.append(f"| `{name}` | {of['top1']:.3f} ({of['top1_ci_low']:.3f}-{of['top1_ci_high']:.3f}) | "
                     f"{of['top5']:.3f} | {of['development_top1']:.3f}, {of['development_top5']:.3f} | "
                     f"{of['everything_top1']:.3f}, {of['everything_top5']:.3f} |")
    write_text(STUDY / "results.md", "\n".join(lines) + "\n")
    with matplotlib.rc_context(plots.STYLE):
        draw(metrics, order[::-1]).savefig(STUDY / "accuracy.png", dpi=150)


def draw(metrics: Mapping[str, float], names: Sequence[str]) -> Figure:
    """A line for each model, from below: top-1 with its interval, and top-5."""
    figure = Figure(figsize=(6.4, 1 + 0.36 * len(names)), layout="constrained")
    axes = figure.subplots()
    top1, top5, low, high = (np.array([metrics[f"{name}_{key}"] for name in names])
                             for key in ("top1", "top5", "top1_ci_low", "top1_ci_high"))
    lines = np.arange(len(names))
    axes.errorbar(top1, lines, xerr=[top1 - low, high - top1], fmt="o", color="C0", capsize=3, label="top-1, 95 %")
    axes.plot(top5, lines, "s", color="C1", label="top-5")
    axes.set(yticks=lines, yticklabels=names, xlim=(0, 1), ylim=(-0.6, len(names) - 0.4),
             xlabel=f"share of {metrics['queries']} side takes, {metrics['ways']} ways")
    axes.legend(loc="lower right")
    return figure


def write_development(found: Mapping[str, np.ndarray], chosen_on: np.ndarray) -> None:
    """Print what the development takes say, and add it to `folds/development.json`; no other side take is looked at."""
    log = FOLDER / "development.json"
    tried = read_json(log) if log.exists() else []
    for name, of in found.items():
        seen = slovak.accuracy(slovak.places(of)[chosen_on])
        print(f"{name}: top-1 {seen['top1']:.3f}, top-5 {seen['top5']:.3f} of {int(chosen_on.sum())}")
        settings = MODELS[name].params.model_dump(exclude_defaults=True) if name in MODELS else None
        entry = {"name": name, "settings": settings, "top1": seen["top1"], "top5": seen["top5"]}
        tried += [entry] if entry not in tried else []
    write_json(log, tried)


def main(arguments: Sequence[str] = (), workers: int = 0) -> None:
    """Train and test the models of these names, all by default; with `--development` on development takes alone."""
    names = [name for name in arguments if name != DEVELOPMENT] or list(MODELS)
    require_known(names, MODELS)
    words = slovak.words(shared_data("slovak"), MAX_FRAMES)
    glosses, found = measure(names, slovak_data(STUDY), workers)
    chosen_on = development(glosses, words)
    if DEVELOPMENT in arguments:
        write_development(found, chosen_on)
    else:
        write_results(*summarise(found, chosen_on), list(found))


if __name__ == "__main__":
    main(sys.argv[1:])
