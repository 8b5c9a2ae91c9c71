"""Sentences of RWTH-BOSTON-104 from the tracks of both hands and the nose; words alone; signing or not.

    python -m studies.boston104.run --development
    python -m studies.boston104.run

See README.md beside this file for the protocol.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from slr.dataset.dataset import Dataset
from slr.dataset.landmark_store import LandmarkStore
from slr.dataset.manifest import read_manifest
from slr.decoding.decoder import Decoder
from slr.decoding.ngram import Fusion, train_ngrams
from slr.decoding.records import Hypothesis
from slr.evaluation.evaluate import evaluate
from slr.figures import plots
from slr.inference.model import load_model
from slr.io.files import write_json, write_text
from slr.io.progress import progress
from slr.io.workers import map_unordered
from slr.metrics.classification import accuracy
from slr.metrics.wer import Alignment, align_sentences, confusions, wer_metrics
from studies.boston104.data import corpus, development_folds, split, streams
from studies.boston104.models import COVER, DETECTOR, HYPOTHESES, LANGUAGE, NEARNESS, READER, TRIED, WORDS, Ensemble
from studies.boston104.templates import Choice, Templates, track
from studies.workspace import kept, settings, shared_data, trained, trained_key

STUDY = Path(__file__).parent
FOLDER = STUDY / "folds"
"""Landmarks, trained models and what they say, kept for the next start; not in git."""
DEVELOPMENT = "--development"
DEVELOPED = 1
"""Members of the readers' ensemble in development, of which there are three."""
WAYS = {"greedy": "greedy", "beam": "beam", "language": "beam, language model",
        "templates": "beam, language model, templates"}
"""Ways of reading a sentence, and their titles."""


class Member(NamedTuple):
    """One network of an ensemble, and what it is asked."""

    folder: Path
    ensemble: Ensemble
    seed: int
    data: Dataset
    ask: Sequence[str]

    def answers(self) -> np.ndarray:
        """What the network says of the clips it is asked; trained and asked unless that was done before."""

        def make() -> np.ndarray:
            model = load_model(trained(self.folder, "model", self.ensemble.params, self.data, 1, self.seed))
            clips = model.clips(LandmarkStore(self.data.landmarks), self.ask)
            if model.params.task == "isolated":
                return model.probabilities(clips).numpy()
            return np.exp(np.concatenate(model.log_probabilities(clips)))  # (moments of all, classes)

        return kept(self.folder / "answers", trained_key(self.ensemble.params, self.data, self.seed), make)


def answer(member: Member) -> np.ndarray:
    return member.answers()


class Sentences(NamedTuple):
    """What an ensemble says of sentences: their rows and tracks, log-probabilities (T', classes) of each; and what was
    learnt of the training sentences: their glosses, as strings and alone, and their words as templates."""

    rows: pd.DataFrame
    tracks: list[np.ndarray]
    told: list[np.ndarray]
    training: list[list[str]]
    labels: list[str]
    templates: Templates

    def said(self, decoder: Decoder) -> list[list[str]]:
        """The glosses of each sentence."""
        return [self.glosses(decoder(told)[0]) for told in self.told]

    def choices(self) -> list[Choice]:
        """Of each sentence the most probable transcripts, by beam search with a language model of the training
        sentences; to choose from by `Cover.best`."""
        model = train_ngrams(self.training, self.labels, LANGUAGE.order)
        decoder = Decoder(width=HYPOTHESES, fusion=Fusion(model, LANGUAGE.weight, LANGUAGE.bonus))
        found = []
        with progress("templates", len(self.told)) as advance:
            for told, sentence in zip(self.told, self.tracks, strict=True):
                best = decoder(told, HYPOTHESES)
                found.append(self.templates.choice(sentence, [self.glosses(of) for of in best],
                                                   [of.score for of in best]))
                advance()
        return found

    def without_templates(self, choices: list[Choice]) -> dict[str, list[list[str]]]:
        """The glosses of each sentence, by each of `WAYS` but the last."""
        return {"greedy": self.said(Decoder(method="greedy")), "beam": self.said(Decoder(decoder="own")),
                "language": [choice.transcripts[0] for choice in choices]}

    def glosses(self, hypothesis: Hypothesis) -> list[str]:
        return [self.labels[gloss.label - 1] for gloss in hypothesis.glosses]

    def metrics(self, said: list[list[str]], rows: pd.Series | None = None) -> dict[str, float]:
        """`slr.metrics.wer.wer_metrics`, of all sentences or those that `rows` says."""
        chosen = np.ones(len(self.rows), bool) if rows is None else rows.to_numpy()
        said = [glosses for glosses, take in zip(said, chosen, strict=True) if take]
        return wer_metrics(align_sentences(list(map(list, self.rows.glosses[chosen])), said),
                           list(self.rows.signer[chosen]))

    @property
    def repeated(self) -> pd.Series:
        """Whether a training sentence has the same glosses in the same order."""
        strings = set(map(tuple, self.training))
        return self.rows.glosses.map(lambda glosses: tuple(glosses) in strings)


