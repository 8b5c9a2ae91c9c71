"""Sentences joined of single signs: learnt from the front, read from the side; then tried on real sentences.

    python -m studies.slovak_sentences.run

See README.md beside this file for the protocol.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from slr.dataset.landmark_store import LandmarkStore
from slr.decoding.decoder import Decoder
from slr.decoding.records import named
from slr.evaluation.evaluate import evaluate
from slr.figures import plots
from slr.inference.model import TrainedModel, load_model
from slr.io.files import atomic_path, write_json, write_text
from studies import slovak_oneshot
from studies.pictures import draw_signers
from studies.slovak_oneshot.sources import slovak_data
from studies.slovak_sentences import rest
from studies.slovak_sentences.linked import Check, check, linked_words
from studies.slovak_sentences.models import DETECTOR, MAIN, RECOGNISERS
from studies.slovak_sentences.sources import SENTENCES, joined_sentences, real_sentences, take_streams
from studies.workspace import settings, shared_data, trained

STUDY = Path(__file__).parent
TAKES = Path(slovak_oneshot.__file__).parent
"""The study whose pipeline makes the landmarks of the takes; they are taken from there, or made there."""
FOLDER = STUDY / "folds"
"""Landmarks, trained models and transcripts, kept for the next start; not in git."""
REPORTED = ("wer", "wer_ci_low", "wer_ci_high", "wer_del", "wer_ins", "wer_sub", "wer_greedy", "sentence_errors",
            "boundary_error_ms", "too_short", "sentences", "glosses", "classes", "train_cpu_seconds", "parameters")


class Read(NamedTuple):
    """What one recogniser reached: its metrics on joined sentences, and of the real ones the check of linked words."""

    metrics: dict[str, float]
    check: Check


def measure(name: str, takes: Path, real: Path, recordings: Path, workers: int) -> Read:
    """Train and test the recogniser of that name on joined sentences, and let it read the real ones.

    Parameters
    ----------
    name : str
        Of `RECOGNISERS`.
    takes : Path
        Dataset of the Slovak takes.
    real : Path
        Landmark store of the real sentences.
    recordings : Path
        Folder of sentences.csv.
    """
    joined, params = RECOGNISERS[name]
    data = joined_sentences(FOLDER / "joined" / name, takes, joined)
    folder = trained(FOLDER / name, name, params, data, workers)
    metrics = evaluate(folder, settings(name, params, workers), data,
                       metrics_path=FOLDER / name / "metrics.json", report_dir=FOLDER / name / "report")
    model = load_model(folder)
    said = transcripts(model, LandmarkStore(real))
    words = linked_words(recordings / SENTENCES)
    write_transcripts(FOLDER / name / "real_sentences.csv", words, said)
    return Read({key: metrics[key] for key in REPORTED if key in metrics},
                check([words[clip_id] for clip_id in said], list(said.values()), model.labels))


def transcripts(reader: TrainedModel, store: LandmarkStore) -> dict[str, list[str]]:
    """The glosses that a recogniser reads in every clip of a store, by beam search without a language model."""
    decoder = Decoder()
    scores = reader.log_probabilities(reader.clips(store, store.clip_ids))
    return {clip_id: [gloss.label for gloss in named(decoder(of)[0].glosses, reader.labels)]
            for clip_id, of in zip(store.clip_ids, scores, strict=True)}


def write_transcripts(path: Path, words: Mapping[str, Sequence[str]], said: Mapping[str, Sequence[str]]) -> None:
    """`clip_id`, `linked` and `transcript` of each real sentence."""
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["clip_id", "linked", "transcript"])
        rows.writerows((clip_id, "|".join(words[clip_id]), "|".join(glosses)) for clip_id, glosses in said.items())


def measure_rest(takes: Path, real: Path, workers: int) -> dict[str, float]:
    """Train the detector of rest on front takes, and measure it on side takes and on the real sentences."""
    rest_threshold = RECOGNISERS[MAIN].joined.rest_threshold
    data = take_streams(FOLDER / "takes", takes, rest_threshold)
    detector = load_model(trained(FOLDER / "detector", "detector", DETECTOR, data, workers))
    return rest.measure_takes(detector, data) | rest.measure_sentences(detector, real, rest_threshold)


def summarise(read: Mapping[str, Read], of_rest: Mapping[str, float]) -> dict[str, float]:
    """The study's flat metrics: the main vocabulary's without a prefix, the others' with their names."""
    metrics: dict[str, float] = {}
    for name, (of_joined, of_real) in read.items():
        found = {**of_joined, "linked_words": of_real.known, "linked_words_unknown": of_real.unknown,
                 "linked_words_found": of_real.found, "linked_words_by_chance": float(of_real.by_chance.mean()),
                 "linked_words_by_chance_most": float(of_real.by_chance.max())}
        prefix = "" if name == MAIN else f"{name}_"
        metrics |= {f"{prefix}{key}": value for key, value in found.items()}
    return metrics | dict(of_rest)