class Words(NamedTuple):
    """Words cut out of their sentences: where they are, the manifest's rows of those to learn and of those to name, and
    the former as templates."""

    manifest: Path
    landmarks: Path
    learnt: pd.DataFrame
    asked: pd.DataFrame
    templates: Templates


def words_of(recordings: Path, train: Sequence[str], test: Sequence[str]) -> Words:
    """The words of the training sentences, to learn, and of the others, to name."""
    manifest, landmarks = corpus(FOLDER / "words", recordings, "words")
    clips = read_manifest(manifest)
    sentence = clips.clip_id.str.split("@").str[0]
    learnt, asked = (clips[sentence.isin(set(of))] for of in (train, test))
    return Words(manifest, landmarks, learnt, asked, Templates(LandmarkStore(landmarks), learnt))


def read_sentences(folder: Path, manifest: Path, landmarks: Path, templates: Templates, train: Sequence[str],
                   test: Sequence[str], workers: int, members: int | None = None) -> Sentences:
    """Train readers on sentences, so many or `READER.seeds`, and let them read others; probabilities are averaged."""
    data = split(folder, manifest, landmarks, test, train)
    readers = [Member(folder / f"reader-{seed}", READER, seed, data, test)
               for seed in range(1, (members or READER.seeds) + 1)]
    means = np.log(np.mean(_all(readers, workers), 0) + 1e-10)
    clips = read_manifest(manifest).set_index("clip_id")
    store, step = LandmarkStore(landmarks), READER.params.temporal_stride
    moments = [-(-len(store.frame_numbers(clip_id)) // step) for clip_id in test]
    training = [list(glosses) for glosses in clips.glosses[list(train)]]
    labels = sorted({gloss for glosses in training for gloss in glosses})
    return Sentences(clips.loc[list(test)].reset_index(), [track(store[clip_id]) for clip_id in test],
                     np.split(means, np.cumsum(moments)[:-1]), training, labels, templates)


def name_words(folder: Path, words: Words, workers: int) -> dict[str, np.ndarray]:
    """Whether each word that is asked is named right, (words,) bool: by `both`, an ensemble that learnt the others and
    their templates; by the `network` and the `templates` alone."""
    asked, templates, store = list(words.asked.clip_id), words.templates, LandmarkStore(words.landmarks)
    data = split(folder, words.manifest, words.landmarks, asked, list(words.learnt.clip_id))
    members = [Member(folder / f"words-{seed}", WORDS, seed, data, asked) for seed in range(1, WORDS.seeds + 1)]
    network = np.log(np.mean(_all(members, workers), 0) + 1e-4)
    near = -np.sqrt([templates.distances(track(store[clip_id])) for clip_id in asked]) / NEARNESS
    near = np.maximum(near - np.logaddexp.reduce(near, 1, keepdims=True), np.log(1e-9))
    right = {}
    for name, scores in (("both", network + near), ("network", network), ("templates", near)):
        found = [templates.labels[i] for i in scores.argmax(1)]
        right[name] = np.array([said == gloss for said, gloss in zip(found, words.asked.glosses.str[0], strict=True)])
    return right


def tell_signing(folder: Path, manifest: Path, landmarks: Path, train: Sequence[str], test: Sequence[str],
                 workers: int) -> dict[str, float]:
    """The metrics of the detector of signing (`slr.evaluation.detection`)."""
    data = split(folder, streams(folder, manifest, landmarks), landmarks, test, train)
    model = trained(folder / "detector", "detector", DETECTOR.params, data, workers)
    return evaluate(model, settings("detector", DETECTOR.params, workers), data,
                    metrics_path=folder / "detector.json", report_dir=folder / "report")


def _all(members: list[Member], workers: int) -> list[np.ndarray]:
    """The answers of all members, in their order; as many are trained at a time as there are workers."""
    found = {}
    with progress("networks", len(members)) as advance:
        for done in map_unordered(answer, members, workers):
            if done.error is not None:
                raise done.error
            found[done.item.seed] = done.result
            advance()
    return [found[member.seed] for member in members]


def development(recordings: Path, workers: int) -> None:
    """Cross-validate inside the training sentences, print and keep the numbers: folds/development.json."""
    manifest, landmarks = corpus(FOLDER / "sentences", recordings, None)
    clips = read_manifest(manifest)
    training = clips[clips.split == "train"]
    found: dict[str, list[float]] = {}
    for fold, held_out in enumerate(development_folds(training)):
        rest = [clip_id for clip_id in training.clip_id if clip_id not in held_out]
        folder = FOLDER / f"fold-{fold}"
        words = words_of(recordings, rest, held_out)
        read = read_sentences(folder, manifest, landmarks, words.templates, rest, held_out, workers, DEVELOPED)
        choices = read.choices()
        said = read.without_templates(choices)
        said |= {f"between {cover.between}, weight {cover.weight:g}": [cover.best(choice) for choice in choices]
                 for cover in TRIED}
        for name, glosses in said.items():
            found.setdefault(f"WER, {name}", []).append(read.metrics(glosses)["wer"])
        for name, right in name_words(folder / "words", words, workers).items():
            found.setdefault(f"isolated words, {name}", []).append(float(right.mean()))
    write_json(FOLDER / "development.json", found)
    for name, values in found.items():
        print(f"{name:32} {np.mean(values):.3f}   {' '.join(f'{value:.3f}' for value in values)}")


def test(recordings: Path, workers: int) -> None:
    """Train on all training sentences, read the test sentences, and write metrics.json, results.md and results.png."""
    manifest, landmarks = corpus(FOLDER / "sentences", recordings, None)
    clips = read_manifest(manifest)
    train, asked = (list(clips.clip_id[clips.split == name]) for name in ("train", "test"))
    folder = FOLDER / "test"
    words = words_of(recordings, train, asked)
    read = read_sentences(folder, manifest, landmarks, words.templates, train, asked, workers)
    choices = read.choices()
    said = read.without_templates(choices) | {"templates": [COVER.best(choice) for choice in choices]}
    of = {way: {"all": read.metrics(glosses), "repeated": read.metrics(glosses, read.repeated),
                "new": read.metrics(glosses, ~read.repeated)} for way, glosses in said.items()}
    right = name_words(folder / "words", words, workers)
    signing = tell_signing(folder / "signing", manifest, landmarks, train, asked, workers)
    best = of["templates"]["all"]
    metrics = {
        "wer": best["wer"], "wer_ci_low": best["wer_ci_low"], "wer_ci_high": best["wer_ci_high"],
        "wer_del": best["wer_del"], "wer_ins": best["wer_ins"], "wer_sub": best["wer_sub"],
        **({"wer_worst_signer": best["worst_signer_wer"]} if "worst_signer_wer" in best else {}),
        "wer_repeated": of["templates"]["repeated"]["wer"], "wer_new": of["templates"]["new"]["wer"],
        **{f"wer_{way}{key}": of[way][rows]["wer"] for way in ("greedy", "beam", "language")
           for key, rows in (("", "all"), ("_repeated", "repeated"), ("_new", "new"))},
        "sentences": best["sentences"], "sentences_repeated": int(read.repeated.sum()), "glosses": best["glosses"],
        **{f"isolated_{name}": value for name, value in accuracy("top1", right["both"]).items()},
        **{f"isolated_top1_{name}": float(right[name].mean()) for name in ("network", "templates")},
        "words": len(right["both"]), "signing_f1": signing["f1"], "signing_pr_auc": signing["frame_pr_auc"],
    }
    write_json(STUDY / "metrics.json", metrics)
    write_results(of, metrics, align_sentences(list(map(list, read.rows.glosses)), said["templates"]))


def write_results(of: dict[str, dict[str, dict[str, float]]], metrics: dict[str, float],
                  aligned: list[Alignment]) -> None:
    """results.md and results.png."""
    lines = ["| WER | all 40 sentences (95 %) | glosses of which a training sentence has the same, in order | other "
             "sentences |", "| --- | --- | --- | --- |"]
    for way, title in WAYS.items():
        one = of[way]
        lines.append(f"| {title} | {one['all']['wer']:.3f} ({one['all']['wer_ci_low']:.3f}-"
                     f"{one['all']['wer_ci_high']:.3f}) | {one['repeated']['wer']:.3f} | {one['new']['wer']:.3f} |")
    lines += ["", "| words alone | top-1 |", "| --- | --- |",
              f"| network and templates | {metrics['isolated_top1']:.3f} |",
              f"| network | {metrics['isolated_top1_network']:.3f} |",
              f"| templates | {metrics['isolated_top1_templates']:.3f} |"]
    taken = list(confusions(aligned).items())[:8]
    lines += ["", "Taken for each other most, in sentences: " + ", ".join(
        f"{a} for {b} ({count})" for (b, a), count in taken) + "."]
    lines += ["", f"Signing or not: F1 of windows {metrics['signing_f1']:.3f}, PR-AUC of frames "
                  f"{metrics['signing_pr_auc']:.3f}."]
    write_text(STUDY / "results.md", "\n".join(lines) + "\n")
    with matplotlib.rc_context(plots.STYLE):
        draw(of).savefig(STUDY / "results.png", dpi=150)


def draw(of: dict[str, dict[str, dict[str, float]]]) -> Figure:
    """Errors of each way of decoding by their kinds."""
    figure = Figure(figsize=(7, 2.4), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(of))
    for name, key in (("substituted", "wer_sub"), ("deleted", "wer_del"), ("inserted", "wer_ins")):
        shares = np.array([one["all"][key] for one in of.values()])
        axes.barh(list(of), shares, left=left, label=name)
        left += shares
    axes.axvline(0.25, color="0.4", linestyle="--", label="bar")
    axes.set(xlabel="WER, 40 test sentences")
    axes.legend()
    return figure


def main(arguments: Sequence[str] = (), workers: int = 0) -> None:
    recordings = shared_data("boston104")
    (development if DEVELOPMENT in arguments else test)(recordings, workers)


if __name__ == "__main__":
    main(sys.argv[1:])