def write_results(read: Mapping[str, Read], of_rest: Mapping[str, float]) -> None:
    """metrics.json, results.md and results.png."""
    write_json(STUDY / "metrics.json", summarise(read, of_rest))
    lines = ["| vocabulary | WER (95 %) | greedy | deleted, inserted, substituted | boundaries off by | real "
             "sentences: linked words found | by chance (most) |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, (of, real) in read.items():
        lines.append(f"| `{name}`, {of['classes']} glosses | {of['wer']:.3f} ({of['wer_ci_low']:.3f}-"
                     f"{of['wer_ci_high']:.3f}) | {of['wer_greedy']:.3f} | {of['wer_del']:.3f}, {of['wer_ins']:.3f}, "
                     f"{of['wer_sub']:.3f} | {of.get('boundary_error_ms', np.nan):.0f} ms | {real.found:.3f} of "
                     f"{real.known} | {real.by_chance.mean():.3f} ({real.by_chance.max():.3f}) |")
    lines += ["", "| rest against signing, frames of side takes | F1 of rest | F1 of signing | PR-AUC of signing |",
              "| --- | --- | --- | --- |"]
    for title, prefix in (("detector", ""), ("height of the higher wrist", "height_")):
        lines.append(f"| {title} | {of_rest[f'{prefix}rest_f1']:.3f} | {of_rest[f'{prefix}signing_f1']:.3f} | "
                     f"{of_rest[f'{prefix}signing_pr_auc']:.3f} |")
    lines += ["", f"Of the real sentences' frames the detector calls {of_rest['sentences_signing']:.1%} signing; "
              f"{of_rest['sentences_rest_at_ends']:.1%} of the sentences have rest in their first and last frame; with "
              f"the takes' rule it agrees by {of_rest['sentences_rule_rest_f1']:.3f} (F1 of rest)."]
    write_text(STUDY / "results.md", "\n".join(lines) + "\n")
    with matplotlib.rc_context(plots.STYLE):
        draw(read).savefig(STUDY / "results.png", dpi=150)


def draw(read: Mapping[str, Read]) -> Figure:
    """Each vocabulary's WER with its interval; and the linked words that it finds, beside what shuffling finds."""
    figure = Figure(figsize=(8.4, 1.3 + 0.5 * len(read)), layout="constrained")
    left, right = figure.subplots(1, 2)
    wer, low, high = (np.array([of.metrics[key] for of in read.values()]) for key in (
        "wer", "wer_ci_low", "wer_ci_high"))
    left.errorbar(wer, np.arange(len(read)), xerr=[wer - low, high - wer], fmt="o", capsize=3)
    left.set(yticks=range(len(read)), yticklabels=list(read), ylim=(-0.6, len(read) - 0.4), xlim=(0, None),
             xlabel="WER of joined side takes, 95 %")
    draw_signers(right, {name: of.check.by_chance.tolist() for name, of in read.items()},
                 "linked words found (diamond); by chance (dots)")
    right.plot([of.check.found for of in read.values()], np.arange(len(read)), "D", color="C2")
    return figure


def main(workers: int = 0) -> None:
    """Make what isn't there, train, measure, and write the results."""
    recordings = shared_data("slovak")
    takes = slovak_data(TAKES)
    real = real_sentences(FOLDER / "sentences", recordings, takes)
    of_rest = measure_rest(takes, real, workers)
    write_results({name: measure(name, takes, real, recordings, workers) for name in RECOGNISERS}, of_rest)


if __name__ == "__main__":
    main()
